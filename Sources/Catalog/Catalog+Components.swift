import Interfaces
import Laboratory
import Models
import Planners

extension Catalog {
  static let components: [ComponentEntry] = [
    .planner(CrossEntropy.self),
    .planner(ImprovedCrossEntropy.self),
    .planner(PathIntegral.self),
    .planner(RandomShooting.self),
    .planner(GradientAscent.self),
    .planner(TrajectoryOptimization.self),
    .planner(CategoricalCrossEntropy.self),
    .planner(DiscreteShooting.self),
    ComponentEntry(
      .model, "probabilistic-ensemble", summary: "bootstrapped Gaussian networks over the change of state",
      settings: EnsembleSettings.self),
    ComponentEntry(
      .model, "time-varying-linear", summary: "linear-Gaussian dynamics for each time of an episode",
      settings: TimeVaryingLinearSettings.self),
    ComponentEntry(
      .model, "local-linear", summary: "linear-Gaussian dynamics for each time, with a prior from a Gaussian mixture",
      settings: LocalRegressionSettings.self),
    ComponentEntry(
      .model, "tabular", summary: "counts of what followed each action in each state",
      settings: TabularModelSettings.self),
    ComponentEntry(
      .model, "linear", summary: "linear dynamics with normal noise, by least squares",
      settings: LinearDynamicsSettings.self),
  ]
}

extension ComponentEntry {
  /// A planner.
  static func planner<Search: Planner>(_ type: Search.Type) -> ComponentEntry {
    ComponentEntry(.planner, Search.name, summary: Search.summary, settings: Search.Settings.self)
  }
}
