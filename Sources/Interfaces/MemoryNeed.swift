/// Memory that an agent will need, so that a run which cannot have it is refused before it starts.
public struct MemoryNeed: Sendable, Equatable {
  /// The setting that it can be made smaller by.
  public let setting: String
  /// What is held, such as `1000000 transitions`.
  public let what: String
  /// Bytes, at least.
  public let bytes: Double

  public init(setting: String, what: String, bytes: Double) {
    self.setting = setting
    self.what = what
    self.bytes = bytes
  }
}
