extension Configuration {
  /// The defaults, overlaid by a tree of values and checked.
  ///
  /// - Parameters:
  ///   - tree: a mapping from keys to values; keys may be nested or dotted, and an empty tree gives the defaults.
  ///   - path: the key of this configuration inside a larger one, for error messages.
  /// - Throws: `ConfigurationError` for an unknown key (naming the nearest known one), a value of the wrong type, out of
  ///   range or not finite, and whatever `validate()` refuses.
  public static func decode(_ tree: ConfigurationTree, path: String = "") throws(ConfigurationError) -> Self {
    try Self().updated(by: tree, path: path)
  }

  /// These settings overlaid by a tree of values and checked, as `decode(_:path:)` does to the defaults.
  public func updated(by tree: ConfigurationTree, path: String = "") throws(ConfigurationError) -> Self {
    let result = detached()
    let tree = tree.expandingDottedKeys()
    do {
      try result.fill(from: tree, path: path)
    } catch {
      guard error.kind == .unknownKey, let key = error.key else { throw error }
      throw .unknownKey(key, at: error.location, known: documentation(path: path).map(\.key))
    }
    try result.check(from: tree, path: path)
    return result
  }

  /// The complete tree of these settings: every key, in the order of declaration, with its value.
  public func resolved() -> ConfigurationTree {
    .mapping(fields.map { ($0.key, $0.field.resolved()) })
  }

  /// A copy that shares no storage with this one.
  func detached() -> Self {
    if let table = self as? SettingTable, let copy = table.copy as? Self { return copy }
    let copy = Self()
    for (target, source) in zip(copy.fields, fields) { target.field.adoptValue(of: source.field) }
    return copy
  }

  /// Writes the values of a tree into this instance's own storage.
  func fill(from tree: ConfigurationTree, path: String) throws(ConfigurationError) {
    if tree.kind == .null { return }
    guard case .mapping(let entries) = tree.content else {
      throw ConfigurationError(
        kind: .wrongType, key: path.isEmpty ? nil : path, value: path.isEmpty ? nil : tree.excerpt,
        location: tree.location, problem: "expected a mapping of settings")
    }
    let fields = fields
    for entry in entries {
      let key = joined(path, entry.key)
      guard let field = fields.first(where: { $0.key == entry.key })?.field else {
        throw ConfigurationError(
          kind: .unknownKey, key: entry.value.firstLeafKey(key), location: entry.keyLocation, problem: "")
      }
      try field.fill(from: entry.value, key: key)
    }
  }

  /// Checks the relations between settings, innermost groups first.
  func check(from tree: ConfigurationTree?, path: String) throws(ConfigurationError) {
    for (key, field) in fields { try field.finish(from: tree?[key], key: joined(path, key)) }
    for group in inlineGroups { try group.checkRelations(from: tree, path: path) }
    try checkRelations(from: tree, path: path)
  }

  /// Calls `validate()` and completes the error it may throw.
  private func checkRelations(from tree: ConfigurationTree?, path: String) throws(ConfigurationError) {
    do {
      try validate()
    } catch {
      var error = error
      if let key = error.key {
        error.value = error.value ?? resolved().subtree(at: key)?.excerpt
        error.location = error.location ?? tree?.subtree(at: key)?.location
        error.key = joined(path, key)
      }
      throw error
    }
  }
}

/// `key` inside `path`, which is empty at the root.
func joined(_ path: String, _ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

extension ConfigurationTree {
  /// The full key of the first value inside this node, which has the key `key` itself.
  fileprivate func firstLeafKey(_ key: String) -> String {
    guard case .mapping(let entries) = content, let first = entries.first else { return key }
    return first.value.firstLeafKey("\(key).\(first.key)")
  }
}
