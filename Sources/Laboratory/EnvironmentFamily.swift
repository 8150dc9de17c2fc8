public import Configuration

/// Environments that are too many to list: all whose names start with a prefix.
public struct EnvironmentFamily: Sendable {
  /// What the names start with, such as `gymnasium:`.
  public let prefix: String
  /// How the names look, for lists.
  public let pattern: String
  /// One line for lists.
  public let summary: String
  /// Whether a member cannot be made from defaults alone.
  public let needsSettings: Bool
  private let find: @Sendable (String) throws(ConfigurationError) -> EnvironmentEntry

  /// A family whose members `find` looks up by their whole name; it throws for a name that has none.
  public init(
    prefix: String, pattern: String, summary: String, needsSettings: Bool = false,
    find: @escaping @Sendable (String) throws(ConfigurationError) -> EnvironmentEntry
  ) {
    precondition(!prefix.isEmpty && pattern.hasPrefix(prefix), "names of '\(prefix)' that look like '\(pattern)'")
    self.prefix = prefix
    self.pattern = pattern
    self.summary = summary
    self.needsSettings = needsSettings
    self.find = find
  }

  /// The environment of that name, which starts with `prefix`.
  public func environment(_ name: String) throws(ConfigurationError) -> EnvironmentEntry { try find(name) }
}
