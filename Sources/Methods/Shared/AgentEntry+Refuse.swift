import Configuration
import Interfaces
import Laboratory

/// The environment's spec, if its actions are a box. Throws, naming both, if they are not.
func continuous(
  _ environment: EnvironmentInstance, for agent: String
) throws(ConfigurationError) -> EnvironmentSpec {
  guard case .box = environment.spec.action else {
    throw ConfigurationError(
      kind: .relation, problem: "\(agent) needs continuous actions; \(environment.name) has discrete ones")
  }
  return environment.spec
}

/// Throws if agent `name` cannot act in `environment`: `objection` says what it lacks there.
func refuse(_ name: String, _ objection: String?, in environment: EnvironmentInstance) throws(ConfigurationError) {
  guard let objection else { return }
  let actions = if case .box = environment.spec.action { "continuous" } else { "discrete" }
  throw ConfigurationError(
    kind: .relation, problem: "\(name) \(objection); those of \(environment.name) are \(actions)")
}

/// Where observations of a family of tasks show their task. Throws, naming both, if they do not.
func taskCode(
  of environment: EnvironmentInstance, for agent: String
) throws(ConfigurationError) -> Range<Int> {
  guard let code = (environment.environment as? any TaskFamily)?.taskCode else {
    throw ConfigurationError(
      kind: .relation,
      problem: "\(agent) needs a family of tasks whose observations show which task it is, such as point-mass-goals; "
        + "\(environment.name) is none, or its settings or wrappers hide it")
  }
  return code
}
