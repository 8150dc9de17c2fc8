import Laboratory
import Configuration
import Interfaces
import Learners
import Planners

/// Settings of the general planning agent.
struct MPCSettings: Configuration {
  init() {}
  @Setting("Planner: \(Self.searches.joined(separator: ", ")); auto is icem, or cem for discrete actions")
  var search: String? = nil
  @Setting("Have a policy that imitates the plans propose where cem, icem and cma-es start")
  var policyPrior: Bool = false
  @SettingGroup("Schedule, imagination and execution") var agent = PlanningSettings()
  @SettingGroup(inline: "Planners") var planners = SettingTable(
    PlannerEntry.all.map { ($0.key, $0.summary, $0.settings) })
  @SettingGroup("Imitating policy") var prior = ClonedPolicySettings()
  @SettingGroup(inline: "World") var world = WorldSettings()

  /// Names that `search` takes, each once.
  static var searches: [String] {
    PlannerEntry.all.map(\.search).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  func validate() throws(ConfigurationError) {
    if let search, !Self.searches.contains(search) {
      throw ConfigurationError("search", "must be one of \(Self.searches.joined(separator: ", ")), or auto")
    }
  }

  /// The planner of `search` for actions of `space`.
  func planner(for space: ActionSpace) -> PlannerEntry? {
    PlannerEntry.all.first { $0.search == search && $0.plans(space) }
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
      let able = PlannerEntry.all.filter { $0.plans(space) }.map(\.search)
      throw refuse(
        "search", chosen,
        "cannot plan the actions of \(environment.name): must be \(able.joined(separator: " or "))")
    }
    if policyPrior && !(planner.takesSuggestions && ImprovedCrossEntropy.plans(space)) {
      throw refuse("policy_prior", "true", "needs continuous actions and search=cem, icem or cma-es")
    }
    try world.resolve(for: environment, needing: WorldNeed(planner.need))
    try agent.checkReplanning(horizon: planner.make(planners, space).horizon)
  }
}
