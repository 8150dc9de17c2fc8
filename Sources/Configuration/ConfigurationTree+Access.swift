extension ConfigurationTree {
  /// The value of a key of this mapping; `nil` when it is absent or this is not a mapping.
  public subscript(key: String) -> ConfigurationTree? {
    guard case .mapping(let entries) = content else { return nil }
    return entries.first { $0.key == key }?.value
  }

  /// The keys of this mapping, in the order they were written; empty for anything else.
  public var keys: [String] {
    guard case .mapping(let entries) = content else { return [] }
    return entries.map(\.key)
  }

  /// The elements of this list; `nil` for anything else.
  public var elements: [ConfigurationTree]? {
    guard case .list(let elements) = content else { return nil }
    return elements
  }

  /// The text of this scalar as it was written, without quotes; `nil` for a list or a mapping.
  public var scalarText: String? {
    guard case .scalar(_, let text) = content else { return nil }
    return text
  }

  /// Whether this is a mapping.
  public var isMapping: Bool { kind == .mapping }

  /// The node at a key or a dotted path of keys; a key that itself contains dots is found too.
  public func subtree(at path: String) -> ConfigurationTree? {
    if let child = self[path] { return child }
    for dot in path.indices where path[dot] == "." {
      let rest = String(path[path.index(after: dot)...])
      if let found = self[String(path[..<dot])]?.subtree(at: rest) { return found }
    }
    return nil
  }

  /// The value at a path, which must be there.
  /// - Throws: `ConfigurationError` when it is missing, or is not a `Value`.
  public func value<Value: SettingValue>(at path: String, as type: Value.Type = Value.self)
    throws(ConfigurationError) -> Value
  {
    try required(path).value(named: path)
  }

  /// The value at a path, or `nil` when nothing is there.
  /// - Throws: `ConfigurationError` when it is not a `Value`.
  public func valueIfPresent<Value: SettingValue>(at path: String, as type: Value.Type = Value.self)
    throws(ConfigurationError) -> Value?
  {
    guard let node = subtree(at: path) else { return nil }
    return try node.value(named: path) as Value
  }

  /// This node itself as a `Value`, called `key` in the error when it is not one.
  public func value<Value: SettingValue>(named key: String, as type: Value.Type = Value.self)
    throws(ConfigurationError) -> Value
  {
    do {
      return try Value(configuration: self)
    } catch {
      throw error.configurationError(key: key, range: nil)
    }
  }

  /// The text at a path; see `value(at:as:)`.
  public func string(at path: String) throws(ConfigurationError) -> String { try value(at: path) }
  /// The integer at a path; see `value(at:as:)`.
  public func integer(at path: String) throws(ConfigurationError) -> Int { try value(at: path) }
  /// The number at a path, rounded to `Float`; see `value(at:as:)`.
  public func float(at path: String) throws(ConfigurationError) -> Float { try value(at: path) }
  /// The number at a path; see `value(at:as:)`.
  public func double(at path: String) throws(ConfigurationError) -> Double { try value(at: path) }
  /// The boolean at a path; see `value(at:as:)`.
  public func bool(at path: String) throws(ConfigurationError) -> Bool { try value(at: path) }

  /// The elements of the list at a path, which must be there.
  public func list(at path: String) throws(ConfigurationError) -> [ConfigurationTree] {
    let node = try required(path)
    guard let elements = node.elements else { throw node.mismatch(expected: "a list", key: path) }
    return elements
  }

  /// The mapping at a path, which must be there.
  public func mapping(at path: String) throws(ConfigurationError) -> ConfigurationTree {
    let node = try required(path)
    guard node.isMapping else { throw node.mismatch(expected: "a mapping", key: path) }
    return node
  }

  /// Refuses a mapping with other keys than these, and anything that is not a mapping.
  /// - Throws: `ConfigurationError` naming the unknown key and the nearest allowed one, or all of them.
  public func rejectUnknownKeys(allowed: [String]) throws(ConfigurationError) {
    guard case .mapping(let entries) = content else {
      throw ConfigurationError(
        kind: .wrongType, location: location,
        problem: "expected a mapping with the keys \(allowed.joined(separator: ", ")), got \(excerpt)")
    }
    for entry in entries where !allowed.contains(entry.key) {
      throw .unknownKey(entry.key, at: entry.keyLocation, known: allowed)
    }
  }

  private func required(_ path: String) throws(ConfigurationError) -> ConfigurationTree {
    guard let node = subtree(at: path) else {
      throw ConfigurationError(kind: .missingKey, key: path, location: location, problem: "")
    }
    return node
  }

  private func mismatch(expected: String, key: String) -> ConfigurationError {
    ConfigurationError(kind: .wrongType, key: key, value: excerpt, location: location, problem: "expected \(expected)")
  }

  /// The value on one line for an error message, shortened when it is long.
  var excerpt: String {
    let text: String
    switch content {
    case .scalar(.null, _): text = "null"
    case .scalar(_, let written): text = written.isEmpty ? "\"\"" : written.replacing("\n", with: "\\n")
    case .list, .mapping: text = json(indent: 0)
    }
    return text.count <= 60 ? text : text.prefix(57) + "..."
  }
}

extension ConfigurationError {
  /// A key that is not known, with the nearest known one, or all of them when they are few and none is near.
  static func unknownKey(_ key: String, at location: SourceLocation?, known: [String]) -> ConfigurationError {
    let problem: String
    if let question = suggestion(for: key, among: known) {
      problem = question
    } else {
      problem = known.isEmpty || known.count > 12 ? "" : "known are \(known.joined(separator: ", "))"
    }
    return ConfigurationError(kind: .unknownKey, key: key, location: location, problem: problem)
  }
}
