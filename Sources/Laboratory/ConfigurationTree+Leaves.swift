internal import Configuration

extension ConfigurationTree {
  /// Every value that is not itself a mapping, with its dotted key, in order.
  func leaves(prefix: String = "") -> [(key: String, value: ConfigurationTree)] {
    guard isMapping else { return [(prefix, self)] }
    return keys.flatMap { key in
      self[key].map { $0.leaves(prefix: prefix.isEmpty ? key : "\(prefix).\(key)") } ?? []
    }
  }
}
