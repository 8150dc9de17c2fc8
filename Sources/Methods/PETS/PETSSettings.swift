import Configuration
import Interfaces

/// Settings of an agent that plans with one planner.
struct PlanningAgentSettings<Search: Planner>: Configuration {
  init() {}
  @SettingGroup("Schedule and imagination") var agent = PlanningSettings()
  @SettingGroup("Planner") var planner = Search.Settings()
  @SettingGroup(inline: "World") var world = WorldSettings()
}
