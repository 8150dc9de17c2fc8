import Configuration

/// Settings of model-based policy optimization besides its learner and its model; defaults are those that the
/// original's configurations of the larger tasks have in common.
public struct ModelBasedPolicyOptimizationSettings: Configuration {
  public init() {}
  @Setting("Real transitions held", in: 1...100_000_000) public var replayCapacity: Int = 1_000_000
  @Setting("Transitions in a training batch", in: 1...65536) public var batchSize: Int = 256
  @Setting("Steps with uniformly random actions at the start", in: 0...10_000_000) public var randomSteps: Int = 5000
  @Setting("Learner updates after each step", in: 1...100_000) public var updates: Int = 20
  @Setting("Steps between fits of the model", in: 1...10_000_000) public var fitInterval: Int = 250
  @Setting("Imagined trajectories after each fit", in: 1...10_000_000) public var rollouts: Int = 100_000
  @Setting("Their steps: [e0, e1, k0, k1] is k0 until epoch e0, k1 from epoch e1, linear in between", in: 0...1_000_000)
  public var rolloutSchedule: [Int] = [20, 150, 1, 1]
  @Setting("Steps in an epoch of that schedule", in: 1...10_000_000) public var epochLength: Int = 1000
  @Setting("Fits whose imagined transitions are kept", in: 1...1000) public var retainedFits: Int = 4
  @Setting("Share of real transitions in a training batch; 1 uses no model", in: 0...1) public var realRatio: Float =
    0.05

  @Setting(
    "Spread of the members' predictions, in standard deviations of the states, before which imagined trajectories end; auto "
      + "never ends them", in: 1e-6...1e6)
  public var disagreement: Float? = nil
  @Setting(
    "Error, in standard deviations of the states, that imagined trajectories may grow to: they are as long as the last "
      + "fit's error on the steps since stays below, at most as scheduled; auto goes by the schedule alone",
    in: 1e-6...1e6)
  public var horizonError: Float? = nil

  public func validate() throws(ConfigurationError) {
    guard RolloutSchedule(rolloutSchedule) != nil else {
      throw ConfigurationError("rollout_schedule", "must be [e0, e1, k0, k1] with e0 <= e1, k0 >= 1 and k1 >= 1")
    }
    let most = retainedFits * rollouts * max(rolloutSchedule[2], rolloutSchedule[3])
    if most > Int(Int32.max) {
      throw ConfigurationError(
        "retained_fits", "would keep up to \(most) imagined transitions; at most \(Int32.max) can be")
    }
  }
}
