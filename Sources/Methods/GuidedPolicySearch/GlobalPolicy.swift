import Archive
import Control
import Interfaces
import Kernels
import Learners

/// The global policy of guided policy search: acting by it, teaching it, and linearizing it around trajectories.
struct GlobalPolicy<Linearizer: LinearGaussianEstimator> {
  private(set) var policy: PolicyRegression
  private var linearizer: Linearizer
  /// Components of the state that it sees.
  private let observed: [Int]
  private var (seen, mean): ([Double], [Double])
  private var noise: [Double]
  private var training: RandomStream
  private var linearizing: RandomStream

  init(_ policy: PolicyRegression, linearizer: Linearizer, observed: [Int], using random: RandomStream) {
    precondition(observed.count == policy.observationSize, "a policy that sees other components")
    self.policy = policy
    self.linearizer = linearizer
    self.observed = observed
    seen = Array(repeating: 0, count: observed.count)
    mean = Array(repeating: 0, count: policy.actionSize)
    noise = mean
    training = random.child("teaching")
    linearizing = random.child("linearizing")
  }

  /// Writes the action for `observation`, within the bounds of `task`; with the policy's covariance if `noisy`. Does
  /// not allocate but for the noise's factor.
  mutating func act(
    on observation: [Float], _ task: TrajectoryOptimizationTask, noisy: Bool, using random: inout RandomStream,
    action: inout [Float]
  ) {
    for (place, index) in observed.enumerated() { seen[place] = Double(observation[index]) }
    policy.writeMeans(count: 1, seen, into: &mean)
    if noisy {
      let m = policy.actionSize
      if let factor = try? DoubleMatrix(rows: m, columns: m, policy.covariance).cholesky() {
        for i in 0..<m { noise[i] = Double(random.normal()) }
        for i in 0..<m { for j in 0...i { mean[i] += factor[i, j] * noise[j] } }
      }
    }
    for i in action.indices { action[i] = min(max(Float(mean[i]), task.low[i]), task.high[i]) }
  }

  /// Teaches it what the controllers of `conditions` do at the states of their trajectories. `duals`, if given, shift
  /// and weigh that. The loss; nil if there was nothing to teach.
  mutating func learn(
    from conditions: [InitialCondition], _ duals: [DualVariables]?
  ) throws(NumericalFailure) -> Double? {
    let m = policy.actionSize
    var lessons = PolicyRegressionData(observationSize: observed.count, actionSize: m)
    for (index, condition) in conditions.enumerated() {
      let controller = condition.controller
      guard let precisions = ControllerDivergence(from: controller)?.precisions else { continue }
      var wanted = [Double](repeating: 0, count: m)
      for sample in condition.samples {
        for t in 0..<controller.count {
          let state = Array(sample.states[t * sample.stateSize..<(t + 1) * sample.stateSize])
          controller.writeMean(t, state, into: &wanted)
          let square = t * m * m..<(t + 1) * m * m
          duals?[index].shift(t, &wanted, covariance: controller.covariances[square])
          lessons.observations += observed.map { state[$0] }
          lessons.means += wanted
          lessons.precisions += precisions[square]
          lessons.weights.append(duals?[index].weights[t] ?? 1)
        }
      }
    }
    guard lessons.count > 0 else { return nil }
    return try policy.learn(lessons, using: &training)
  }

  /// The policy as a linear-Gaussian controller around the trajectories of each condition; nil where that fails.
  mutating func linearize(around conditions: [InitialCondition]) -> [TimedLinearGaussian?] {
    let rows = conditions.map { self.rows(of: $0.samples) }
    _ = linearizer.absorb(rows, using: &linearizing)
    return rows.map { rows in
      guard case .fitted(var linear, _) = linearizer.fit(rows) else { return nil }
      // what the line leaves unexplained, and the policy's own noise
      for index in linear.covariances.indices {
        linear.covariances[index] += policy.covariance[index % policy.covariance.count]
      }
      return linear
    }
  }

  private func rows(of samples: [SampledTrajectory]) -> TimedRows {
    let (n, m, horizon) = (samples[0].stateSize, policy.actionSize, samples[0].horizon)
    var rows = TimedRows(count: samples.count, times: horizon, inputSize: n, outputSize: m)
    var views: [Double] = []
    for t in 0..<horizon {
      for sample in samples { for index in observed { views.append(sample.states[t * n + index]) } }
    }
    var means = [Double](repeating: 0, count: horizon * samples.count * m)
    policy.writeMeans(count: horizon * samples.count, views, into: &means)
    for t in 0..<horizon {
      for (index, sample) in samples.enumerated() {
        let row = t * samples.count + index
        for i in 0..<n { rows.values[row * rows.width + i] = sample.states[t * n + i] }
        for i in 0..<m { rows.values[row * rows.width + n + i] = means[row * m + i] }
      }
    }
    return rows
  }
}

extension GlobalPolicy: Archived {
  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("policy", &policy)
    try fields.field("linearizer", &linearizer)
    try fields.field("training", &training)
    try fields.field("linearizing", &linearizing)
  }
}
