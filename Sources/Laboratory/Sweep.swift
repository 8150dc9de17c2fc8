internal import Configuration
internal import Kernels

/// Variants of an agent, from the key `sweep` of a study or of one of its agents.
///
/// - `configurations`: a mapping from names to settings.
/// - `grid`: a mapping from settings to lists of values, of which every combination is taken.
/// - `random`: `count` and `seed`, and under `settings` a mapping from settings to lists to choose from or to ranges
///   `{low, high, log, step}`, drawn independently.
///
/// Several of the three are combined, each with each.
struct Sweep {
  /// A variant: what is added to the agent's label, and its settings.
  typealias Variant = (suffix: String, settings: ConfigurationTree)

  let variants: [Variant]

  /// The most variants of an agent.
  static let most = 100_000

  /// Reads `node`, whose keys have the path `path` in front of them; `label` is that of the agent. Draws from a stream
  /// that depends on the seed and the agent's label alone.
  init(_ node: ConfigurationTree, path: String, label: String) throws(ConfigurationError) {
    guard node.isMapping, !node.keys.isEmpty else {
      throw ConfigurationError(
        kind: .wrongType, key: path, location: node.location,
        problem: "expected a mapping with the keys configurations, grid, random")
    }
    try node.rejectUnknownKeys(allowed: ["configurations", "grid", "random"])
    var variants: [Variant] = [("", ConfigurationTree())]
    func combine(_ others: [Variant]) throws(ConfigurationError) {
      guard variants.count * others.count <= Self.most else {
        throw ConfigurationError(
          kind: .outOfRange, key: path, value: "\(variants.count * others.count)", location: node.location,
          problem: "more than \(Self.most) variants of an agent")
      }
      variants = variants.flatMap { variant in
        others.map { (variant.suffix + "-" + $0.suffix, variant.settings.merging($0.settings)) }
      }
    }
    if let configurations = node["configurations"] {
      try combine(Self.named(configurations, path: path + ".configurations"))
    }
    if let grid = node["grid"] {
      let axes = try Self.axes(grid, path: path + ".grid")
      for axis in axes { try combine(axis) }
    }
    if let random = node["random"] { try combine(Self.drawn(random, path: path + ".random", label: label)) }
    self.variants = variants
  }

  private static func mapping(
    _ node: ConfigurationTree, path: String, of what: String
  ) throws(ConfigurationError) -> [(key: String, node: ConfigurationTree)] {
    guard node.isMapping, !node.keys.isEmpty else {
      throw ConfigurationError(
        kind: .wrongType, key: path, location: node.location, problem: "expected a mapping from \(what)")
    }
    return node.keys.compactMap { key in node[key].map { (key, $0) } }
  }

  private static func named(_ node: ConfigurationTree, path: String) throws(ConfigurationError) -> [Variant] {
    var variants: [Variant] = []
    for (name, settings) in try mapping(node, path: path, of: "names to settings") {
      guard settings.isMapping || settings.kind == .null else {
        throw ConfigurationError(
          kind: .wrongType, key: "\(path).\(name)", location: settings.location,
          problem: "expected a mapping of settings")
      }
      variants.append((name, settings.isMapping ? settings : ConfigurationTree()))
    }
    return variants
  }

  private static func axes(_ node: ConfigurationTree, path: String) throws(ConfigurationError) -> [[Variant]] {
    let axes = try mapping(node, path: path, of: "settings to lists of values")
    var result: [[Variant]] = []
    for (key, values) in axes {
      guard let elements = values.elements, !elements.isEmpty else {
        throw ConfigurationError(
          kind: .wrongType, key: "\(path).\(key)", location: values.location, problem: "expected a list of values")
      }
      let name = shortName(of: key, among: axes.map(\.key))
      result.append(elements.map { ("\(name)-\(word(for: $0))", .mapping([(key, $0)])) })
    }
    return result
  }

  /// The last component of a key, or as many as tell it from the other keys, joined by `_`.
  static func shortName(of key: String, among keys: [String]) -> String {
    let components = key.split(separator: ".")
    for count in 1...max(1, components.count) {
      let suffix = components.suffix(count)
      let alike = keys.count { $0.split(separator: ".").suffix(count).elementsEqual(suffix) }
      if alike == 1 { return suffix.joined(separator: "_") }
    }
    return components.joined(separator: "_")
  }

  /// A value as a part of a folder's name: `0.005`, `256x256`.
  static func word(for value: ConfigurationTree) -> String {
    let text = value.elements.map { $0.map { word(for: $0) }.joined(separator: "x") } ?? value.scalarText
    let plain = text ?? value.keys.map { "\($0)_\(value[$0].map { word(for: $0) } ?? "")" }.joined(separator: "_")
    return String(plain.map { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) ? $0 : "_" })
  }

  private static func drawn(
    _ node: ConfigurationTree, path: String, label: String
  ) throws(ConfigurationError) -> [Variant] {
    try node.rejectUnknownKeys(allowed: ["count", "seed", "settings"])
    let count = try node.integer(at: "count")
    guard (1...most).contains(count) else {
      throw ConfigurationError(
        kind: .outOfRange, key: path + ".count", value: "\(count)", location: node["count"]?.location,
        problem: "must be in 1...\(most)")
    }
    let seed = try node.valueIfPresent(at: "seed", as: Int.self) ?? 0
    guard seed >= 0 else {
      throw ConfigurationError(
        kind: .outOfRange, key: path + ".seed", value: "\(seed)", location: node["seed"]?.location,
        problem: "must be at least 0")
    }
    var dimensions: [(key: String, range: SearchRange)] = []
    let settings = node["settings"] ?? ConfigurationTree()
    for (key, value) in try mapping(settings, path: path + ".settings", of: "settings to lists or ranges") {
      dimensions.append((key, try SearchRange(value, path: "\(path).settings.\(key)")))
    }
    let stream = RandomStream(seed: UInt64(seed)).child("sweep").child(label)
    let digits = String(count - 1).count
    return (0..<count).map { index in
      // a variant of its own stream: more of them leave the first as they were
      var random = stream.child(index)
      let values = dimensions.map { ($0.key, $0.range.draw(using: &random)) }
      let number = String(index)
      return ("random-" + String(repeating: "0", count: digits - number.count) + number, .mapping(values))
    }
  }
}
