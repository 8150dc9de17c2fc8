import Agents
import Configuration
import Interfaces
import Kernels
import Laboratory
import Learners
import Planners

extension Catalog {
  /// Everything that searches for plans; `mpc` takes each of them.
  static let planners: [PlannerEntry] = [
    PlannerEntry(CrossEntropy.self),
    PlannerEntry(ImprovedCrossEntropy.self),
    PlannerEntry(PathIntegral.self),
    PlannerEntry(RandomShooting.self),
    PlannerEntry(GradientAscent.self),
    PlannerEntry(TrajectoryOptimization.self),
    PlannerEntry(CategoricalCrossEntropy.self),
    PlannerEntry(DiscreteShooting.self),
  ]
}

/// A planner of the catalog, its type hidden.
struct PlannerEntry: Sendable {
  let name: String
  let summary: String
  /// What `mpc` calls the search.
  let search: String
  let need: PlannerNeed
  let takesSuggestions: Bool
  /// Its settings by default.
  let settings: any Configuration
  let plans: @Sendable (ActionSpace) -> Bool
  /// Makes it from the settings under its key in a table.
  let make: @Sendable (SettingTable, ActionSpace) -> any Planner

  init<Search: Planner>(_: Search.Type) {
    (name, summary, search) = (Search.name, Search.summary, Search.search)
    (need, takesSuggestions) = (Search.need, Search.takesSuggestions)
    settings = Search.Settings()
    plans = { Search.plans($0) }
    let key = Self.key(Search.name)
    make = { table, space in Search(table.settings(key), for: space) }
  }

  /// Key of its settings in `mpc`.
  var key: String { Self.key(name) }

  private static func key(_ name: String) -> String { String(name.map { $0 == "-" ? "_" : $0 }) }
}

extension WorldNeed {
  /// What a planner asks of worlds.
  init(_ need: PlannerNeed) {
    switch need {
    case .returns: self = .predictions
    case .gradients: self = .gradients(.pathwise)
    case .dynamics: self = .linearization
    }
  }
}

/// Settings of an agent that plans with one planner.
struct PlanningAgentSettings<Search: Planner>: Configuration {
  init() {}
  @SettingGroup("Schedule and imagination") var agent = PlanningSettings()
  @SettingGroup("Planner") var planner = Search.Settings()
  @SettingGroup(inline: "World") var world = WorldSettings()
}

extension AgentEntry {
  /// PETS with the given planner.
  static func planning<Search: Planner>(_ name: String, _ summary: String, _: Search.Type) -> AgentEntry {
    AgentEntry(
      name, summary: summary, secondsPerStep: 0.5, defaults: PlanningAgentSettings<Search>(),
      resolve: { settings, environment throws(ConfigurationError) in
        if !Search.plans(environment.spec.action) { _ = try continuous(environment, for: name) }
        try settings.world.resolve(for: environment, needing: WorldNeed(Search.need))
        try settings.agent.checkReplanning(
          horizon: Search(settings.planner, for: environment.spec.action).horizon)
      },
      make: { settings, environment, random throws(ConfigurationError) in
        let base = try settings.agent.base(in: environment)
        return planningAgent(
          settings.agent, Search(settings.planner, for: environment.spec.action),
          in: settings.world.make(for: environment, using: random), base: base, environment.spec, random)
      })
  }

  fileprivate static func planningAgent(
    _ settings: PlanningSettings, _ planner: some Planner, in world: some LearnedWorld,
    prior: (any PlanPrior)? = nil, base: (any Agent)?, _ spec: EnvironmentSpec, _ random: RandomStream
  ) -> any Agent {
    PlanningAgent(
      settings, world: world, planner: planner, prior: prior, base: base, spec: spec, using: random.child("agent"))
  }
}

/// Settings of the general planning agent.
struct ModelPredictiveControlSettings: Configuration {
  init() {}
  @Setting("Planner: \(Self.searches.joined(separator: ", ")); auto is icem, or cem for discrete actions")
  var search: String? = nil
  @Setting("Have a policy that imitates the plans propose where cem and icem start")
  var policyPrior: Bool = false
  @SettingGroup("Schedule, imagination and execution") var agent = PlanningSettings()
  @SettingGroup(inline: "Planners") var planners = SettingTable(
    Catalog.planners.map { ($0.key, $0.summary, $0.settings) })
  @SettingGroup("Imitating policy") var prior = ClonedPolicySettings()
  @SettingGroup(inline: "World") var world = WorldSettings()

  /// Names that `search` takes, each once.
  static var searches: [String] {
    Catalog.planners.map(\.search).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  func validate() throws(ConfigurationError) {
    if let search, !Self.searches.contains(search) {
      throw ConfigurationError("search", "must be one of \(Self.searches.joined(separator: ", ")), or auto")
    }
  }

  /// The planner of `search` for actions of `space`.
  func planner(for space: ActionSpace) -> PlannerEntry? {
    Catalog.planners.first { $0.search == search && $0.plans(space) }
  }

  /// Decides what is left open.
  mutating func resolve(for environment: EnvironmentInstance) throws(ConfigurationError) {
    func refuse(_ key: String, _ value: String, _ problem: String) -> ConfigurationError {
      ConfigurationError(kind: .relation, key: key, value: value, problem: problem)
    }
    let space = environment.spec.action
    let chosen = search ?? (ImprovedCrossEntropy.plans(space) ? ImprovedCrossEntropy.search : CrossEntropy.search)
    search = chosen
    guard let planner = planner(for: space) else {
      let able = Catalog.planners.filter { $0.plans(space) }.map(\.search)
      throw refuse(
        "search", chosen,
        "cannot plan the actions of \(environment.name): must be \(able.joined(separator: " or "))")
    }
    if policyPrior && !(planner.takesSuggestions && ImprovedCrossEntropy.plans(space)) {
      throw refuse("policy_prior", "true", "needs continuous actions and search=cem or icem")
    }
    try world.resolve(for: environment, needing: WorldNeed(planner.need))
    try agent.checkReplanning(horizon: planner.make(planners, space).horizon)
  }
}

extension AgentEntry {
  /// The general planning agent: model-based reinforcement learning 0.5, 1.0 and 1.5 with any planner and world.
  static let modelPredictiveControl = AgentEntry(
    "mpc", summary: "plans in a world, learned or true, with any planner, open or closed loop, discrete actions too",
    secondsPerStep: 0.2, defaults: ModelPredictiveControlSettings(),
    resolve: { settings, environment throws(ConfigurationError) in try settings.resolve(for: environment) },
    make: { settings, environment, random throws(ConfigurationError) in
      let spec = environment.spec
      guard let planner = settings.planner(for: spec.action)?.make(settings.planners, spec.action) else {
        preconditionFailure("settings that were not resolved")
      }
      let (low, high) = spec.action.bounds
      let prior: (any PlanPrior)? =
        settings.policyPrior
        ? ClonedPolicy(
          settings.prior, observationSize: spec.observationSize, low: low, high: high, using: random.child("prior"))
        : nil
      let base = try settings.agent.base(in: environment)
      return planningAgent(
        settings.agent, planner, in: settings.world.make(for: environment, using: random), prior: prior, base: base,
        spec, random)
    })
}
