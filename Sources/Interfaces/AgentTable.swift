/// A table that an agent writes beside its metrics, `agent-<name>.csv` in a run's folder.
public struct AgentTable: Sendable, Equatable {
  /// What is between `agent-` and `.csv`: lower-case letters, digits and hyphens.
  public let name: String
  /// Names of its columns; the laboratory puts `environment_steps` before them.
  public let columns: [String]

  /// The table `agent-<name>.csv`.
  public init(_ name: String, columns: [String]) {
    precondition(
      !name.isEmpty && name.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-") },
      "'\(name)' cannot name a table")
    self.name = name
    self.columns = columns
  }
}

/// A field of an agent's table.
public enum AgentField: Sendable, Equatable {
  /// A whole number.
  case integer(Int)
  /// A number; one that is not finite leaves the field empty.
  case number(Double)
  /// A word.
  case text(String)
  /// No value.
  case empty
}
