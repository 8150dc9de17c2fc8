import Planners

extension PlannerEntry {
  /// Everything that searches for plans, in the order of lists; `mpc` takes each of them.
  public static let all: [PlannerEntry] = [
    PlannerEntry(CrossEntropy.self),
    PlannerEntry(ImprovedCrossEntropy.self),
    PlannerEntry(CovarianceAdaptationSearch.self),
    PlannerEntry(PathIntegral.self),
    PlannerEntry(RandomShooting.self),
    PlannerEntry(GradientAscent.self),
    PlannerEntry(TrajectoryOptimization.self),
    PlannerEntry(CategoricalCrossEntropy.self),
    PlannerEntry(DiscreteShooting.self),
  ]
}
