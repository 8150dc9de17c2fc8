import Configuration
import Interfaces
import Laboratory
import Models

extension EnsembleSettings {
  /// Has the model learn what the environment's objective does not know, unless settings say otherwise; `path` is the
  /// group's key. `differentiating` agents need derivatives of the rewards too. With an objective, or an
  /// `UnknownObjective` where there is none, all that agents need is known then. Terminations that are neither known nor
  /// learned, because settings say so, never happen. Throws where rewards would be neither known nor learned.
  mutating func resolve(
    for environment: EnvironmentInstance, path: String, differentiating: Bool = false
  ) throws(ConfigurationError) {
    if differentiating && propagation == .distribution {
      throw ConfigurationError(
        kind: .relation, key: "\(path).propagation", value: propagation.rawValue,
        problem: "must be ts1, ts_infinity or mean here: distribution sampling cannot be differentiated")
    }
    let objective = environment.objective
    let scores = objective?.knowsReward == true
    let knowsReward = scores && (!differentiating || objective is any DifferentiableObjective)
    if learnsReward == false && !knowsReward {
      throw ConfigurationError(
        kind: .relation, key: "\(path).learns_reward", value: "false",
        problem: "must be true or auto in \(environment.name), "
          + (scores ? "whose rewards have no known derivatives" : "whose rewards are not known from observations"))
    }
    learnsReward = learnsReward ?? !knowsReward
    learnsTermination = learnsTermination ?? (objective?.knowsTermination != true)
  }
}
