import Configuration
import Interfaces
import Kernels
import Laboratory
import Learners

extension AgentEntry {
  /// ME-TRPO as published, and the same with proximal policy optimization.
  public static let imaginedPolicyOptimization: [AgentEntry] = [
    imagined(
      "me-trpo", "TRPO on rollouts in a learned ensemble, while its members agree on improvement",
      defaults: trustRegionInWorld, presets: imaginedPresets(["learner.natural.batch_size=256"]), policy: { $0.policy },
      tiny: ["learner.natural.iterations=4", "learner.natural.value_epochs=2"]
    ) { TrustRegionPolicyOptimization($0, spec: $1, using: $2) },
    imagined(
      "me-ppo", "PPO on rollouts in a learned ensemble, while its members agree on improvement",
      defaults: proximalInWorld, presets: imaginedPresets(["learner.batch_size=256"]), policy: { $0.policy },
      tiny: ["learner.epochs=2"]
    ) { ProximalPolicyOptimization($0, spec: $1, using: $2) },
  ]

  /// An on-policy learner on rollouts in a world.
  ///
  /// - Parameters:
  ///   - policy: settings of the policy in the learner's.
  ///   - tiny: settings of the learner in a run that is over in seconds.
  ///   - make: makes the learner.
  static func imagined<Settings: Configuration, Learner: OnPolicyLearner & SendableMetatype>(
    _ name: String, _ summary: String, defaults: Settings, presets: [AgentPreset],
    policy: @escaping @Sendable (Settings) -> PolicySettings, tiny: [String],
    make: @escaping @Sendable (Settings, EnvironmentSpec, RandomStream) -> Learner
  ) -> AgentEntry {
    AgentEntry(
      name, summary: summary, secondsPerStep: 0.05, presets: presets,
      tiny: TinyRun(
        in: "Pendulum-v1",
        tiny + [
          "agent.steps=30", "agent.horizon=6", "agent.imagined_steps=60", "agent.updates=2",
          "agent.validation_interval=1", "agent.validation_rollouts=4", "learner.policy.hidden=[8,8]",
          "model.members=2", "model.hidden=[16,16]", "model.epochs=3", "model.batch_size=16",
          "environment.step_limit=20",
        ]),
      defaults: ImaginedPolicyOptimizationAgentSettings<Settings>(defaults),
      resolve: { settings, environment throws(ConfigurationError) in
        try settings.world.resolve(for: environment)
      },
      make: { settings, environment, random throws(ConfigurationError) in
        try policy(settings.learner).check(in: environment, path: "learner.policy")
        let learner = make(settings.learner, environment.spec, random.child("learner"))
        func agent(_ world: some LearnedWorld) -> any Agent {
          ImaginedPolicyOptimization(
            settings.agent, learner: learner, world: world, spec: environment.spec, using: random.child("agent"))
        }
        return agent(settings.world.make(for: environment, using: random))
      })
  }

  /// Values are fitted by fewer and larger minibatches, since imagined segments are long.
  private static var trustRegionInWorld: TrustRegionPolicyOptimizationSettings {
    var settings = TrustRegionPolicyOptimizationSettings()
    settings.policy.hidden = [32, 32]
    (settings.natural.valueEpochs, settings.natural.batchSize) = (5, 1000)
    return settings
  }

  private static var proximalInWorld: ProximalPolicyOptimizationSettings {
    var settings = ProximalPolicyOptimizationSettings()
    settings.policy.hidden = [32, 32]
    settings.batchSize = 1000
    return settings
  }

  /// Smaller networks and samples, which fit small tasks and two cores.
  private static func imaginedPresets(_ learner: [String]) -> [AgentPreset] {
    let small = [
      "model.hidden=[64,64]", "model.activation=silu", "model.batch_size=32", "model.epochs=60", "model.patience=10",
      "model.holdout=0.2", "learner.policy.hidden=[64,64]", "agent.validation_rollouts=50", "agent.updates=50",
    ]
    return [
      AgentPreset(
        ["Pendulum-v1"],
        small + learner + [
          "agent.steps=400", "agent.horizon=200", "agent.imagined_steps=8000", "agent.starts=visited",
          "learner.discount=0.95",
        ]),
      AgentPreset(
        ["cartpole-swingup"],
        small + learner + [
          "agent.steps=400", "agent.horizon=200", "agent.imagined_steps=10000",
        ]),
    ]
  }
}
