import Configuration
import Interfaces
import Models

/// Settings of an agent that plans with one planner.
struct PlanningAgentSettings<Search: Planner>: Configuration {
  init() {}

  /// With other defaults: the planner's settings, the world, and the settings of an ensemble.
  init(_ planner: Search.Settings, in world: WorldChoice, model: EnsembleSettings) {
    self.planner = planner
    self.world = WorldSettings(world, model: model)
  }

  @SettingGroup("Schedule and imagination") var agent = PlanningSettings()
  @SettingGroup("Planner") var planner = Search.defaults
  @SettingGroup(inline: "World") var world = WorldSettings()
}
