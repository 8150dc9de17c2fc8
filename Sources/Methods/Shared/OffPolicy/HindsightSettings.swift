import Configuration
import Experience
import Interfaces
import Kernels
import Laboratory

/// Settings of replay in hindsight.
struct HindsightSettings: Configuration {
  init() {}
  @Setting(
    "Goals achieved later in the episode under which each step is remembered too (HER; 4 is usual); 0: none", in: 0...64
  )
  var goals: Int = 0
}

extension HindsightSettings {
  /// What relabels steps; nil where nothing is to be. Throws `ConfigurationError` where the environment shows no goals, or
  /// `agent` joins steps or has a dataset.
  func make(
    for environment: EnvironmentInstance, _ agent: OffPolicySettings, using random: RandomStream
  ) throws(ConfigurationError) -> HindsightRelabelling? {
    guard goals > 0 else { return nil }
    func refuse(_ problem: String) -> ConfigurationError {
      ConfigurationError(kind: .relation, key: "hindsight.goals", value: "\(goals)", problem: problem)
    }
    guard let layout = (environment.environment as? any GoalTask)?.goalLayout else {
      throw refuse(
        "needs a task whose observations show the goal achieved and the one wanted, such as reacher-reach; "
          + "\(environment.name) is none, or its wrappers hide it")
    }
    guard let objective = environment.objective, objective.knowsReward else {
      throw refuse("needs rewards that are known for every goal; those of \(environment.name) are not")
    }
    if agent.returnSteps > 1 { throw refuse("needs agent.return_steps=1") }
    if agent.dataset != nil { throw refuse("cannot relabel a dataset: leave agent.dataset out") }
    return HindsightRelabelling(
      goals: goals, layout: layout, objective: objective, spec: environment.spec, using: random)
  }
}
