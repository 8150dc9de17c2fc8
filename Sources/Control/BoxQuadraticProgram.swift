import Kernels

/// Minimizes xᵀHx / 2 + gᵀx within low <= x <= high for positive definite H, by a projected Newton method (Bertsekas 1982,
/// as in Tassa, Mansard and Todorov, "Control-limited differential dynamic programming", 2014, algorithm 1).
///
/// Each iteration takes the coordinates at a bound whose gradient points outward as fixed, makes a Newton step in the
/// others, and searches along the projection of that step on the box. Near the solution the set stays and one step ends
/// it. O(m³) an iteration, in preallocated scratch; one owner.
public final class BoxQuadraticProgram {
  /// How a solution ended.
  public enum Outcome: Sendable, Equatable {
    /// The minimum was found in that many iterations.
    case solved(iterations: Int)
    /// H restricted to the free coordinates is not positive definite.
    case indefinite
    /// An input is NaN or infinite.
    case notFinite
    /// The iterations were used up; the point is within the box and no worse than the start.
    case unfinished
  }

  /// Coordinates, m.
  public let size: Int
  /// Coordinates that are not held at a bound, in ascending order; after `solve`.
  public private(set) var free: [Int] = []
  /// The point: where `solve` starts (after projection on the box), then its result.
  public var point: [Double]

  private var isFree: [Bool]
  private var candidate: [Double]
  private var gradient: [Double]
  private var direction: [Double]
  private var factor: [Double]

  private static let maximalIterations = 100
  private static let stepDecrease = 0.6
  private static let sufficientDecrease = 0.1
  private static let smallestStep = 1e-20

  /// Scratch for `size` coordinates.
  public init(size: Int) {
    precondition(size > 0, "a program without coordinates")
    self.size = size
    point = Array(repeating: 0, count: size)
    isFree = Array(repeating: true, count: size)
    candidate = point
    gradient = point
    direction = point
    factor = Array(repeating: 0, count: size * size)
    free.reserveCapacity(size)
  }

  /// Solves for H with rows `stride` apart, [m, m] symmetric; g [m], `gradientStride` apart; bounds [m].
  func solve(
    _ h: UnsafePointer<Double>, stride: Int, _ g: UnsafePointer<Double>, gradientStride: Int,
    low: UnsafePointer<Double>, high: UnsafePointer<Double>
  ) -> Outcome {
    for i in 0..<size { point[i] = min(max(point[i], low[i]), high[i]) }
    func gradient(_ x: [Double], _ i: Int) -> Double {
      var sum = g[i * gradientStride]
      for j in 0..<size { sum += h[i * stride + j] * x[j] }
      return sum
    }
    func cost(_ x: [Double]) -> Double {
      var sum = 0.0
      for i in 0..<size { sum += x[i] * (gradient(x, i) + g[i * gradientStride]) / 2 }
      return sum
    }
    var current = cost(point)
    guard current.isFinite else { return .notFinite }
    for iteration in 1...Self.maximalIterations {
      let previous = free.count
      var (changed, scale, slope) = (iteration == 1, 0.0, 0.0)
      free.removeAll(keepingCapacity: true)
      for i in 0..<size {
        self.gradient[i] = gradient(point, i)
        var terms = abs(g[i * gradientStride])
        for j in 0..<size { terms += abs(h[i * stride + j] * point[j]) }
        scale = max(scale, terms)
        let isHeld =
          (point[i] <= low[i] && self.gradient[i] > 0) || (point[i] >= high[i] && self.gradient[i] < 0)
          || low[i] == high[i]
        if isFree[i] == isHeld { changed = true }
        isFree[i] = !isHeld
        if !isHeld { free.append(i) }
      }
      if changed || previous != free.count {
        guard factorize(h, stride) else { return .indefinite }
      }
      if free.allSatisfy({ abs(self.gradient[$0]) <= 8e-16 * Double(size) * scale }) {
        return .solved(iterations: iteration)
      }
      solveFactored()
      for (row, i) in free.enumerated() { slope += self.gradient[i] * direction[row] }
      var (step, accepted) = (1.0, false)
      while step > Self.smallestStep, !accepted {
        for i in 0..<size { candidate[i] = point[i] }
        for (row, i) in free.enumerated() {
          candidate[i] = min(max(point[i] + step * direction[row], low[i]), high[i])
        }
        let next = cost(candidate)
        // At the minimum a whole step changes the cost by less than its rounding.
        let isRounding = step == 1 && abs(next - current) <= 1e-14 * abs(current) && -slope <= 1e-13 * abs(current)
        accepted = next - current <= Self.sufficientDecrease * step * slope || isRounding
        if accepted {
          swap(&point, &candidate)
          current = min(current, next)
          if isRounding { return .solved(iterations: iteration) }
        }
        step *= Self.stepDecrease
      }
      if !accepted { return .unfinished }
    }
    return .unfinished
  }

  /// L Lᵀ of H on the free coordinates, lower triangle.
  private func factorize(_ h: UnsafePointer<Double>, _ stride: Int) -> Bool {
    for (r, i) in free.enumerated() {
      for (c, j) in free.enumerated() where c <= r {
        var sum = h[i * stride + j]
        for k in 0..<c { sum -= factor[r * size + k] * factor[c * size + k] }
        if r == c {
          guard sum > GainElimination.tolerance * h[i * stride + i], sum.isFinite else { return false }
          factor[r * size + r] = sum.squareRoot()
        } else {
          factor[r * size + c] = sum / factor[c * size + c]
        }
      }
    }
    return true
  }

  /// direction = -H⁻¹ gradient on the free coordinates.
  private func solveFactored() {
    let count = free.count
    for r in 0..<count {
      var sum = -gradient[free[r]]
      for k in 0..<r { sum -= factor[r * size + k] * direction[k] }
      direction[r] = sum / factor[r * size + r]
    }
    for r in Swift.stride(from: count - 1, through: 0, by: -1) {
      var sum = direction[r]
      for k in (r + 1)..<Swift.max(count, r + 1) { sum -= factor[k * size + r] * direction[k] }
      direction[r] = sum / factor[r * size + r]
    }
  }

  /// Solves for `hessian` [m, m] symmetric, `gradient` [m], `low` and `high` [m].
  public func solve(hessian: DoubleMatrix, gradient: [Double], low: [Double], high: [Double]) -> Outcome {
    precondition(hessian.rows == size && hessian.columns == size, "H is [\(hessian.rows), \(hessian.columns)]")
    precondition(gradient.count == size && low.count == size && high.count == size, "\(size) coordinates")
    return solve(hessian.elements, stride: size, gradient, gradientStride: 1, low: low, high: high)
  }
}
