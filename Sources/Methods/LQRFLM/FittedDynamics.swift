import Control
import Interfaces

/// What one iteration's trajectories of a condition say.
struct FittedDynamics: Sendable {
  /// Fitted dynamics.
  let dynamics: TimeVaryingLinearGaussian
  /// Mean log-likelihood of the steps at each time, [T].
  let logLikelihoods: [Double]
  /// Mean expansion of the cost, about zero.
  let costs: QuadraticCosts
  /// Cost of each trajectory.
  let totals: [Double]
  /// Where trajectories start.
  let start: GaussianState

  /// Nil where the dynamics cannot be fitted or a cost is not finite.
  init?(
    _ samples: [SampledTrajectory], _ rows: TimedRows, with estimator: some LinearGaussianEstimator,
    _ cost: any TrajectoryCost, startVariance: Double
  ) {
    guard case .fitted(let conditionals, let likelihoods) = estimator.fit(rows) else { return nil }
    dynamics = TimeVaryingLinearGaussian(conditionals)
    logLikelihoods = likelihoods
    (costs, totals) = QuadraticCosts.average(cost, over: samples)
    guard totals.allSatisfy(\.isFinite) else { return nil }
    let (n, count) = (cost.stateSize, Double(samples.count))
    var mean = [Double](repeating: 0, count: n)
    var covariance = [Double](repeating: 0, count: n * n)
    for sample in samples { for i in 0..<n { mean[i] += sample.states[i] / count } }
    for sample in samples {
      for i in 0..<n {
        for j in 0..<n {
          covariance[i * n + j] += (sample.states[i] - mean[i]) * (sample.states[j] - mean[j]) / count
        }
      }
    }
    for i in 0..<n { covariance[i * n + i] = max(covariance[i * n + i], startVariance) }
    start = GaussianState(mean: mean, covariance: covariance)
  }

  /// Mean cost of the trajectories.
  var cost: Double { totals.reduce(0, +) / Double(totals.count) }

  /// Mean log-likelihood of a step.
  var logLikelihood: Double { logLikelihoods.reduce(0, +) / Double(logLikelihoods.count) }

  /// The trajectory of `controller` in the fitted dynamics and its expected cost; nil if it diverges.
  func follow(_ controller: TimedLinearGaussian) -> (distribution: TrajectoryDistribution, cost: Double)? {
    var distribution = TrajectoryDistribution(
      horizon: dynamics.count, stateSize: dynamics.stateSize, actionSize: dynamics.actionSize)
    guard distribution.propagate(dynamics, under: controller, from: start) else { return nil }
    let cost = distribution.expectedCosts(costs).reduce(0, +)
    return cost.isFinite ? (distribution, cost) : nil
  }
}
