extension ConfigurationTree {
  /// This tree overlaid by another, whose values win.
  ///
  /// Mappings merge key by key at every depth, anything else is replaced, and an empty (null) value leaves a mapping as
  /// it is. Dotted keys in either tree are expanded first: `planner.horizon: 20` means `planner: {horizon: 20}`. Known
  /// keys keep their place and new keys follow. Complexity: O(keys of both, times the keys of a mapping).
  public func merging(_ other: ConfigurationTree) -> ConfigurationTree {
    expandingDottedKeys().overlaid(by: other.expandingDottedKeys())
  }

  /// The tree with each dotted key replaced by nested mappings; of two spellings of one key the later wins.
  func expandingDottedKeys() -> ConfigurationTree {
    switch content {
    case .scalar: return self
    case .list(let elements): return ConfigurationTree(.list(elements.map { $0.expandingDottedKeys() }), at: location)
    case .mapping(let entries):
      return entries.reduce(ConfigurationTree(.mapping([]), at: location)) { $0.overlaid(by: $1.expanded) }
    }
  }

  /// The expanded tree, or an error when two spellings give the same key.
  func checkedExpansion(prefix: String) throws(ConfigurationError) -> ConfigurationTree {
    guard case .mapping(let entries) = content else {
      for element in elements ?? [] { _ = try element.checkedExpansion(prefix: "") }
      return self
    }
    var result = ConfigurationTree(.mapping([]), at: location)
    for var entry in entries {
      entry.value = try entry.value.checkedExpansion(prefix: prefix + entry.key + ".")
      let addition = entry.expanded
      if let key = result.firstConflict(with: addition) {
        throw ConfigurationError(
          kind: .duplicateKey, key: prefix + key, location: entry.keyLocation,
          problem: "given more than once, with and without dots")
      }
      result = result.overlaid(by: addition)
    }
    return result
  }

  private func overlaid(by other: ConfigurationTree) -> ConfigurationTree {
    guard case .mapping(var entries) = content else { return other }
    guard case .mapping(let additions) = other.content else { return other.kind == .null ? self : other }
    for addition in additions {
      if let index = entries.firstIndex(where: { $0.key == addition.key }) {
        entries[index].value = entries[index].value.overlaid(by: addition.value)
        entries[index].keyLocation = addition.keyLocation
      } else {
        entries.append(addition)
      }
    }
    return ConfigurationTree(.mapping(entries), at: location ?? other.location)
  }

  /// The key of the first value that both trees give, unless both give a mapping there.
  private func firstConflict(with other: ConfigurationTree) -> String? {
    guard case .mapping(let entries) = other.content else { return nil }
    for entry in entries {
      guard let mine = self[entry.key] else { continue }
      guard mine.isMapping, entry.value.isMapping else { return entry.key }
      if let key = mine.firstConflict(with: entry.value) { return "\(entry.key).\(key)" }
    }
    return nil
  }
}

extension ConfigurationTree.Entry {
  /// The entry as a mapping of its own, a dotted key becoming one mapping per component.
  fileprivate var expanded: ConfigurationTree {
    let components = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let isDotted = components.count > 1 && !components.contains("")
    return (isDotted ? components : [key]).reversed().reduce(value.expandingDottedKeys()) { tree, component in
      let entry = ConfigurationTree.Entry(key: component, keyLocation: keyLocation, value: tree)
      return ConfigurationTree(.mapping([entry]), at: keyLocation)
    }
  }
}
