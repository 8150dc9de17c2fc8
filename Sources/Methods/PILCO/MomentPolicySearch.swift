import Archive
import Experience
import Interfaces
import Kernels
import Models

/// PILCO's search: L-BFGS over the policy's parameters on the expected return of a normal state that goes through Gaussian
/// process dynamics (`MomentPropagation`).
public struct MomentPolicySearch: PolicySearch {
  public typealias World = KnownRewards<GaussianProcessModel>

  public static let metricNames = ["imagined_return", "policy_iterations", "policy_evaluations"]

  private let settings: MomentSearchSettings
  private let (low, high): ([Float], [Float])
  /// Over observations in their own units.
  private(set) var policy: MomentPolicy
  public private(set) var trainings = 0

  /// For observations of `observationSize` floats and actions between `low` and `high`.
  init(_ settings: MomentSearchSettings, observationSize: Int, low: [Float], high: [Float]) {
    self.settings = settings
    (self.low, self.high) = (low, high)
    policy = MomentPolicy(inputs: observationSize, bases: settings.bases, outputs: low.count)
  }

  public mutating func act(
    on observations: UnsafePointer<Float>, of copies: Range<Int>, explore: Bool,
    using streams: UnsafeMutablePointer<RandomStream>, actions: UnsafeMutablePointer<Float>
  ) {
    for row in 0..<copies.count {
      let unit = policy.unitAction(at: observations + row * policy.inputs)
      for a in low.indices {
        actions[row * low.count + a] = 0.5 * (low[a] + high[a]) + 0.5 * (high[a] - low[a]) * Float(unit[a])
      }
    }
  }

  public mutating func train(
    in world: World, from replay: ReplayBuffer, firstStates: [Float], using random: inout RandomStream,
    metrics: inout MetricRow
  ) throws(NumericalFailure) {
    guard let objective = world.objective as? any DifferentiableObjective else {
      preconditionFailure("rewards without derivatives")
    }
    let size = policy.inputs
    var stream = random.child("training").child(trainings)
    let draws = NormalDraws(settings.draws, size: size, using: &stream)
    let propagation = MomentPropagation(
      world.dynamics, objective, low: low, high: high, horizon: settings.horizon, discount: Double(settings.discount),
      draws: draws)
    let units = world.dynamics.inputUnits
    var seen = TransitionBatch(
      count: max(settings.starts - 1, 1), observationSize: size, actionSize: low.count, keepsTimes: world.isTimed)
    replay.sample(into: &seen, using: &stream)
    let others = (0..<settings.starts - 1).map { row in (0..<size).map { seen.observations[row, $0] } }
    let starts = ([firstStates] + others).map { start($0, units) }
    let search = Search(propagation: propagation, starts: starts)
    var candidate = policy.inUnits(units)
    if trainings == 0 {
      var best = Double.infinity
      for index in 0..<settings.candidates {
        var (fresh, source) = (candidate, stream.child("candidate").child(index))
        fresh.draw(
          mean: Array(repeating: 0, count: size), deviations: Array(repeating: 1, count: size), using: &source)
        var gradient = fresh.parameters
        let value = search.loss(fresh, &gradient)
        if value < best || index == 0 { (best, candidate) = (value, fresh) }
      }
    }
    trainings += 1
    let shape = candidate
    var parameters = candidate.parameters
    let outcome = QuasiNewton(iterations: settings.iterations).minimize(&parameters) { parameters, gradient in
      var moved = shape
      moved.parameters = parameters
      return search.loss(moved, &gradient)
    }
    guard outcome.value.isFinite else {
      throw NumericalFailure(metric: "imagined_return", value: Float(-outcome.value))
    }
    candidate.parameters = parameters
    policy = candidate.inRawUnits(units)
    metrics.record("imagined_return", Float(-outcome.value))
    metrics.record("policy_iterations", Float(outcome.iterations))
    metrics.record("policy_evaluations", Float(outcome.evaluations))
  }

  /// The average over first states.
  private struct Search {
    let propagation: MomentPropagation
    let starts: [MomentPropagation.State]

    /// Minus the expected return of `policy`, whose gradient is written to `gradient`.
    func loss(_ policy: MomentPolicy, _ gradient: inout [Double]) -> Double {
      var (total, sum) = (0.0, [Double](repeating: 0, count: gradient.count))
      let share = 1 / Double(starts.count)
      for start in starts {
        total += share * propagation.loss(policy, from: start, gradient: &gradient)
        guard total.isFinite else { return .infinity }
        for i in sum.indices { sum[i] += share * gradient[i] }
      }
      gradient = sum
      return total
    }
  }

  /// A normal first state in units of normalized states.
  private func start(
    _ firstStates: [Float], _ units: (mean: [Double], scale: [Double])
  ) -> MomentPropagation.State {
    let size = policy.inputs
    let count = max(firstStates.count / size, 1)
    func normalized(_ row: Int, _ i: Int) -> Double {
      (Double(firstStates[row * size + i]) - units.mean[i]) / units.scale[i]
    }
    var (mean, covariance) = ([Double](repeating: 0, count: size), [Double](repeating: 0, count: size * size))
    guard !firstStates.isEmpty else { return .init(mean: mean, covariance: covariance) }
    for i in 0..<size { for row in 0..<count { mean[i] += normalized(row, i) / Double(count) } }
    for i in 0..<size {
      for j in 0..<size {
        for row in 0..<count {
          covariance[i * size + j] += (normalized(row, i) - mean[i]) * (normalized(row, j) - mean[j]) / Double(count)
        }
      }
      covariance[i * size + i] += Double(settings.startDeviation * settings.startDeviation)
    }
    return .init(mean: mean, covariance: covariance)
  }
}

extension MomentPolicySearch: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("policy", &policy.parameters)
    try fields.field("trainings", &trainings)
  }
}
