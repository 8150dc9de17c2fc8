import Control
import Interfaces
import Kernels

/// Random linear-Gaussian systems with controllers and costs.
struct LocalProblem {
  let dynamics: TimeVaryingLinearGaussian
  let costs: QuadraticCosts
  let controller: TimedLinearGaussian
  let start: GaussianState
  static let (horizon, n, m) = (8, 3, 2)

  init(seed: UInt64, horizon: Int = LocalProblem.horizon) {
    let (n, m) = (Self.n, Self.m)
    var random = RandomStream(seed: seed).child("system")
    let problem = Problems.convex(horizon: horizon, states: n, actions: m, seed: seed)
    costs = problem.costs
    var dynamics = TimeVaryingLinearGaussian(count: horizon, stateSize: n, actionSize: m)
    dynamics.stateMatrices = problem.dynamics.stateJacobians
    dynamics.actionMatrices = problem.dynamics.actionJacobians
    dynamics.offsets = problem.offsets
    for t in 0..<horizon {
      let square = Problems.positive(n, &random)
      for i in 0..<n * n { dynamics.covariances[t * n * n + i] = 0.01 * square.elements[i] }
    }
    self.dynamics = dynamics
    controller = Self.controller(horizon: horizon, &random)
    start = GaussianState(
      mean: Problems.normal(n, 1, &random), covariance: Problems.positive(n, &random).elements.map { 0.05 * $0 })
  }

  /// A random controller whose covariances are not diagonal.
  static func controller(horizon: Int, _ random: inout RandomStream) -> TimedLinearGaussian {
    var controller = TimedLinearGaussian(count: horizon, inputSize: n, outputSize: m)
    controller.matrices = Problems.normal(controller.matrices.count, 0.2, &random)
    controller.offsets = Problems.normal(controller.offsets.count, 0.3, &random)
    for t in 0..<horizon {
      let square = Problems.positive(m, &random)
      for i in 0..<m * m { controller.covariances[t * m * m + i] = 0.3 * square.elements[i] }
    }
    return controller
  }

  func distribution(_ controller: TimedLinearGaussian) -> TrajectoryDistribution? {
    var distribution = TrajectoryDistribution(
      horizon: dynamics.count, stateSize: Self.n, actionSize: Self.m)
    return distribution.propagate(dynamics, under: controller, from: start) ? distribution : nil
  }

  /// The expected cost, and the divergence from `self.controller`.
  func evaluate(_ controller: TimedLinearGaussian) -> (cost: Double, divergence: Double) {
    guard let distribution = distribution(controller), let measure = ControllerDivergence(from: self.controller) else {
      return (.infinity, .infinity)
    }
    return (
      distribution.expectedCosts(costs).reduce(0, +),
      measure.terms(of: controller, along: distribution).reduce(0, +)
    )
  }

  var update: ControllerUpdateProblem {
    ControllerUpdateProblem(dynamics: dynamics, costs: costs, start: start, previous: controller)
  }
}

/// Draws from Gaussians given by covariances.
struct GaussianSampler {
  private var factors: [DoubleMatrix] = []
  private let size: Int

  init(_ covariances: [Double], size: Int) throws {
    self.size = size
    for first in stride(from: 0, to: covariances.count, by: size * size) {
      factors.append(
        try DoubleMatrix(rows: size, columns: size, Array(covariances[first..<first + size * size])).cholesky())
    }
  }

  func draw(_ index: Int, around mean: [Double], _ random: inout RandomStream) -> [Double] {
    let z = (0..<size).map { _ in Double(random.normal()) }
    return (0..<size).map { i in mean[i] + (0...i).reduce(0) { $0 + factors[index][i, $1] * z[$1] } }
  }
}
