import Configuration
import Interfaces
import Models

/// Settings of an agent that plans with one planner.
struct PlanningAgentSettings<Search: Planner>: Configuration {
  init() {}

  /// With an ensemble whose settings are `model` by default.
  init(_ model: EnsembleSettings) { world = WorldSettings(model: model) }

  @SettingGroup("Schedule and imagination") var agent = PlanningSettings()
  @SettingGroup("Planner") var planner = Search.Settings()
  @SettingGroup(inline: "World") var world = WorldSettings()
}
