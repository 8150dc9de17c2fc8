import Interfaces
import Kernels
import Networks

/// One fit of an ensemble: minibatch Adam on every member's bootstrap resample, early stopping on the holdout.
///
struct EnsembleFit {
  /// What a fit came to, as means over members in normalized units.
  struct Outcome {
    var loss: Float
    var error: Float
    var holdoutError: Float?
    var epochs: Int
  }

  private let data: EnsembleData
  private var gradients: EnsembleGradients
  private var streams: [RandomStream]
  private var samples: [[Int32]]
  private var best: [Float]
  private var bestParameters: Vector
  private var bestBounds: Vector

  init(_ data: EnsembleData, model: ProbabilisticEnsemble, using random: RandomStream) {
    self.data = data
    let members = model.settings.members
    gradients = EnsembleGradients(model)
    streams = (0..<members).map { random.child("member").child($0) }
    // Bootstrap resamples, drawn once a fit.
    samples = (0..<members).map { member in
      var stream = random.child("bootstrap").child(member)
      return members == 1
        ? data.training : data.training.indices.map { _ in data.training[stream.index(below: data.training.count)] }
    }
    best = Array(repeating: .infinity, count: members)
    bestParameters = model.networks.parameters
    bestBounds = model.bounds
  }

  /// Trains `model` in place.
  mutating func run(_ model: inout ProbabilisticEnsemble) throws(NumericalFailure) -> Outcome {
    let (members, settings) = (model.settings.members, model.settings)
    let batch = min(settings.batchSize, data.training.count)
    var outcome = Outcome(loss: 0, error: 0, holdoutError: nil, epochs: 0)
    var stale = 0
    for _ in 0..<settings.epochs {
      shuffle()
      let (losses, errors) = gradients.epoch(&model, data, samples, batchSize: batch)
      outcome.loss = losses.reduce(0, +) / Float(members)
      outcome.error = errors.reduce(0, +) / Float(members)
      outcome.epochs += 1
      guard outcome.loss.isFinite else { throw NumericalFailure(metric: "model_loss", value: outcome.loss) }
      // Without a holdout, the errors met in training stand in for it.
      let scores = data.holdout.isEmpty ? errors : gradients.errors(model, data, data.holdout)
      stale = keepImprovements(scores, model) ? 0 : stale + 1
      if stale >= settings.patience { break }
    }
    // The last steps may have overflowed after their losses were computed.
    let total = bestParameters.sum
    guard total.isFinite else { throw NumericalFailure(metric: "model_parameters", value: total) }
    model.networks.parameters.copy(from: bestParameters)
    model.bounds.copy(from: bestBounds)
    let ranked = (0..<members).sorted { (best[$0], $0) < (best[$1], $1) }
    model.elites = Array(ranked.prefix(settings.elites ?? members))
    if !data.holdout.isEmpty { outcome.holdoutError = best.reduce(0, +) / Float(members) }
    return outcome
  }

  private mutating func shuffle() {
    for member in samples.indices {
      samples[member].withUnsafeMutableBufferPointer { buffer in
        if let base = buffer.baseAddress { streams[member].shuffle(base, count: buffer.count) }
      }
    }
  }

  /// Snapshots every member that improved enough, on its own score; false if none did.
  private mutating func keepImprovements(_ scores: [Float], _ model: ProbabilisticEnsemble) -> Bool {
    var improved = false
    let (count, outputs) = (model.networks.network.layout.count, model.outputSize)
    for member in scores.indices
    where scores[member] < best[member] * (1 - model.settings.improvement) || best[member] == .infinity {
      best[member] = scores[member]
      improved = true
      (bestParameters.mutablePointer + member * count)
        .update(from: model.networks.parameters.pointer + member * count, count: count)
      for start in [model.upperBound(of: member), model.lowerBound(of: member)] {
        (bestBounds.mutablePointer + start).update(from: model.bounds.pointer + start, count: outputs)
      }
    }
    return improved
  }
}
