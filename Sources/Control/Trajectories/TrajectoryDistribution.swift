import Interfaces
import Kernels

/// A Gaussian over states.
public struct GaussianState: Sendable, Equatable {
  /// Mean, [n].
  public var mean: [Double]
  /// Covariance, [n, n].
  public var covariance: [Double]

  /// Of mean [n] and covariance [n, n], row-major and symmetric.
  public init(mean: [Double], covariance: [Double]) {
    precondition(covariance.count == mean.count * mean.count, "covariance of another size")
    self.mean = mean
    self.covariance = covariance
  }
}

/// The Gaussian marginals p(x_t, u_t) of a trajectory under linear-Gaussian dynamics and a linear-Gaussian controller.
///
/// With x ~ N(m, S), u = K x + k + N(0, C) and x' = F (x, u) + c + N(0, W): the joint has mean (m, K m + k) and
/// covariance (S, S Kᵀ; K S, K S Kᵀ + C) =: J, and x' has F (m, K m + k) + c and F J Fᵀ + W. O(T (n + m)³); nothing
/// allocates after the first use.
public struct TrajectoryDistribution: Sendable, Equatable {
  /// Number of steps, T.
  public let horizon: Int
  /// Numbers in a state, n.
  public let stateSize: Int
  /// Numbers in an action, m.
  public let actionSize: Int
  /// Means of (x_t, u_t), [T + 1, n + m]; the actions of the last row are zero.
  public private(set) var means: [Double]
  /// Covariances of (x_t, u_t), [T + 1, n + m, n + m]; those of the last row's actions are zero.
  public private(set) var covariances: [Double]
  private var product: [Double]
  private var map: [Double]

  /// Zeros.
  public init(horizon: Int, stateSize: Int, actionSize: Int) {
    precondition(horizon > 0 && stateSize > 0 && actionSize > 0, "empty trajectory")
    self.horizon = horizon
    self.stateSize = stateSize
    self.actionSize = actionSize
    let d = stateSize + actionSize
    means = Array(repeating: 0, count: (horizon + 1) * d)
    covariances = Array(repeating: 0, count: (horizon + 1) * d * d)
    product = Array(repeating: 0, count: d * d)
    map = Array(repeating: 0, count: d * d)
  }

  /// Numbers in a state and an action.
  public var width: Int { stateSize + actionSize }

  /// Follows `controller` from `start` in `dynamics`. False if a number is not finite.
  public mutating func propagate(
    _ dynamics: TimeVaryingLinearGaussian, under controller: TimedLinearGaussian, from start: GaussianState
  ) -> Bool {
    let (n, m, d, horizon) = (stateSize, actionSize, width, horizon)
    precondition(
      dynamics.count == horizon && dynamics.stateSize == n && dynamics.actionSize == m && controller.count == horizon
        && controller.inputSize == n && controller.outputSize == m && start.mean.count == n,
      "a trajectory of another shape")
    means.withUnsafeMutableBufferPointer { means in
      covariances.withUnsafeMutableBufferPointer { covariances in
        product.withUnsafeMutableBufferPointer { product in
          map.withUnsafeMutableBufferPointer { map in
            guard let means = means.baseAddress, let covariances = covariances.baseAddress,
              let product = product.baseAddress, let map = map.baseAddress
            else { return }
            for i in 0..<n {
              means[i] = start.mean[i]
              for j in 0..<n { covariances[i * d + j] = start.covariance[i * n + j] }
            }
            for t in 0..<horizon {
              let (mean, covariance) = (means + t * d, covariances + t * d * d)
              Self.act(t, controller, mean, covariance)
              // F = (A, B)
              for i in 0..<n {
                for j in 0..<n { map[i * d + j] = dynamics.stateMatrices[(t * n + i) * n + j] }
                for j in 0..<m { map[i * d + n + j] = dynamics.actionMatrices[(t * n + i) * m + j] }
              }
              let (next, spread) = (mean + d, covariance + d * d)
              for i in 0..<n {
                next[i] = dynamics.offsets[t * n + i] + dot(map + i * d, mean, d)
                // rows of F J; J is symmetric
                for j in 0..<d { product[i * d + j] = dot(map + i * d, covariance + j * d, d) }
              }
              for i in 0..<n {
                for j in 0...i {
                  let value = dot(product + i * d, map + j * d, d) + dynamics.covariances[(t * n + i) * n + j]
                  spread[i * d + j] = value
                  spread[j * d + i] = value
                }
              }
            }
            for i in n..<d {
              means[horizon * d + i] = 0
              for j in 0..<d {
                covariances[(horizon * d + i) * d + j] = 0
                covariances[(horizon * d + j) * d + i] = 0
              }
            }
          }
        }
      }
    }
    let last = horizon * d
    return (last..<last + d).allSatisfy { means[$0].isFinite && covariances[$0 * d].isFinite }
      && covariances[(last * d)...].allSatisfy(\.isFinite)
  }

  /// Completes the joint of step `t`, whose state part is known.
  private static func act(
    _ t: Int, _ controller: TimedLinearGaussian, _ mean: UnsafeMutablePointer<Double>,
    _ covariance: UnsafeMutablePointer<Double>
  ) {
    let (n, m) = (controller.inputSize, controller.outputSize)
    let d = n + m
    controller.matrices.withUnsafeBufferPointer { matrices in
      guard let gains = matrices.baseAddress.map({ $0 + t * m * n }) else { return }
      for i in 0..<m {
        mean[n + i] = controller.offsets[t * m + i] + dot(gains + i * n, mean, n)
        for j in 0..<n {
          // K S; S is symmetric
          let value = dot(gains + i * n, covariance + j * d, n)
          covariance[(n + i) * d + j] = value
          covariance[j * d + n + i] = value
        }
      }
      for i in 0..<m {
        for j in 0...i {
          let value =
            dot(gains + j * n, covariance + (n + i) * d, n) + controller.covariances[(t * m + i) * m + j]
          covariance[(n + i) * d + n + j] = value
          covariance[(n + j) * d + n + i] = value
        }
      }
    }
  }

  /// Expected costs of the T + 1 rows, for expansions `costs` about zero:
  /// E[l_t] = c + qᵀE[x] + rᵀE[u] + tr(H (J + E[z]E[z]ᵀ)) / 2, z = (x, u).
  public func expectedCosts(_ costs: QuadraticCosts) -> [Double] {
    let (n, m, d) = (stateSize, actionSize, width)
    precondition(
      costs.count == horizon + 1 && costs.tangentSize == n && costs.actionSize == m, "costs of another shape")
    return (0...horizon).map { t in
      let (mean, covariance) = (t * d, t * d * d)
      func second(_ i: Int, _ j: Int) -> Double {
        covariances[covariance + i * d + j] + means[mean + i] * means[mean + j]
      }
      var sum = costs.values[t]
      for i in 0..<n {
        sum += costs.stateGradients[t * n + i] * means[mean + i]
        for j in 0..<n { sum += costs.stateHessians[(t * n + i) * n + j] * second(i, j) / 2 }
      }
      for i in 0..<m {
        sum += costs.actionGradients[t * m + i] * means[mean + n + i]
        for j in 0..<n { sum += costs.crossHessians[(t * m + i) * n + j] * second(n + i, j) }
        for j in 0..<m { sum += costs.actionHessians[(t * m + i) * m + j] * second(n + i, n + j) / 2 }
      }
      return sum
    }
  }
}

@inline(__always)
private func dot(_ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, _ count: Int) -> Double {
  var sum = 0.0
  for i in 0..<count { sum += x[i] * y[i] }
  return sum
}
