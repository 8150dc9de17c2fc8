import Configuration
import Experience
import Interfaces
import Kernels
import Laboratory
import Learners

extension AgentEntry {
  /// Fitted Q iteration.
  public static let fittedQ = AgentEntry(
    "fitted-q", summary: "fitted Q iteration with trees, a network (NFQ), features or neighbours, discrete actions",
    secondsPerStep: 0.01,
    presets: [
      AgentPreset(["car-on-hill"], ["agent.random_steps=10000", "learner.discount=0.95", "learner.iterations=25"])
    ],
    tiny: TinyRun(
      in: "CartPole-v1",
      [
        "agent.random_steps=40", "agent.fit_interval=30", "learner.iterations=3", "learner.trees.trees=5",
        "environment.step_limit=30",
      ]),
    resolve: { (settings: inout FittedQAgentSettings, environment) throws(ConfigurationError) in
      guard case .discrete = environment.spec.action else {
        throw ConfigurationError(
          kind: .relation,
          problem: "fitted-q needs one choice among discrete actions; \(environment.name) has others")
      }
      try FittedQIteration.check(settings.learner, for: environment.spec)
    },
    make: { settings, environment, random throws(ConfigurationError) in
      let spec = environment.spec
      let batch: ReplayBuffer? =
        if let path = settings.agent.dataset {
          ReplayBuffer(try TransitionDataset(contentsOf: path, for: environment))
        } else { nil }
      return FittedQAgent(
        settings.agent,
        learner: FittedQIteration(
          settings.learner, observationSize: spec.observationSize, image: spec.imageShape,
          actions: Int(spec.action.bounds.high[0]) + 1,
          using: random.child("learner")),
        batch: batch, spec: spec, using: random.child("agent"))
    })
}
