/// A setting whose value is a mapping that is not looked into, such as the arguments of a function elsewhere. Users write a
/// mapping, or its JSON text.
public struct SettingMapping: SettingValue {
  /// The mapping.
  public let tree: ConfigurationTree

  /// An empty one.
  public init() { tree = ConfigurationTree() }

  /// The mapping as Python's `json` reads it: as `json`, but with `Infinity`, `-Infinity` and `NaN` for numbers that YAML
  /// writes `.inf`, `-.inf` and `.nan`.
  public var pythonJSON: String { tree.json(indent: 0, nonFinite: .python) }

  /// A JSON object on one line, keys in the order they were written; numbers that are not finite stand as in YAML.
  public var json: String { tree.json(indent: 0, nonFinite: .yaml) }

  public static func == (a: Self, b: Self) -> Bool { a.json == b.json }

  /// Type in the documentation.
  public static var settingTypeName: String { "mapping" }

  /// Reads a mapping, or a text that holds one.
  public init(configuration tree: ConfigurationTree) throws(SettingMismatch) {
    if tree.isMapping {
      self.tree = tree
      return
    }
    guard let text = tree.scalarText, let parsed = try? ConfigurationTree.parse(yaml: text, file: "mapping"),
      parsed.isMapping
    else { throw SettingMismatch(kind: .wrongType, value: tree, problem: "expected a mapping") }
    self.tree = parsed
  }

  /// The JSON text.
  public var configuration: ConfigurationTree { .string(json) }
}
