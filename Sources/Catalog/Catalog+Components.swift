import Laboratory
import Methods
import Models

extension Catalog {
  static let components: [ComponentEntry] =
    PlannerEntry.all.map { ComponentEntry(.planner, $0.name, summary: $0.summary, settings: $0.settings) } + [
      ComponentEntry(
        .model, "probabilistic-ensemble", summary: "bootstrapped Gaussian networks over the change of state",
        settings: EnsembleSettings()),
      ComponentEntry(
        .model, "time-varying-linear", summary: "linear-Gaussian dynamics for each time of an episode",
        settings: TimeVaryingLinearSettings()),
      ComponentEntry(
        .model, "local-linear", summary: "linear-Gaussian dynamics for each time, with a prior from a Gaussian mixture",
        settings: LinearGaussianRegressionSettings()),
      ComponentEntry(
        .model, "tabular", summary: "counts of what followed each action in each state",
        settings: TabularModelSettings()),
      ComponentEntry(
        .model, "linear", summary: "linear dynamics with normal noise, by least squares",
        settings: LinearDynamicsSettings()),
      ComponentEntry(
        .model, "gaussian-process", summary: "a Gaussian process over the change of each component of the state",
        settings: GaussianProcessSettings()),
    ]
}
