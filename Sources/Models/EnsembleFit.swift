import Interfaces
import Kernels
import Networks

/// One fit of an ensemble: minibatch Adam on every member's bootstrap resample, early stopping on the holdout.
struct EnsembleFit {
  /// What a fit came to, as means over members in normalized units.
  struct Outcome {
    var loss: Float
    var error: Float
    /// Where terminations are learned.
    var terminationLoss: Float?
    var holdoutError: Float?
    var epochs: Int
  }

  private let data: EnsembleData
  private var gradients: EnsembleGradients
  private var streams: [RandomStream]
  private var samples: [[Int32]]
  private var best: [Float]
  /// Squared errors that go with `best`.
  private var bestErrors: [Float]
  private var bestParameters: Vector
  /// The same of the networks that predict terminations, where there are any.
  private var bestTerminations: [Float]
  private var bestTerminators: Vector
  private var bestBounds: Vector

  init(_ data: EnsembleData, model: ProbabilisticEnsemble, using random: RandomStream) {
    self.data = data
    let members = model.settings.members
    gradients = EnsembleGradients(model, chains: EnsembleChains(data, model))
    streams = (0..<members).map { random.child("member").child($0) }
    // Bootstrap resamples, drawn once a fit.
    samples = (0..<members).map { member in
      var stream = random.child("bootstrap").child(member)
      return members == 1
        ? data.training : data.training.indices.map { _ in data.training[stream.index(below: data.training.count)] }
    }
    best = Array(repeating: .infinity, count: members)
    bestErrors = best
    bestParameters = model.networks.parameters
    bestTerminations = best
    bestTerminators = model.terminators?.parameters ?? Vector(count: 0)
    bestBounds = model.bounds
  }

  /// Trains `model` in place.
  mutating func run(_ model: inout ProbabilisticEnsemble) throws(NumericalFailure) -> Outcome {
    let (members, settings) = (model.settings.members, model.settings)
    let batch = min(settings.batchSize, data.training.count)
    var outcome = Outcome(loss: 0, error: 0, terminationLoss: nil, holdoutError: nil, epochs: 0)
    var stale = 0
    for _ in 0..<settings.epochs {
      shuffle()
      let losses = gradients.epoch(&model, data, samples, batchSize: batch)
      outcome.loss = losses.reduce(0) { $0 + $1.loss } / Float(members)
      outcome.error = losses.reduce(0) { $0 + $1.error } / Float(members)
      if model.learnsTermination {
        outcome.terminationLoss = losses.reduce(0) { $0 + $1.termination } / Float(members)
      }
      outcome.epochs += 1
      let sum = outcome.loss + (outcome.terminationLoss ?? 0)
      guard sum.isFinite else { throw NumericalFailure(metric: "model_loss", value: sum) }
      // Without a holdout, what was met in training stands in for it.
      let scores = data.holdout.isEmpty ? losses : gradients.scores(model, data, data.holdout)
      stale = keepImprovements(scores, model) ? 0 : stale + 1
      if stale >= settings.patience { break }
    }
    // The last steps may have overflowed after their losses were computed.
    let total = bestParameters.sum + bestTerminators.sum
    guard total.isFinite else { throw NumericalFailure(metric: "model_parameters", value: total) }
    model.networks.parameters.copy(from: bestParameters)
    model.bounds.copy(from: bestBounds)
    model.terminators?.parameters.copy(from: bestTerminators)
    let ranked = (0..<members).sorted { (best[$0], $0) < (best[$1], $1) }
    model.elites = Array(ranked.prefix(settings.elites ?? members))
    if !data.holdout.isEmpty { outcome.holdoutError = bestErrors.reduce(0, +) / Float(members) }
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
  private mutating func keepImprovements(_ losses: [EnsembleLoss], _ model: ProbabilisticEnsemble) -> Bool {
    var improved = false
    let (count, outputs) = (model.networks.network.layout.count, model.outputSize)
    for member in losses.indices {
      let (score, threshold) = (losses[member].score(model.settings), model.settings.improvement)
      // A relative improvement of the variance by x lowers the loss by about x.
      let bar = model.settings.goesByLikelihood ? best[member] - threshold : best[member] * (1 - threshold)
      guard score < bar || best[member] == .infinity else { continue }
      best[member] = score
      bestErrors[member] = losses[member].error
      improved = true
      (bestParameters.mutablePointer + member * count)
        .update(from: model.networks.parameters.pointer + member * count, count: count)
      for start in [model.upperBound(of: member), model.lowerBound(of: member)] {
        (bestBounds.mutablePointer + start).update(from: model.bounds.pointer + start, count: outputs)
      }
    }
    guard let terminators = model.terminators else { return improved }
    let size = terminators.network.layout.count
    for member in losses.indices {
      let (score, best) = (losses[member].termination, bestTerminations[member])
      guard score < best * (1 - model.settings.improvement) || best == .infinity else { continue }
      bestTerminations[member] = score
      improved = true
      (bestTerminators.mutablePointer + member * size)
        .update(from: terminators.parameters.pointer + member * size, count: size)
    }
    return improved
  }
}
