import Configuration
import Interfaces
import Models

/// Settings of an agent that plans with one planner.
struct PlanningAgentSettings<Search: Planner>: Configuration {
  init() {}

  /// With other defaults: the planner's settings, the world and its settings, and the schedule.
  init(_ planner: Search.Settings, in world: WorldSettings, agent: PlanningSettings = PlanningSettings()) {
    self.planner = planner
    self.world = world
    self.agent = agent
  }

  @SettingGroup("Schedule and imagination") var agent = PlanningSettings()
  @SettingGroup("Planner") var planner = Search.defaults
  @SettingGroup(inline: "World") var world = WorldSettings()
}
