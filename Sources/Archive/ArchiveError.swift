/// What can be wrong with a file of tensors or a saved state, in words meant for the user.
public enum ArchiveError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The operating system refused: what was tried, on which path, and its reason.
  case system(action: String, path: String, reason: String)
  /// The file is not what it should be (truncated, wrong checksum, malformed header).
  case damaged(path: String, reason: String)
  /// The state has no tensor of that name.
  case missing(name: String)
  /// A tensor has another type or shape than expected.
  case mismatch(name: String, expected: String, found: String)

  public var description: String {
    switch self {
    case .system(let action, let path, let reason): "cannot \(action) \(path): \(reason)"
    case .damaged(let path, let reason): "\(path) is damaged: \(reason)"
    case .missing(let name): "saved state has no '\(name)'"
    case .mismatch(let name, let expected, let found): "saved '\(name)' is \(found), expected \(expected)"
    }
  }
}
