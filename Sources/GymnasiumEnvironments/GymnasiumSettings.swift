public import Configuration

/// Settings of a Gymnasium environment.
public struct GymnasiumSettings: Configuration, Equatable {
  /// Keyword arguments of `gymnasium.make`.
  @Setting("Keyword arguments of gymnasium.make: a mapping, or JSON text such as '{\"gravity\": -5}'")
  public var arguments: SettingMapping = SettingMapping()
  /// Steps after which an episode is cut off.
  @Setting("Steps after which an episode is cut off; auto: as the environment is registered", in: 1...)
  public var stepLimit: Int? = nil
  /// The Python interpreter.
  @Setting("Python interpreter with gymnasium; auto: .venv/bin/python of the package or working folder, else python3")
  public var python: String? = nil
  /// Processes that share the copies of a vector of environments.
  @Setting(
    "Python processes that share the copies where several are stepped together; no influence on results", in: 1...256)
  public var workers: Int = 1
  /// Patience with a step or a reset.
  @Setting("Seconds that a step or a reset may take before the run ends with an error", in: 0.01...1e6)
  public var stepTimeout: Double = 60
  /// Patience with Python and its imports.
  @Setting("Seconds that starting Python and making the environment may take", in: 0.01...1e6)
  public var startTimeout: Double = 300

  public init() {}
}
