import Archive
public import Configuration

/// Every combination of some environments, agents and seeds, decoded and checked.
public struct Study: Sendable {
  /// Name in the results.
  public let name: String
  /// Names of the environments, in the file's order.
  public let environments: [String]
  /// Labels of the agents, in the file's order, sweeps expanded.
  public let agents: [String]
  /// The seeds of agents that have none of their own, in the file's order.
  public let seeds: [Int]
  /// Return that counts as solving an environment, for those that have one.
  public let thresholds: [(environment: String, value: Double)]
  /// How figures and tables show it, as the file has it; nil if it says nothing.
  public let figures: ConfigurationTree?
  /// One plan a run: by environment, then agent, then seed.
  public let runs: [RunPlan]

  /// Reads a study file and checks every run of it.
  ///
  /// - Throws: `ArchiveError` when the file cannot be read, `ConfigurationError` with file, line and column otherwise.
  public init(contentsOf path: String, in registry: Registry) throws {
    try self.init(ConfigurationTree.parse(bytes: FileSystem.read(path), file: path), in: registry)
  }

  /// Checks every run of a study's tree. Keys:
  ///
  /// - `name`: the study's name.
  /// - `environments`: a list of names, or a mapping from names to `{steps, settings}`.
  /// - `agents`: a list of names, or a mapping from labels to `{agent, steps, seeds, settings, environments, sweep}`,
  ///   where `agent` is the label unless given, and `environments` is a list of the environments that it runs in, or
  ///   maps names to `{steps, settings}` for that pair alone.
  /// - `sweep`: of an agent, or of all agents without one of their own: see `Sweep`.
  /// - `seeds`: how many (0, 1, 2, ...), or a list; an agent's own win.
  /// - `steps`, `settings`: for all runs. More specific entries override more general ones: pair, agent, environment,
  ///   study.
  /// - `thresholds`: a mapping from environments to returns.
  /// - `figures`: how figures show it, without influence on runs: mappings `names` (of environments and agents), `colors`
  ///   (of agents), `scores` (`random` and `reference` return of an environment) and `groups` (lists of environments), and
  ///   the agent that is the `baseline`.
  public init(_ tree: ConfigurationTree, in registry: Registry) throws(ConfigurationError) {
    try tree.rejectUnknownKeys(
      allowed: ["name", "environments", "agents", "seeds", "steps", "settings", "thresholds", "sweep", "figures"])
    name = try tree.string(at: "name")
    let common = try StudyPart(of: tree, "")
    let environments = try Self.parts(of: tree, "environments", allowed: ["steps", "settings"])
    let agents = try Self.variants(
      of: Self.parts(of: tree, "agents", allowed: ["agent", "steps", "seeds", "settings", "environments", "sweep"]),
      in: tree)
    let environmentNames = environments.map(\.name)
    self.environments = environmentNames
    self.agents = agents.map(\.name)
    let seeds = try Self.seeds(of: tree)
    self.seeds = seeds
    var own: [String: [Int]] = [:]
    for (label, node) in agents where node["seeds"] != nil { own[label] = try Self.seeds(of: node, "agents.\(label).") }

    for (name, node) in environments { _ = try registry.environment(name, at: node.location) }
    var thresholds: [(environment: String, value: Double)] = []
    if tree["thresholds"] != nil {
      let node = try tree.mapping(at: "thresholds")
      try node.rejectUnknownKeys(allowed: environmentNames)
      for name in node.keys {
        guard let value = node[name] else { continue }
        thresholds.append((name, try value.value(named: "thresholds.\(name)")))
      }
    }
    self.thresholds = thresholds
    figures = try Self.figures(of: tree, environments: environmentNames, agents: agents.map(\.name))

    var runs: [RunPlan] = []
    for (environment, environmentNode) in environments {
      let shared = common.overlaid(
        by: try StudyPart(of: environmentNode, "environments.\(environment)."))
      for (label, node) in agents {
        let kind: String = try node["agent"]?.value(named: "agents.\(label).agent") ?? label
        guard registry.agents.contains(where: { $0.name == kind }) else {
          throw .unknownName(
            "agent", kind, known: registry.agents.map(\.name), at: node["agent"]?.location ?? node.location)
        }
        var part = shared.overlaid(by: try StudyPart(of: node, "agents.\(label)."))
        if let own = node["environments"], own.elements != nil {
          guard try Self.names(own, "agents.\(label).environments", known: environmentNames).contains(environment)
          else {
            continue
          }
        } else if let pairs = node["environments"] {
          try pairs.rejectUnknownKeys(allowed: environmentNames)
          if let pair = pairs[environment] {
            try pair.rejectUnknownKeys(allowed: ["steps", "settings"])
            part = part.overlaid(by: try StudyPart(of: pair, "agents.\(label).environments.\(environment)."))
          }
        }
        guard let steps = part.steps else {
          throw ConfigurationError(
            kind: .missingKey, key: "agents.\(label).steps", location: node.location,
            problem: "give it for the agent or for the study")
        }
        // what is right for one seed is right for all
        let ownSeeds = own[label] ?? seeds
        let first = try RunPlan(
          agent: kind, environment: environment, label: label, seed: ownSeeds[0], steps: steps, settings: part.settings,
          in: registry)
        runs += ownSeeds.map { first.with(seed: $0) }
      }
    }
    self.runs = runs
  }

  /// The agents with those that have a sweep replaced by its variants.
  private static func variants(
    of agents: [(name: String, node: ConfigurationTree)], in tree: ConfigurationTree
  ) throws(ConfigurationError) -> [(name: String, node: ConfigurationTree)] {
    var result: [(name: String, node: ConfigurationTree)] = []
    for (label, node) in agents {
      let path = node["sweep"] == nil ? "sweep" : "agents.\(label).sweep"
      guard let given = node["sweep"] ?? tree["sweep"] else {
        result.append((label, node))
        continue
      }
      let kept = node.keys.filter { $0 != "sweep" && $0 != "settings" && $0 != "agent" }
      let settings = try StudyPart(of: node, "agents.\(label).").settings
      for variant in try Sweep(given, path: path, label: label).variants {
        let entries: [(String, ConfigurationTree)] =
          [("agent", node["agent"] ?? .string(label)), ("settings", settings.merging(variant.settings))]
          + kept.compactMap { key in node[key].map { (key, $0) } }
        result.append((label + variant.suffix, .mapping(entries)))
      }
    }
    if let twice = result.indices.first(where: { index in result[..<index].contains { $0.name == result[index].name } })
    {
      throw ConfigurationError(
        kind: .duplicateKey, key: "agents.\(result[twice].name)", location: tree["agents"]?.location,
        problem: "two variants would have this label")
    }
    return result
  }

  /// A list of some of the known names.
  private static func names(
    _ node: ConfigurationTree, _ key: String, known: [String]
  ) throws(ConfigurationError) -> [String] {
    var names: [String] = []
    for element in node.elements ?? [] {
      let name: String = try element.value(named: key)
      guard known.contains(name) else { throw .unknownName("environment", name, known: known, at: element.location) }
      names.append(name)
    }
    return names
  }

  /// The value of `figures`, whose keys must be known and name what the study has.
  private static func figures(
    of tree: ConfigurationTree, environments: [String], agents: [String]
  ) throws(ConfigurationError) -> ConfigurationTree? {
    guard tree["figures"] != nil else { return nil }
    let node = try tree.mapping(at: "figures")
    try node.rejectUnknownKeys(allowed: ["names", "colors", "scores", "groups", "baseline"])
    let named = [("names", environments + agents), ("colors", agents), ("scores", environments)]
    for (key, names) in named where node[key] != nil {
      try node.mapping(at: key).rejectUnknownKeys(allowed: names)
    }
    if let scores = node["scores"] {
      for name in scores.keys {
        guard let scale = scores[name] else { continue }
        try scale.rejectUnknownKeys(allowed: ["random", "reference"])
        for key in scale.keys { let _: Double? = try scale[key]?.value(named: "figures.scores.\(name).\(key)") }
      }
    }
    if let baseline = node["baseline"] {
      let name: String = try baseline.value(named: "figures.baseline")
      guard agents.contains(name) else { throw .unknownName("agent", name, known: agents, at: baseline.location) }
    }
    return node
  }

  /// A list of names, or a mapping from names to mappings of `allowed` keys, as pairs.
  private static func parts(
    of tree: ConfigurationTree, _ key: String, allowed: [String]
  ) throws(ConfigurationError) -> [(name: String, node: ConfigurationTree)] {
    var parts: [(name: String, node: ConfigurationTree)] = []
    guard let node = tree[key] else { return try missing(key, in: tree) }
    if node.isMapping {
      for name in node.keys {
        guard let part = node[name] else { continue }
        if part.kind != .null { try part.rejectUnknownKeys(allowed: allowed) }
        parts.append((name, part))
      }
    } else {
      for element in try tree.list(at: key) { parts.append((try element.value(named: key), element)) }
    }
    guard !parts.isEmpty else { return try missing(key, in: tree) }
    if let twice = parts.indices.first(where: { index in parts[..<index].contains { $0.name == parts[index].name } }) {
      throw ConfigurationError(
        kind: .duplicateKey, key: "\(key).\(parts[twice].name)", location: parts[twice].node.location,
        problem: "given more than once")
    }
    return parts
  }

  private static func missing<Value>(_ key: String, in tree: ConfigurationTree) throws(ConfigurationError) -> Value {
    throw ConfigurationError(
      kind: .missingKey, key: key, location: tree.location, problem: "a study needs at least one")
  }

  private static func seeds(of tree: ConfigurationTree, _ prefix: String = "") throws(ConfigurationError) -> [Int] {
    guard let node = tree["seeds"] else { return try missing("seeds", in: tree) }
    var seeds: [Int] = []
    if node.elements != nil {
      for (index, element) in (node.elements ?? []).enumerated() {
        seeds.append(try element.value(named: "\(prefix)seeds[\(index)]"))
      }
    } else {
      let count: Int = try node.value(named: prefix + "seeds")
      guard (1...10_000).contains(count) else {
        throw ConfigurationError(
          kind: .outOfRange, key: prefix + "seeds", value: "\(count)", location: node.location,
          problem: "must be in 1...10000")
      }
      seeds = Array(0..<count)
    }
    guard !seeds.isEmpty, Set(seeds).count == seeds.count, seeds.allSatisfy({ $0 >= 0 }) else {
      throw ConfigurationError(
        kind: .outOfRange, key: prefix + "seeds", value: node.json(indent: 0), location: node.location,
        problem: "must be different numbers, at least 0")
    }
    return seeds
  }
}

/// Steps and settings that a study gives at some level.
private struct StudyPart {
  var steps: Int?
  var settings = ConfigurationTree()

  /// What `node` says, whose keys have the path `path` in front of them.
  init(of node: ConfigurationTree, _ path: String) throws(ConfigurationError) {
    if let steps = node["steps"] { self.steps = try steps.value(named: path + "steps") }
    if let settings = node["settings"], settings.kind != .null {
      guard settings.isMapping else {
        throw ConfigurationError(
          kind: .wrongType, key: path + "settings", value: settings.scalarText, location: settings.location,
          problem: "expected a mapping of settings")
      }
      self.settings = settings
    }
  }

  func overlaid(by other: StudyPart) -> StudyPart {
    var result = self
    result.steps = other.steps ?? steps
    result.settings = settings.merging(other.settings)
    return result
  }
}
