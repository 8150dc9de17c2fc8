import Configuration
import Interfaces
import Laboratory

/// What local models know of `environment`, if it has what they need. Throws, naming the tasks of `registry` that do,
/// if it has not.
func trajectoryOptimizationTask(_ environment: EnvironmentInstance, for agent: String, in registry: Registry)
  throws(ConfigurationError)
  -> TrajectoryOptimizationTask
{
  _ = try continuous(environment, for: agent)
  func task(_ task: some ConditionedEnvironment) -> TrajectoryOptimizationTask { TrajectoryOptimizationTask(task) }
  guard let conditioned = environment.environment as? any ConditionedEnvironment else {
    throw ConfigurationError(
      kind: .relation,
      problem: "\(agent) needs a task with a known cost of its trajectories, without wrappers, such as "
        + "\(conditionedNames(in: registry).joined(separator: ", ")); \(environment.name) is none")
  }
  guard environment.spec.stepLimit < EnvironmentSpec.unlimited else {
    throw ConfigurationError(
      kind: .relation, problem: "\(agent) needs episodes of limited length; those of \(environment.name) have no limit")
  }
  return task(conditioned)
}

/// Names of the tasks that local models can work on.
private func conditionedNames(in registry: Registry) -> [String] {
  registry.environments.filter { (try? $0.make())?.environment is any ConditionedEnvironment }.map(\.name)
}
