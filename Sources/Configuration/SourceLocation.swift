/// Where a configuration value was written: a place in a file, or a command-line option.
public struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
  /// The file's name as the user gave it, or an option such as `--set`.
  public var source: String
  /// The line, counted from 1; `nil` for a command-line option.
  public var line: Int?
  /// The column in Unicode scalars, counted from 1; `nil` for a command-line option.
  public var column: Int?

  /// A place in a source; line and column are counted from 1.
  public init(source: String, line: Int? = nil, column: Int? = nil) {
    self.source = source
    self.line = line
    self.column = column
  }

  /// `study.yaml:12:14`, or `--set`.
  public var description: String {
    var text = source
    if let line {
      text += ":\(line)"
      if let column { text += ":\(column)" }
    }
    return text
  }
}
