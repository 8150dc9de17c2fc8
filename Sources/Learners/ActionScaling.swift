import Interfaces
import Kernels

/// Affine map between an environment's box of actions and the unit box [-1, 1], in which squashed policies work.
public struct ActionScaling: Sendable {
  /// Middle of each component, [A].
  let center: Vector
  /// Half the width of each component, [A].
  let half: Vector

  /// The map for bounds `low` < `high`, [A].
  public init(low: [Float], high: [Float]) {
    precondition(low.count == high.count && zip(low, high).allSatisfy { $0 < $1 }, "empty action range")
    center = Vector(zip(low, high).map { 0.5 * ($0 + $1) })
    half = Vector(zip(low, high).map { 0.5 * ($1 - $0) })
  }

  /// Number of components, A.
  public var size: Int { center.count }

  /// Unit actions [rows, A], `stride` floats from row to row, from the environment's [rows, A].
  func toUnit(_ actions: UnsafePointer<Float>, rows: Int, into unit: UnsafeMutablePointer<Float>, stride: Int) {
    let (center, half) = (self.center.pointer, self.half.pointer)
    for r in 0..<rows {
      for c in 0..<size { unit[r * stride + c] = (actions[r * size + c] - center[c]) / half[c] }
    }
  }

  /// Overwrites unit actions [rows, A] by the environment's.
  func fromUnit(_ actions: UnsafeMutablePointer<Float>, rows: Int) {
    let (center, half) = (self.center.pointer, self.half.pointer)
    for r in 0..<rows {
      for c in 0..<size { actions[r * size + c] = center[c] + half[c] * actions[r * size + c] }
    }
  }

  /// The nearest number in the unit box; NaN stays NaN.
  @inline(__always)
  static func clipToUnit(_ x: Float) -> Float {
    let low = x < -1 ? -1 : x
    return low > 1 ? 1 : low
  }

  /// Overwrites one unit action by the environment's.
  package func fromUnit(_ action: inout [Float]) {
    precondition(action.count == size, "\(action.count) components of \(size)")
    action.withUnsafeMutableBufferPointer { action in
      if let base = action.baseAddress { fromUnit(base, rows: 1) }
    }
  }
}
