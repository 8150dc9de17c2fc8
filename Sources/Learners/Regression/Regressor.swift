import Archive
import Kernels

/// Learns a function of real vectors from examples, all at once.
public protocol Regressor: Checkpointable, Sendable {
  /// Fits to `count` >= 1 examples, inputs `x` [N, D] row-major and targets `y` [N], and forgets those before. Draws
  /// from `random` alone, and uses all threads with the same result.
  mutating func fit(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, count: Int, using random: RandomStream)

  /// The value at `x` [D]; 0 before the first fit. Does not allocate.
  func predict(_ x: UnsafePointer<Float>) -> Float
}

extension Regressor {
  /// The same on a matrix [N, D] and N targets.
  public mutating func fit(_ x: Matrix, _ y: Vector, using random: RandomStream) {
    precondition(x.rows == y.count && x.rows > 0, "\(y.count) targets for \(x.rows) inputs")
    fit(x.pointer, y.pointer, count: x.rows, using: random)
  }

  /// The values at the rows of `x` [N, D].
  public func predict(_ x: Matrix) -> [Float] {
    withExtendedLifetime(x) { x in (0..<x.rows).map { predict(x.pointer + $0 * x.columns) } }
  }
}
