import Control
import Foundation
import Interfaces
import Kernels
import TestSupport
import Testing

/// Trajectory distributions, their expected costs and divergences, against samples.
@Suite struct TrajectoryDistributionTests {
  private struct Sampled {
    var costs: [Double] = []
    var logRatios: [Double] = []
    var finals: [[Double]] = []
  }

  /// Trajectories under `controller`, with their costs and log p / q for the problem's own controller q.
  private func sample(_ problem: LocalProblem, _ controller: TimedLinearGaussian, count: Int) throws -> Sampled {
    let (n, m, horizon) = (LocalProblem.n, LocalProblem.m, problem.dynamics.count)
    let (dynamics, costs) = (problem.dynamics, problem.costs)
    let starts = try GaussianSampler(problem.start.covariance, size: n)
    let noises = try GaussianSampler(dynamics.covariances, size: n)
    let actions = try GaussianSampler(controller.covariances, size: m)
    func logDensity(_ t: Int, _ x: [Double], _ u: [Double], _ of: TimedLinearGaussian) throws -> Double {
      var mean = [Double](repeating: 0, count: m)
      of.writeMean(t, x, into: &mean)
      let covariance = DoubleMatrix(rows: m, columns: m, Array(of.covariances[t * m * m..<(t + 1) * m * m]))
      let left = DoubleMatrix(rows: m, columns: 1, (0..<m).map { u[$0] - mean[$0] })
      let solved = try covariance.solvePositiveDefinite(left)
      let factor = try covariance.cholesky()
      return -(0..<m).reduce(0.0) { $0 + left[$1, 0] * solved[$1, 0] / 2 + log(factor[$1, $1]) }
    }
    var (random, result) = (RandomStream(seed: 99), Sampled())
    for _ in 0..<count {
      var x = starts.draw(0, around: problem.start.mean, &random)
      var (states, chosen, ratio) = ([[Double]](), [[Double]](), 0.0)
      for t in 0..<horizon {
        var mean = [Double](repeating: 0, count: m)
        controller.writeMean(t, x, into: &mean)
        let u = actions.draw(t, around: mean, &random)
        ratio += try logDensity(t, x, u, controller) - logDensity(t, x, u, problem.controller)
        states.append(x)
        chosen.append(u)
        let next = (0..<n).map { i in
          dynamics.offsets[t * n + i]
            + (0..<n).reduce(0) { $0 + dynamics.stateMatrices[(t * n + i) * n + $1] * x[$1] }
            + (0..<m).reduce(0) { $0 + dynamics.actionMatrices[(t * n + i) * m + $1] * u[$1] }
        }
        x = noises.draw(t, around: next, &random)
      }
      states.append(x)
      chosen.append(Array(repeating: 0, count: m))
      var total = 0.0
      for t in 0...horizon {
        let (x, u) = (states[t], chosen[t])
        total += costs.values[t]
        for i in 0..<n {
          total += costs.stateGradients[t * n + i] * x[i]
          for j in 0..<n { total += x[i] * costs.stateHessians[(t * n + i) * n + j] * x[j] / 2 }
        }
        for i in 0..<m {
          total += costs.actionGradients[t * m + i] * u[i]
          for j in 0..<n { total += u[i] * costs.crossHessians[(t * m + i) * n + j] * x[j] }
          for j in 0..<m { total += u[i] * costs.actionHessians[(t * m + i) * m + j] * u[j] / 2 }
        }
      }
      result.costs.append(total)
      result.logRatios.append(ratio)
      result.finals.append(x)
    }
    return result
  }

  /// Mean and its standard error.
  private func summary(_ values: [Double]) -> (mean: Double, error: Double) {
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
    return (mean, (variance / Double(values.count)).squareRoot())
  }

  @Test(arguments: [UInt64(1), 2]) func momentsCostsAndDivergencesAreThoseOfSamples(_ seed: UInt64) throws {
    let problem = LocalProblem(seed: seed)
    var random = RandomStream(seed: seed).child("other")
    let other = LocalProblem.controller(horizon: problem.dynamics.count, &random)
    let sampled = try sample(problem, other, count: 20_000)
    let (cost, divergence) = problem.evaluate(other)
    for (exact, found) in [(cost, summary(sampled.costs)), (divergence, summary(sampled.logRatios))] {
      #expect(abs(exact - found.mean) < 4 * found.error, "\(exact) against \(found)")
      #expect(found.error < 0.03 * abs(exact))
    }
    let distribution = try #require(problem.distribution(other))
    let (n, d, horizon) = (LocalProblem.n, distribution.width, problem.dynamics.count)
    for i in 0..<n {
      let found = summary(sampled.finals.map { $0[i] })
      let mean = distribution.means[horizon * d + i]
      #expect(abs(mean - found.mean) < 4 * found.error)
      for j in 0...i {
        let products = sampled.finals.map {
          ($0[i] - mean) * ($0[j] - distribution.means[horizon * d + j])
        }
        let spread = summary(products)
        #expect(abs(distribution.covariances[(horizon * d + i) * d + j] - spread.mean) < 4 * spread.error)
      }
    }
  }

  @Test func aControllerDoesNotDivergeFromItself() throws {
    let problem = LocalProblem(seed: 3)
    #expect(problem.evaluate(problem.controller).divergence < 1e-12)
    var degenerate = problem.controller
    degenerate.covariances[0] = -1
    #expect(ControllerDivergence(from: degenerate) == nil)
    #expect(problem.evaluate(degenerate).divergence == .infinity)
  }

  /// The expansion of -log q is what `terms` measures: the expected cost of log p - log q is the divergence.
  @Test func expansionsOfTheDensityGiveTheDivergence() throws {
    let problem = LocalProblem(seed: 4)
    var random = RandomStream(seed: 4).child("other")
    let (other, third) = (
      LocalProblem.controller(horizon: problem.dynamics.count, &random),
      LocalProblem.controller(horizon: problem.dynamics.count, &random)
    )
    let measure = try #require(ControllerDivergence(from: problem.controller))
    var costs = QuadraticCosts(
      count: problem.dynamics.count + 1, tangentSize: LocalProblem.n, actionSize: LocalProblem.m)
    measure.add(to: &costs, weights: Array(repeating: 1, count: problem.dynamics.count))
    // E[-log q] up to constants, less the entropy: of two controllers of equal covariances the difference is that of the KL
    var same = third
    same.covariances = other.covariances
    func both(_ controller: TimedLinearGaussian) throws -> (Double, Double) {
      let distribution = try #require(problem.distribution(controller))
      return (
        distribution.expectedCosts(costs).reduce(0, +),
        measure.terms(of: controller, along: distribution).reduce(0, +)
      )
    }
    let (a, b) = (try both(other), try both(same))
    #expect(abs((a.0 - b.0) - (a.1 - b.1)) < 1e-9 * max(1, abs(a.0)))
  }

  /// Expansions about samples become one about zero: exact where the cost is quadratic.
  @Test func averagesOfExpansionsAreExactForQuadraticCosts() {
    let problem = LocalProblem(seed: 5)
    let cost = QuadraticTrajectoryCost(costs: problem.costs)
    var random = RandomStream(seed: 5)
    let samples = (0..<3).map { _ in
      var sample = SampledTrajectory(
        horizon: problem.dynamics.count, stateSize: LocalProblem.n, actionSize: LocalProblem.m)
      sample.states = Problems.normal(sample.states.count, 2, &random)
      sample.actions = Problems.normal(sample.actions.count, 2, &random)
      for i in 0..<LocalProblem.m { sample.actions[problem.dynamics.count * LocalProblem.m + i] = 0 }
      return sample
    }
    let (costs, totals) = QuadraticCosts.average(cost, over: samples)
    func worst(_ left: [Double], _ right: [Double]) -> Double {
      zip(left, right).map { abs($0 - $1) }.max() ?? .infinity
    }
    #expect(worst(costs.values, problem.costs.values) < 1e-9)
    #expect(worst(costs.stateGradients, problem.costs.stateGradients) < 1e-9)
    #expect(worst(costs.actionGradients, problem.costs.actionGradients) < 1e-9)
    #expect(worst(costs.stateHessians, problem.costs.stateHessians) < 1e-9)
    #expect(worst(costs.crossHessians, problem.costs.crossHessians) < 1e-9)
    #expect(worst(costs.actionHessians, problem.costs.actionHessians) < 1e-9)
    #expect(totals.count == 3 && Set(totals).count == 3)
  }
}

/// A cost that is the given expansions about zero.
struct QuadraticTrajectoryCost: TrajectoryCost {
  let costs: QuadraticCosts
  var stateSize: Int { costs.tangentSize }
  var actionSize: Int { costs.actionSize }

  func evaluate(
    horizon: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, costs: UnsafeMutablePointer<Double>
  ) {
    var expansion = QuadraticCosts(count: horizon + 1, tangentSize: stateSize, actionSize: actionSize)
    quadratize(horizon: horizon, states: states, actions: actions, into: &expansion)
    for t in 0...horizon { costs[t] = expansion.values[t] }
  }

  func quadratize(
    horizon: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, into expansion: inout QuadraticCosts
  ) {
    let (n, m) = (stateSize, actionSize)
    (expansion.stateHessians, expansion.crossHessians) = (costs.stateHessians, costs.crossHessians)
    expansion.actionHessians = costs.actionHessians
    for t in 0...horizon {
      let (x, u) = (states + t * n, actions + t * m)
      var value = costs.values[t]
      for i in 0..<n {
        var slope = 0.0
        for j in 0..<n { slope += costs.stateHessians[(t * n + i) * n + j] * x[j] }
        for j in 0..<m { slope += costs.crossHessians[(t * m + j) * n + i] * u[j] }
        expansion.stateGradients[t * n + i] = costs.stateGradients[t * n + i] + slope
        value += (costs.stateGradients[t * n + i] + slope / 2) * x[i]
      }
      for i in 0..<m {
        var slope = 0.0
        for j in 0..<m { slope += costs.actionHessians[(t * m + i) * m + j] * u[j] }
        for j in 0..<n { slope += costs.crossHessians[(t * m + i) * n + j] * x[j] }
        expansion.actionGradients[t * m + i] = costs.actionGradients[t * m + i] + slope
        value += (costs.actionGradients[t * m + i] + slope / 2) * u[i]
      }
      expansion.values[t] = value
    }
  }
}
