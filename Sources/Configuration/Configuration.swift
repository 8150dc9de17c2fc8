/// A group of settings, declared once with default, range and help.
///
/// ```swift
/// public struct PlannerSettings: Configuration {
///   public init() {}
///   @Setting("Planning horizon, in decisions", in: 1...1000) public var horizon: Int = 15
/// }
/// public struct AgentSettings: Configuration {
///   public init() {}
///   @SettingGroup("Planner") public var planner = PlannerSettings()
/// }
/// ```
/// From the declarations follow the keys (`planner.horizon`; `learningRate` is written `learning_rate`), decoding with
/// range checks (`decode(_:path:)`), the documentation (`documentation(path:)`) and the complete record of a run
/// (`resolved()`). Conforming types are structures whose settings all are `@Setting` or `@SettingGroup` properties.
public protocol Configuration: Sendable {
  /// Every setting at its default.
  init()

  /// Checks relations between settings after decoding; each `@Setting` has checked its own range. Does nothing unless
  /// implemented. Throw `ConfigurationError("key", "problem")` with the key relative to this type.
  func validate() throws(ConfigurationError)
}

extension Configuration {
  /// Accepts everything.
  public func validate() throws(ConfigurationError) {}
}
