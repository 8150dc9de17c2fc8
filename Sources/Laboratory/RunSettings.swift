public import Configuration

/// Settings of the interaction loop, common to every agent and environment.
public struct RunSettings: Configuration, Equatable {
  /// When and how the agent is measured.
  @SettingGroup("Evaluation, in an environment and with random streams of its own")
  public var evaluation = EvaluationSettings()
  /// When the run's state is saved.
  @SettingGroup("Checkpoints")
  public var checkpoint = CheckpointSettings()
  /// When rows are written.
  @SettingGroup("Tables")
  public var log = LogSettings()

  /// The defaults.
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
  /// Whether the untrained agent is measured too.
  @Setting("Whether to evaluate before the first step too")
  public var atStart: Bool = true

  /// The defaults.
  public init() {}
}

/// When the run's state is saved.
public struct CheckpointSettings: Configuration, Equatable {
  /// Environment steps between checkpoints. Has no influence on results.
  @Setting("Environment steps between checkpoints; has no influence on results", in: 1...)
  public var interval: Int = 1000

  /// The defaults.
  public init() {}
}

/// When rows are written.
public struct LogSettings: Configuration, Equatable {
  /// Environment steps between rows of `training.csv` and `timing.csv`.
  @Setting("Environment steps between rows of training.csv and timing.csv", in: 1...)
  public var interval: Int = 100

  /// The defaults.
  public init() {}
}
