import Configuration
import Learners

/// How replayed transitions are chosen.
enum ReplayOrder: String, CaseIterable, SettingValue {
  /// Uniformly, with replacement.
  case uniform
  /// By how far they were from their targets (Schaul et al. 2016).
  case prioritized
  /// The newest ones, each once, in their order.
  case newest
}

/// Settings of how transitions are chosen.
struct ReplaySettings: Configuration {
  init() {}
  @Setting("How transitions of a batch are chosen") var order: ReplayOrder = .uniform
  @Setting("Power of priorities, alpha; 0 is uniform", in: 0...10) var alpha: Float = 0.6
  @Setting("Power of the correcting weights at the start, beta", in: 0...10) var betaStart: Float = 0.4
  @Setting("Power of the correcting weights in the end", in: 0...10) var betaEnd: Float = 1
  @Setting("Steps over which it goes from start to end, linearly", in: 0...1_000_000_000) var betaSteps: Int = 100_000
  @Setting("Added to errors to make priorities", in: 1e-12...1e6) var offset: Float = 1e-6
}

/// How targets of several steps make up for the policy having changed since.
enum OffPolicyCorrection: String, CaseIterable, SettingValue {
  /// Not at all.
  case ignore
  /// They end before the first action that is not the best one now.
  case cut
  /// Retrace (Munos et al. 2016): each step counts lambda min(1, pi / mu).
  case retrace
  /// Each step counts lambda pi / mu.
  case importanceSampling = "importance_sampling"
}

/// Settings of targets of several steps, `agent.return_steps`.
struct CorrectionSettings: Configuration {
  init() {}
  @Setting("How they make up for the policy having changed since") var correction: OffPolicyCorrection = .ignore
  @Setting("Decay of corrected steps, lambda", in: 0...1) var lambda: Float = 1
  @Setting("Probability of a random action in the policy that corrected targets value", in: 0...1)
  var targetEpsilon: Float = 0

  /// The rule of corrected targets; nil for uncorrected ones.
  var rule: TraceRule? {
    switch correction {
    case .ignore: nil
    case .cut: .greedy
    case .retrace: .retrace(lambda: lambda)
    case .importanceSampling: .importance(lambda: lambda)
    }
  }
}

/// Settings of actors that lag behind the learner.
struct ActorSettings: Configuration {
  init() {}
  @Setting(
    "Steps, over all copies, between an actor's fetches of the learner's parameters; 0: actors have the newest",
    in: 0...10_000_000)
  var refreshInterval: Int = 0
  @Setting("Train on a thread of its own beside the actors, at whatever speed it runs: no two such runs are alike")
  var asynchronous: Bool = false
  @Setting("Steps of all copies that such a learner may fall behind before actors wait", in: 1...1_000_000)
  var maxLag: Int = 100
}

/// Settings of deep Q-learning: three processes and their rates.
struct DeepQAgentSettings: Configuration {
  init() {}

  @SettingGroup("Schedule and replay") var agent = OffPolicySettings()
  @SettingGroup("Choice of transitions") var replay = ReplaySettings()
  @SettingGroup("Hindsight") var hindsight = HindsightSettings()
  @SettingGroup("Targets of several steps") var returns = CorrectionSettings()
  @SettingGroup("Actors of the copies") var actors = ActorSettings()
  @SettingGroup("Learner") var learner = DeepQNetworkSettings()
}
