import Configuration
import Testing

/// Groups without a prefix, and groups that are known only when the program runs.
@Suite struct SettingTableTests {
  private struct Shared: Configuration {
    init() {}
    init(_ choice: Int) { self.choice = choice }
    @Setting("Choice", in: 0...10) var choice: Int = 1
    @SettingGroup("Planner") var planner = PlannerSettings()

    func validate() throws(ConfigurationError) {
      if choice > planner.horizon { throw ConfigurationError("choice", "must not exceed the horizon") }
    }
  }

  private struct Whole: Configuration {
    init() {}
    @Setting("Own", in: 0...10) var own: Int = 2
    @SettingGroup(inline: "Shared") var shared = Shared(3)
    @SettingGroup(inline: "Table") var table = SettingTable([
      (key: "narrow", help: "Narrow", settings: PlannerSettings.narrow),
      (key: "model", help: "Model", settings: ModelSettings()),
    ])
  }

  @Test func keysHaveNoPrefix() throws {
    let settings = try Whole.decode(
      ConfigurationTree(assignment: "choice=5", source: "test")
        .merging(ConfigurationTree(assignment: "planner.horizon=7", source: "test"))
        .merging(ConfigurationTree(assignment: "narrow.elites=9", source: "test")))
    #expect(settings.own == 2 && settings.shared.choice == 5 && settings.shared.planner.horizon == 7)
    #expect(settings.table.settings("narrow", as: PlannerSettings.self).elites == 9)
    #expect(settings.table.settings("narrow", as: PlannerSettings.self).population == 50)
    #expect(Whole().shared.choice == 3, "decoding changed the defaults")
    #expect(Whole().table.settings("narrow", as: PlannerSettings.self).elites == 40, "decoding changed the defaults")
    let keys = Whole.documentation().map(\.key)
    #expect(keys.contains("choice") && keys.contains("planner.horizon") && keys.contains("model.planner.elites"))
    #expect(settings.resolved().subtree(at: "narrow.elites")?.json() == "9")
  }

  @Test func mistakesAreNamed() {
    func message(_ assignment: String) -> String {
      let error = #expect(throws: ConfigurationError.self) {
        _ = try Whole.decode(ConfigurationTree(assignment: assignment, source: "test"))
      }
      return error.map { "\($0)" } ?? ""
    }
    #expect(message("narrow.elite=3").contains("narrow.elites"))
    #expect(message("choise=3").contains("choice"))
    #expect(message("choice=11").contains("choice"))
    // relations inside an inline group, and inside a table's
    #expect(message("planner.horizon=2").contains("must not exceed the horizon"))
    #expect(message("narrow.elites=60").contains("must not exceed population (50)"))
  }
}
