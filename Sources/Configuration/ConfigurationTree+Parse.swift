internal import Yams

extension ConfigurationTree {
  /// Parses one YAML document; JSON is YAML, so a manifest parses too. An empty text is an empty mapping.
  ///
  /// Plain scalars follow YAML 1.2: `true` and `false` are booleans, `yes` and `off` are strings. Anchors, aliases and
  /// `<<` merge keys are resolved. Underscores are allowed between the digits of a number.
  ///
  /// - Parameters:
  ///   - yaml: the text.
  ///   - file: the file's name, for the locations in error messages.
  /// - Throws: `ConfigurationError` with the line and column of a syntax error, of a key given twice (also as
  ///   `planner.horizon` and inside `planner`), or of a key that is not a scalar; for a text that nests more than 500
  ///   deep, or whose aliases stand for more nodes than the text has bytes (at least 10,000).
  public static func parse(yaml: String, file: String) throws(ConfigurationError) -> ConfigurationTree {
    let start = SourceLocation(source: file, line: 1, column: 1)
    if let (tree, hasDottedKey) = JSONReader.read(yaml, file: file) {
      if hasDottedKey { _ = try tree.checkedExpansion(prefix: "") }
      return tree
    }
    try YAMLBounds.checkNesting(of: yaml, file: file)
    guard let root = try rootNode(of: yaml, file: file) else { return ConfigurationTree(.mapping([]), at: start) }
    var bounds = YAMLBounds(for: yaml)
    let tree = try ConfigurationTree(root, file: file, &bounds)
    _ = try tree.checkedExpansion(prefix: "")
    return tree
  }

  /// Parses one assignment of the command line, such as `planner.horizon=20` or `model.hidden=[200, 200]`.
  ///
  /// - Parameters:
  ///   - assignment: a key, an equals sign and a value in YAML's flow style.
  ///   - source: the option it came from, for error messages.
  /// - Throws: `ConfigurationError` when the key, the sign or the value is missing, or the value is not YAML.
  public init(assignment: String, source: String = "--set") throws(ConfigurationError) {
    let location = SourceLocation(source: source)
    func refusal(_ problem: String) -> ConfigurationError {
      ConfigurationError(kind: .syntax, location: location, problem: "'\(assignment)' \(problem)")
    }
    guard let sign = assignment.firstIndex(of: "=") else { throw refusal("is not of the form key=value") }
    let key = assignment[..<sign].trimmingSpaces
    let text = String(assignment[assignment.index(after: sign)...])
    let isKey = key.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty }
    guard key.count(where: { $0 == "." }) < YAMLBounds.deepest else { throw refusal("nests too deeply") }
    guard isKey, !key.contains(where: \.isWhitespace) else { throw refusal("has no key before the equals sign") }
    guard !text.trimmingSpaces.isEmpty else { throw refusal("has no value after the equals sign") }
    let value: ConfigurationTree
    do {
      value = try .parse(yaml: text, file: source).relocated(to: location)
    } catch {
      throw refusal("has an invalid value: \(error.problem)")
    }
    self.init(.mapping([Entry(key: key, keyLocation: location, value: value)]), at: location)
    self = expandingDottedKeys()
  }

  private static func rootNode(of yaml: String, file: String) throws(ConfigurationError) -> Node? {
    do {
      return try Parser(yaml: yaml, resolver: .basic, encoding: .utf8).singleRoot()
    } catch {
      throw ConfigurationError(yamlError: error, file: file)
    }
  }

  private init(_ node: Node, file: String, _ bounds: inout YAMLBounds) throws(ConfigurationError) {
    let location = SourceLocation(node.mark, file: file)
    try bounds.count(at: location)
    switch node {
    case .scalar(let scalar):
      self.init(.scalar(Self.kind(of: scalar), scalar.string), at: location)
    case .sequence(let sequence):
      var elements: [ConfigurationTree] = []
      for element in sequence { elements.append(try ConfigurationTree(element, file: file, &bounds)) }
      self.init(.list(elements), at: location)
    case .mapping(let mapping):
      self.init(.mapping(try Self.entries(of: mapping, file: file, &bounds)), at: location)
    case .alias:
      throw ConfigurationError(kind: .syntax, location: location, problem: "found an alias without its anchor")
    }
  }

  private static func entries(
    of mapping: Node.Mapping, file: String, _ bounds: inout YAMLBounds
  ) throws(ConfigurationError) -> [Entry] {
    var own: [Entry] = []
    var inherited: [Entry] = []
    for (key, value) in mapping {
      let location = SourceLocation(key.mark, file: file)
      guard case .scalar(let name) = key else {
        throw ConfigurationError(kind: .syntax, location: location, problem: "a key must be a scalar")
      }
      guard name.string.count(where: { $0 == "." }) < YAMLBounds.deepest else {
        throw ConfigurationError(kind: .syntax, location: location, problem: "a key nests too deeply")
      }
      let tree = try ConfigurationTree(value, file: file, &bounds)
      if name.string == "<<", name.style == .plain {
        inherited += try mergedEntries(of: tree, at: location)
      } else {
        own.append(Entry(key: name.string, keyLocation: location, value: tree))
      }
    }
    var present = Set(own.map(\.key))
    return inherited.filter { present.insert($0.key).inserted } + own
  }

  /// The entries a `<<` key brings in: those of a mapping, or of a list of mappings, the earlier ones first.
  private static func mergedEntries(
    of tree: ConfigurationTree, at location: SourceLocation
  ) throws(ConfigurationError) -> [Entry] {
    var entries: [Entry] = []
    for source in tree.elements ?? [tree] {
      guard case .mapping(let merged) = source.content else {
        throw ConfigurationError(kind: .syntax, location: location, problem: "'<<' needs a mapping to merge")
      }
      entries += merged
    }
    return entries
  }

  private static func kind(of scalar: Node.Scalar) -> Kind {
    guard scalar.style == .plain, scalar.tag.description != "tag:yaml.org,2002:str" else { return .string }
    switch scalar.string {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE", "false", "False", "FALSE": return .bool
    default: return NumberText(scalar.string) == nil && pythonNumber(scalar.string) == nil ? .string : .number
    }
  }

  /// The same tree with every location replaced.
  private func relocated(to location: SourceLocation) -> ConfigurationTree {
    switch content {
    case .scalar: ConfigurationTree(content, at: location)
    case .list(let elements): ConfigurationTree(.list(elements.map { $0.relocated(to: location) }), at: location)
    case .mapping(let entries):
      ConfigurationTree(
        .mapping(
          entries.map { Entry(key: $0.key, keyLocation: location, value: $0.value.relocated(to: location)) }),
        at: location)
    }
  }
}

extension SourceLocation {
  fileprivate init(_ mark: Mark?, file: String) {
    self.init(source: file, line: mark?.line, column: mark?.column)
  }

  /// The place of the character at `offset` in a text.
  fileprivate init(source: String, offset: Int, in text: String) {
    let read = text.prefix(offset)
    let line = read.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    self.init(source: source, line: line.count, column: 1 + (line.last?.unicodeScalars.count ?? 0))
  }
}

extension ConfigurationError {
  /// Restates what the YAML parser threw, with the file's name.
  fileprivate init(yamlError error: any Error, file: String) {
    func syntax(_ problem: String, _ mark: Mark?) -> ConfigurationError {
      ConfigurationError(kind: .syntax, location: SourceLocation(mark, file: file), problem: problem)
    }
    switch error {
    case YamlError.scanner(let context, let problem, let mark, _),
      YamlError.parser(let context, let problem, let mark, _),
      YamlError.composer(let context, let problem, let mark, _):
      self = syntax([context?.text, problem].compactMap(\.self).joined(separator: ", "), mark)
    case YamlError.reader(let problem, let offset, _, let yaml):
      let place = offset.map { SourceLocation(source: file, offset: $0, in: yaml) }
      self.init(kind: .syntax, location: place ?? SourceLocation(source: file), problem: problem)
    case YamlError.duplicatedKeysInMapping(let duplicates, let context):
      self.init(
        kind: .duplicateKey, key: duplicates.first, location: SourceLocation(context.mark, file: file),
        problem: "given more than once in the same mapping")
    default:
      self = syntax("\(error)", nil)
    }
  }
}

extension StringProtocol {
  fileprivate var trimmingSpaces: String {
    let start = drop(while: \.isWhitespace)
    return String(start.reversed().drop(while: \.isWhitespace).reversed())
  }
}
