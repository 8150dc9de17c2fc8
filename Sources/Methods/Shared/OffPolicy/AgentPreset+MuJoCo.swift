import Laboratory

extension AgentPreset {
  /// 10,000 uniformly random steps in the MuJoCo tasks that walk or run, as in the published runs of SAC and TD3.
  static let mujocoRandomSteps = AgentPreset(mujocoLocomotion, ["agent.random_steps=10000"])

  /// Target entropies of MBPO's and REDQ's authors in the MuJoCo tasks; what is not listed takes the usual one.
  static let mujocoTargetEntropies = [
    AgentPreset(editions("Hopper"), ["learner.target_entropy=-1"]),
    AgentPreset(editions("HalfCheetah") + editions("Walker2d"), ["learner.target_entropy=-3"]),
    AgentPreset(editions("Ant"), ["learner.target_entropy=-4"]),
    AgentPreset(editions("Humanoid"), ["learner.target_entropy=-2"]),
  ]

  /// Soft actor-critic's: random steps, and half of the usual target entropy in HalfCheetah, with which it learns faster there.
  static let mujocoSoftActorCritic = [
    mujocoRandomSteps, AgentPreset(editions("HalfCheetah"), ["learner.target_entropy=-3"]),
  ]

  private static let mujocoLocomotion = ["HalfCheetah", "Hopper", "Walker2d", "Ant", "Humanoid", "Swimmer"]
    .flatMap(editions)

  private static func editions(_ name: String) -> [String] { ["v4", "v5"].map { "\(name)-\($0)" } }
}
