import Interfaces

/// What local models know of a task.
public struct TrajectoryOptimizationTask: Sendable {
  /// The cost of its trajectories.
  public let cost: any TrajectoryCost
  /// First observations, one a condition; a single one of zeros where they are drawn from a continuum.
  public let starts: [[Double]]
  /// Steps of an episode, T.
  public let horizon: Int
  /// Seconds that a step lasts.
  public let timeStep: Double
  /// Bounds of the actions.
  public let low: [Float]
  /// Bounds of the actions.
  public let high: [Float]

  /// Of an environment whose actions are a box and whose episodes have a limit of steps.
  public init(_ environment: some ConditionedEnvironment) {
    let spec = environment.spec
    precondition(spec.stepLimit < EnvironmentSpec.unlimited, "episodes without end")
    cost = environment.trajectoryCost
    precondition(
      cost.stateSize == spec.observationSize && cost.actionSize == spec.action.size, "a cost of other states or actions"
    )
    let declared = environment.conditions.map { $0.map(Double.init) }
    starts = declared.isEmpty ? [Array(repeating: 0, count: spec.observationSize)] : declared
    horizon = spec.stepLimit
    timeStep = Double(spec.timeStep)
    (low, high) = spec.action.bounds
  }

  /// Numbers in a state.
  public var stateSize: Int { cost.stateSize }
  /// Numbers in an action.
  public var actionSize: Int { cost.actionSize }

  /// The condition whose start is nearest to `observation`.
  func condition(of observation: [Float]) -> Int {
    var (nearest, best) = (0, Double.infinity)
    for index in starts.indices {
      var distance = 0.0
      for i in observation.indices {
        let difference = Double(observation[i]) - starts[index][i]
        distance += difference * difference
      }
      if distance < best { (nearest, best) = (index, distance) }
    }
    return nearest
  }
}
