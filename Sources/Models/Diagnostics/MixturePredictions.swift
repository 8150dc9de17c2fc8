import Foundation
import Interfaces
import Kernels

/// What the members of a model predict of some real steps.
struct MixturePredictions {
  private let steps: DiagnosticSteps
  private let members: [(means: Matrix, deviations: Matrix)]
  /// Mean and standard deviation of each component's change.
  private let changes: [(mean: Double, deviation: Double)]
  /// Components whose change varies, which alone can be compared with what is predicted.
  let components: [Int]

  /// Of all components but the `constants`.
  init(_ model: some PredictiveModel, _ steps: DiagnosticSteps, without constants: [Int]) {
    self.steps = steps
    members = (0..<model.memberCount).map {
      model.predict(member: $0, states: steps.states, actions: steps.actions)
    }
    let changes = (0..<model.stateSize).map { i in
      let values = (0..<steps.count).map { Double(steps.next[$0, i]) - Double(steps.states[$0, i]) }
      let mean = values.reduce(0, +) / Double(values.count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
      return (mean: mean, deviation: variance.squareRoot())
    }
    self.changes = changes
    components = changes.indices.filter {
      !constants.contains($0)
        && !DiagnosticSteps.isConstant(mean: changes[$0].mean, deviation: changes[$0].deviation)
    }
  }

  /// Errors of the rewards and terminations that `model` predicts.
  func outcomes(of model: some PredictiveModel) -> [ModelDiagnostics.OutcomeError] {
    let predicted = (0..<model.memberCount).map {
      model.predictOutcomes(member: $0, states: steps.states, actions: steps.actions)
    }
    func compare(_ name: String, _ members: [[Float]], _ truth: [Double]) -> [ModelDiagnostics.OutcomeError] {
      guard !members.isEmpty, members.count == predicted.count else { return [] }
      let count = Double(truth.count)
      let mean = truth.reduce(0, +) / count
      var (squares, variance) = (0.0, 0.0)
      for row in truth.indices {
        let center = members.reduce(0.0) { $0 + Double($1[row]) } / Double(members.count)
        squares += (truth[row] - center) * (truth[row] - center)
        variance += (truth[row] - mean) * (truth[row] - mean)
      }
      return [
        ModelDiagnostics.OutcomeError(
          name: name, error: (squares / count).squareRoot(), scale: (variance / count).squareRoot())
      ]
    }
    return compare("reward", predicted.compactMap { $0.rewards }, steps.rewards.map(Double.init))
      + compare("termination", predicted.compactMap { $0.terminations }, steps.terminated.map { $0 ? 1 : 0 })
  }

  /// Mean of the members' means.
  private func center(_ row: Int, _ i: Int) -> Double {
    members.reduce(0) { $0 + Double($1.means[row, i]) } / Double(members.count)
  }

  private func logDensity(_ member: (means: Matrix, deviations: Matrix), _ row: Int, _ i: Int)
    -> Double
  {
    let deviation = Double(member.deviations[row, i])
    let gap = (Double(steps.next[row, i]) - Double(member.means[row, i])) / deviation
    return -0.5 * gap * gap - log(deviation) - 0.5 * log(2 * Double.pi)
  }

  /// log of the mean of exponentials.
  private func logMeanExp(_ values: [Double]) -> Double {
    let peak = values.max() ?? 0
    guard peak.isFinite else { return peak }
    return peak + log(values.reduce(0) { $0 + exp($1 - peak) } / Double(values.count))
  }

  func likelihood(of i: Int) -> ModelDiagnostics.Likelihood {
    let count = Double(steps.count)
    var (squares, total, baseline) = (0.0, 0.0, 0.0)
    let (mean, deviation) = changes[i]
    for row in 0..<steps.count {
      let gap = Double(steps.next[row, i]) - center(row, i)
      squares += gap * gap
      total -= logMeanExp(members.map { logDensity($0, row, i) })
      let change = (Double(steps.next[row, i]) - Double(steps.states[row, i]) - mean) / deviation
      baseline += 0.5 * change * change + log(deviation) + 0.5 * log(2 * Double.pi)
    }
    return ModelDiagnostics.Likelihood(
      component: i, error: (squares / count).squareRoot(), scale: deviation,
      negativeLogLikelihood: total.isFinite ? total / count : nil, baseline: baseline / count)
  }

  func jointNegativeLogLikelihood() -> Double? {
    var total = 0.0
    for row in 0..<steps.count {
      total -= logMeanExp(
        members.map { member in components.reduce(0) { $0 + logDensity(member, row, $1) } })
    }
    return total.isFinite ? total / Double(steps.count) : nil
  }

  /// The mixture's distribution function at the true next state, row by row: uniform for a calibrated model.
  func ranks(of i: Int) -> [Double] {
    (0..<steps.count).map { (row: Int) -> Double in
      var sum = 0.0
      for member in members { sum += probability(below: Double(steps.next[row, i]), member, row, i) }
      return sum / Double(members.count)
    }
  }

  /// A member's distribution function; a step where it has no spread.
  private func probability(
    below truth: Double, _ member: (means: Matrix, deviations: Matrix), _ row: Int, _ i: Int
  ) -> Double {
    let (gap, deviation) = (truth - Double(member.means[row, i]), Double(member.deviations[row, i]))
    if deviation > 0 { return 0.5 * erfc(-gap / (deviation * 2.0.squareRoot())) }
    return gap == 0 ? 0.5 : (gap > 0 ? 1 : 0)
  }

  func disagreement(bins: Int) -> [ModelDiagnostics.Disagreement] {
    let points = (0..<steps.count).map { disagreement(at: $0) }.sorted { $0.spread < $1.spread }
    return (0..<bins).compactMap { (bin: Int) -> ModelDiagnostics.Disagreement? in
      let part = points[points.count * bin / bins..<points.count * (bin + 1) / bins]
      guard !part.isEmpty else { return nil }
      let (count, spread) = (Double(part.count), part.reduce(0.0) { $0 + $1.spread })
      let squares = part.reduce(0.0) { $0 + $1.squaredError }
      return ModelDiagnostics.Disagreement(
        disagreement: spread / count, error: (squares / count).squareRoot(), count: part.count)
    }
  }

  /// Deviation of the members' means from their mean, and that mean's squared error, averaged over components in units of
  /// the changes' deviations.
  private func disagreement(at row: Int) -> (spread: Double, squaredError: Double) {
    var (variance, error) = (0.0, 0.0)
    for i in components {
      let (center, scale) = (center(row, i), changes[i].deviation)
      for member in members {
        let gap = (Double(member.means[row, i]) - center) / scale
        variance += gap * gap / Double(members.count)
      }
      let gap = (Double(steps.next[row, i]) - center) / scale
      error += gap * gap
    }
    let count = Double(max(components.count, 1))
    return ((variance / count).squareRoot(), error / count)
  }
}
