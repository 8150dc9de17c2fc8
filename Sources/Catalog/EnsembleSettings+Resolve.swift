import Configuration
import Interfaces
import Laboratory
import Models

extension EnsembleSettings {
  /// Has the model learn what the environment's objective does not know, unless settings say otherwise; `path` is the
  /// group's key. `differentiating` agents need derivatives of the rewards too. With an objective, or an
  /// `UnknownObjective` where there is none, all that agents need is known then. Throws where something would be neither
  /// known nor learned.
  mutating func resolve(
    for environment: EnvironmentInstance, path: String, differentiating: Bool = false
  ) throws(ConfigurationError) {
    func decide(_ wanted: Bool?, _ key: String, known: Bool, _ lack: String) throws(ConfigurationError) -> Bool {
      if wanted == false && !known {
        throw ConfigurationError(
          kind: .relation, key: "\(path).\(key)", value: "false",
          problem: "must be true or auto in \(environment.name), \(lack)")
      }
      return wanted ?? !known
    }
    if differentiating && propagation == .distribution {
      throw ConfigurationError(
        kind: .relation, key: "\(path).propagation", value: propagation.rawValue,
        problem: "must be ts1, ts_infinity or mean here: distribution sampling cannot be differentiated")
    }
    let objective = environment.objective
    let scores = objective?.knowsReward == true
    learnsReward = try decide(
      learnsReward, "learns_reward", known: scores && (!differentiating || objective is any DifferentiableObjective),
      scores ? "whose rewards have no known derivatives" : "whose rewards are not known from observations")
    learnsTermination = try decide(
      learnsTermination, "learns_termination", known: objective != nil,
      "whose terminations are not known from observations")
  }
}
