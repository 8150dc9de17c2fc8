public import Configuration

/// Settings of the interaction loop, common to every agent and environment.
public struct RunSettings: Configuration, Equatable {
  /// How the environment is stepped.
  @SettingGroup("Stepping of the environment")
  public var run = SteppingSettings()
  /// When and how the agent is measured.
  @SettingGroup("Evaluation, in an environment and with random streams of its own")
  public var evaluation = EvaluationSettings()
  /// When the run's state is saved.
  @SettingGroup("Checkpoints")
  public var checkpoint = CheckpointSettings()
  /// When rows are written.
  @SettingGroup("Tables")
  public var log = LogSettings()

  public init() {}
}

/// How the environment is stepped.
public struct SteppingSettings: Configuration, Equatable {
  /// Copies of the environment that are stepped together, N.
  @Setting(
    "Copies of the environment, stepped together on all threads and acted on at once; steps are those of all copies",
    in: 1...10_000)
  public var copies: Int = 1
  /// Decisions after which an episode of training is cut off.
  @Setting(
    "Decisions after which an episode of training is cut off; evaluations go on to the environment's own limit, which is "
      + "auto", in: 1...)
  public var episodeSteps: Int? = nil

  /// One copy, and whole episodes.
  public init() {}
}

/// When and how the agent is measured.
public struct EvaluationSettings: Configuration, Equatable {
  /// Environment steps between evaluations; the last step is always evaluated.
  @Setting("Environment steps between evaluations; the end of the run is always evaluated", in: 1...)
  public var interval: Int = 1000
  /// Episodes of each evaluation.
  @Setting("Episodes of each evaluation; 0 for none", in: 0...100_000)
  public var episodes: Int = 5
  /// Episodes that are played at the same time.
  @Setting("Episodes of an evaluation that are played at the same time; has no influence on results", in: 1...10_000)
  public var copies: Int = 1
  /// Steps after which an episode is cut off.
  @Setting(
    "Steps after which an evaluation's episode is cut off, and counts as truncated; auto: the environment's own limit, "
      + "or 1000 where it has none", in: 1...)
  public var maxSteps: Int? = nil
  /// Whether the untrained agent is measured too.
  @Setting("Whether to evaluate before the first step too")
  public var atStart: Bool = true

  public init() {}
}

/// When the run's state is saved.
public struct CheckpointSettings: Configuration, Equatable {
  /// Environment steps between checkpoints; nil lets the time decide (`SavingPace`). Has no influence on results.
  @Setting(
    "Environment steps between checkpoints; auto: about as often as costs nothing, between a second and three minutes. "
      + "Has no influence on results", in: 1...)
  public var interval: Int? = nil
  /// Whether the state at the best evaluation is kept beside the newest. Has no influence on results.
  @Setting("Whether the state at the best evaluation is kept beside the newest; has no influence on results")
  public var best: Bool = true

  public init() {}
}

/// When rows are written.
public struct LogSettings: Configuration, Equatable {
  /// Environment steps between rows of `training.csv` and `timing.csv`.
  @Setting("Environment steps between rows of training.csv and timing.csv", in: 1...)
  public var interval: Int = 100

  public init() {}
}

extension EvaluationSettings {
  /// Steps of an episode that has no limit of its own.
  static var bound: Int { 1000 }

  /// Episodes that are played at the same time, no more than there are.
  var playedAtOnce: Int { max(1, min(copies, episodes)) }
}
