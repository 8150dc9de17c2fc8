import Configuration
import Experience
import Interfaces
import Learners
import Models
import Networks

/// Settings of an on-policy learner on imagined rollouts besides the learner and its world; defaults are those of the
/// original's configurations (Kurutach et al. 2018).
public struct ImaginedPolicyOptimizationSettings: Configuration {
  /// Where imagined trajectories start.
  public enum Starts: String, CaseIterable, SettingValue {
    /// Where real episodes started.
    case episodes
    /// In any real state seen so far.
    case visited
  }

  public init() {}
  @Setting("Real steps, of all copies together, between fits of the world", in: 1...10_000_000)
  public var steps: Int = 3000
  @Setting("Real transitions held", in: 1...100_000_000) public var replayCapacity: Int = 300_000
  @Setting("Where imagined trajectories start: where real episodes did, or in any state visited")
  public var starts: Starts = .episodes
  @Setting("Steps of an imagined trajectory, unless it terminates", in: 1...100_000) public var horizon: Int = 100
  @Setting("Imagined steps that one update learns from, fewer where trajectories terminate", in: 1...100_000_000)
  public var imaginedSteps: Int = 50_000
  @Setting("Most updates of the policy after a fit", in: 1...100_000) public var updates: Int = 400
  @Setting("Updates between validations in each member of the world", in: 1...100_000)
  public var validationInterval: Int = 5
  @Setting("Trajectories of a validation in each member", in: 1...1_000_000) public var validationRollouts: Int = 100
  @Setting("Share of the members in which the return must have grown for a validation to pass", in: 0...1)
  public var agreement: Float = 0.7
  @Setting("Failed validations in a row that end the updates after a fit", in: 1...100_000) public var patience: Int = 1
}

/// Settings of an agent that trains an on-policy learner in a world.
struct ImaginedPolicyOptimizationAgentSettings<Learner: Configuration>: Configuration {
  init() {}

  /// The learner's settings as they are by default in this agent.
  init(_ learner: Learner) { self.learner = learner }

  @SettingGroup("Schedule and imagination") var agent = ImaginedPolicyOptimizationSettings()
  @SettingGroup("Learner") var learner = Learner()
  @SettingGroup(inline: "World") var world = WorldSettings(.deterministic, model: .trustRegion)
}

extension EnsembleSettings {
  /// The model of ME-TRPO (Kurutach et al. 2018): deterministic networks, a third of the data held out.
  static var trustRegion: EnsembleSettings {
    var settings = EnsembleSettings()
    settings.hidden = [1024, 1024]
    settings.activation = .relu
    settings.weightDecay = [0]
    settings.batchSize = 1000
    (settings.epochs, settings.patience) = (2000, 25)
    (settings.holdout, settings.holdoutLimit) = (1.0 / 3, 100_000)
    return settings
  }
}
