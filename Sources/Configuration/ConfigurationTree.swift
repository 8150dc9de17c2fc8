/// An ordered tree of configuration values as they were written, each with its source location.
///
/// A node is a scalar (its text, and whether that text is null, a boolean, a number or a string), a list, or a mapping
/// from keys to nodes. Trees are parsed from YAML or JSON, or built with `mapping(_:)`, `list(_:)` and the scalar
/// constructors, overlaid with `merging(_:)`, and turned into settings by `Configuration.decode(_:path:)`.
public struct ConfigurationTree: Sendable {
  /// What a node is.
  public enum Kind: Sendable {
    case null, bool, number, string, list, mapping
  }

  /// One line of a mapping.
  struct Entry: Sendable {
    var key: String
    var keyLocation: SourceLocation?
    var value: ConfigurationTree
  }

  enum Content: Sendable {
    case scalar(Kind, String)
    case list([ConfigurationTree])
    case mapping([Entry])
  }

  var content: Content
  /// Where the node was written; `nil` for a node built by code.
  public internal(set) var location: SourceLocation?

  init(_ content: Content, at location: SourceLocation? = nil) {
    self.content = content
    self.location = location
  }

  /// An empty mapping.
  public init() { self.init(.mapping([])) }

  /// What this node is.
  public var kind: Kind {
    switch content {
    case .scalar(let kind, _): kind
    case .list: .list
    case .mapping: .mapping
    }
  }
}

// MARK: - Building

extension ConfigurationTree {
  /// A mapping with its keys in the given order. The keys must differ.
  public static func mapping(_ entries: [(String, ConfigurationTree)]) -> Self {
    precondition(Set(entries.map(\.0)).count == entries.count, "the keys of a mapping must differ")
    return Self(.mapping(entries.map { Entry(key: $0.0, keyLocation: nil, value: $0.1) }))
  }

  /// A list.
  public static func list(_ elements: [ConfigurationTree]) -> Self { Self(.list(elements)) }

  /// A string, never read as a number or boolean.
  public static func string(_ text: String) -> Self { Self(.scalar(.string, text)) }

  /// An integer.
  public static func integer(_ value: some BinaryInteger) -> Self { Self(.scalar(.number, value.description)) }

  /// A boolean.
  public static func bool(_ value: Bool) -> Self { Self(.scalar(.bool, value ? "true" : "false")) }

  /// The empty value.
  public static var null: Self { Self(.scalar(.null, "null")) }

  /// A number by its shortest text that reads back the same; infinities and NaN, for which JSON has no number, become
  /// the strings `inf`, `-inf` and `nan`.
  public static func number(_ value: Double) -> Self { finiteNumber(value) }

  /// A number by its shortest text that reads back the same `Float`; see `number(_:)` for values that are not finite.
  public static func number(_ value: Float) -> Self { finiteNumber(value) }

  private static func finiteNumber(_ value: some BinaryFloatingPoint & CustomStringConvertible) -> Self {
    Self(.scalar(value.isFinite ? .number : .string, NumberText.shortest(value)))
  }
}

// MARK: - Equality

extension ConfigurationTree: Equatable {
  /// Whether two trees say the same: locations and the order of keys are ignored, numbers are compared by value.
  public static func == (a: Self, b: Self) -> Bool {
    switch (a.content, b.content) {
    case (.scalar(.number, let x), .scalar(.number, let y)):
      guard let x = NumberText(x), let y = NumberText(y) else { return x == y }
      return x == y
    case (.scalar(.null, _), .scalar(.null, _)): return true
    case (.scalar(.bool, let x), .scalar(.bool, let y)): return x.lowercased() == y.lowercased()
    case (.scalar(let kind, let x), .scalar(let otherKind, let y)): return kind == otherKind && x == y
    case (.list(let x), .list(let y)): return x == y
    case (.mapping(let x), .mapping(let y)):
      return x.count == y.count && x.allSatisfy { entry in b[entry.key].map { $0 == entry.value } ?? false }
    default: return false
    }
  }
}
