import Configuration
import Interfaces
import Kernels
import Laboratory
import Learners

extension AgentEntry {
  /// The entry of deep Q-learning with other defaults.
  ///
  /// - Parameters:
  ///   - presets: defaults in some environments.
  ///   - change: what differs from the defaults of `dqn`.
  static func deepQ(
    _ name: String, _ summary: String, presets: [AgentPreset] = [], tiny: [String] = [],
    _ change: (inout DeepQAgentSettings) -> Void = { _ in }
  ) -> AgentEntry {
    var defaults = DeepQAgentSettings()
    change(&defaults)
    return AgentEntry(
      name, summary: summary, secondsPerStep: 0.002, presets: presets,
      tiny: TinyRun(in: "CartPole-v1", TinyRun.learning + ["learner.target_interval=7"] + tiny), defaults: defaults,
      resolve: { settings, environment throws(ConfigurationError) in
        try refuse(name, DeepQNetwork.objection(to: environment.spec.action), in: environment)
        try settings.check()
        try DeepQNetwork.check(settings.learner, for: environment.spec)
      },
      make: { settings, environment, random throws(ConfigurationError) in
        func learner() -> DeepQNetwork {
          DeepQNetwork(settings.learner, for: environment.spec, using: random.child("learner"))
        }
        let agent = DeepQAgent(
          settings, learner: learner(), spec: environment.spec,
          dataset: try settings.agent.readDataset(for: environment),
          hindsight: try settings.hindsight.make(
            for: environment, settings.agent, using: random.child("hindsight")),
          using: random.child("agent"))
        guard settings.actors.asynchronous else { return agent }
        return AsynchronousAgent(
          agent, actor: learner(), spec: environment.spec, randomSteps: settings.agent.randomSteps,
          lag: settings.actors.maxLag)
      })
  }
}

extension DeepQAgentSettings {
  /// Throws where settings contradict one another.
  func check() throws(ConfigurationError) {
    func refuse(_ problem: String) -> ConfigurationError { ConfigurationError(kind: .relation, problem: problem) }
    if returns.rule != nil && learner.distribution != .expected {
      throw refuse("returns.correction must be ignore where learner.distribution is not expected")
    }
    if returns.rule != nil && learner.noisy {
      throw refuse("returns.correction must be ignore with learner.noisy: its actions have no known probability")
    }
    if actors.refreshInterval > 0 && learner.noisy {
      throw refuse("actors.refresh_interval must be 0 with learner.noisy")
    }
    if actors.asynchronous && (learner.noisy || returns.rule != nil || actors.refreshInterval > 0) {
      throw refuse(
        "actors.asynchronous needs learner.noisy false, returns.correction ignore and actors.refresh_interval 0")
    }
    if hindsight.goals > 0 && returns.rule != nil {
      throw refuse("returns.correction must be ignore with hindsight.goals: relabelled steps do not follow one another")
    }
    if agent.dataset != nil && returns.rule != nil {
      throw refuse("returns.correction must be ignore with agent.dataset: how probable its actions were is not known")
    }
    if agent.dataset != nil && (actors.refreshInterval > 0 || actors.asynchronous || replay.order == .newest) {
      throw refuse("agent.dataset has no actors and no newest transitions: leave actors and replay.order as they are")
    }
    if replay.order == .newest && agent.replayCapacity < agent.batchSize {
      throw refuse(
        "agent.replay_capacity must be at least agent.batch_size, \(agent.batchSize), where replay.order is newest")
    }
  }
}
