import Configuration
import Interfaces
import Laboratory
import Logging

extension PlanningSettings {
  /// The agent of the saved run that is to be the base policy in `environment`; nil where actions are random.
  func base(
    in environment: EnvironmentInstance, registry: Registry
  ) throws(ConfigurationError) -> (any Agent)? {
    guard let baseRun else { return nil }
    func refuse(_ problem: String) -> ConfigurationError {
      ConfigurationError(kind: .relation, key: "agent.base_run", value: baseRun, problem: problem)
    }
    let saved: SavedRun
    do {
      saved = try SavedRun(RunFolder(baseRun), in: registry, log: Logger(label: "foresight"))
    } catch {
      throw refuse("cannot be the base policy: \(error)")
    }
    let (own, spec) = (saved.spec, environment.spec)
    guard own.observationSize == spec.observationSize && own.action == spec.action else {
      throw refuse(
        "was trained in \(saved.plan.environment), whose observations or actions are not those of \(environment.name)")
    }
    return saved.agent
  }
}
