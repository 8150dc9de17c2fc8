import Configuration
import Interfaces
import Laboratory
import Models

extension EnsembleSettings {
  /// Has the model learn what the environment's objective does not know, unless settings say otherwise; `path` is the
  /// group's key. With an objective, or an `UnknownObjective` where there is none, all that agents need is known then.
  /// Throws where something would be neither known nor learned.
  mutating func settle(for environment: EnvironmentInstance, path: String) throws(ConfigurationError) {
    func decide(_ wanted: Bool?, _ key: String, known: Bool, _ what: String) throws(ConfigurationError) -> Bool {
      if wanted == false && !known {
        throw ConfigurationError(
          kind: .relation, key: "\(path).\(key)", value: "false",
          problem: "must be true or auto in \(environment.name), whose \(what) are not known from observations")
      }
      return wanted ?? !known
    }
    learnsReward = try decide(
      learnsReward, "learns_reward", known: environment.objective?.knowsReward == true, "rewards")
    learnsTermination = try decide(
      learnsTermination, "learns_termination", known: environment.objective != nil, "terminations")
  }
}
