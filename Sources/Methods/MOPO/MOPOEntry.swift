import Configuration
import Experience
import Interfaces
import Kernels
import Laboratory
import Learners

extension AgentEntry {
  /// Offline model-based policy optimization around soft actor-critic.
  public static let mopo = AgentEntry(
    "mopo", summary: "MOPO: SAC on a dataset and on penalized rollouts in an ensemble fitted to it (--dataset)",
    secondsPerStep: 0.01,
    tiny: TinyRun(
      in: "Pendulum-v1",
      [
        "agent.dataset=Tests/MethodsTests/Fixtures/pendulum.npz", "agent.batch_size=16", "agent.rollout_interval=25",
        "agent.rollouts=20", "agent.rollout_length=2", "learner.hidden=[16,16]", "model.members=2", "model.elites=1",
        "model.hidden=[16,16]", "model.weight_decay=[1e-4]", "model.epochs=3",
      ]), singleCopyReason: "learns from a dataset alone",
    resolve: {
      (settings: inout LearnerInWorldSettings<OfflineModelBasedSettings, SoftActorCritic>, environment)
        throws(ConfigurationError) in
      try refuse("mopo", SoftActorCritic.objection(to: environment.spec.action), in: environment)
      try settings.world.resolve(for: environment)
      guard [.ensemble, .deterministic].contains(settings.world.world) else {
        throw ConfigurationError(
          kind: .relation, key: "world", value: settings.world.world.rawValue,
          problem: "must be ensemble: mopo subtracts its uncertainty from rewards")
      }
    },
    make: { settings, environment, random throws(ConfigurationError) in
      guard let path = settings.agent.dataset else {
        throw ConfigurationError(
          kind: .relation, key: "agent.dataset", problem: "mopo learns from a dataset alone: give --dataset FILE")
      }
      let dataset = try TransitionDataset(contentsOf: path, for: environment)
      let learner = SoftActorCritic(settings.learner, for: environment.spec, using: random.child("learner"))
      func agent(_ world: some LearnedWorld) -> any Agent {
        OfflineModelBasedOptimization(
          settings.agent, learner: learner, world: world, dataset: dataset, spec: environment.spec,
          using: random.child("agent"))
      }
      return agent(settings.world.make(for: environment, using: random))
    })
}
