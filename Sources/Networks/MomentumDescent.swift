import Archive
import Kernels

/// Stochastic gradient descent with momentum: v = momentum * v + g, p -= lr * v (Polyak 1964, as in Sutskever et al. 2013
/// without the Nesterov look-ahead).
public struct MomentumDescent: Sendable {
  /// Decay of the velocity; 0 for plain descent.
  public var momentum: Float
  private var velocity: Vector

  /// Velocity zero for `count` parameters.
  public init(count: Int, momentum: Float = 0.9) {
    velocity = Vector(count: count)
    self.momentum = momentum
  }

  /// One step on all parameters.
  public mutating func step(_ parameters: inout Vector, gradient: Vector, learningRate: Float) {
    precondition(parameters.count == velocity.count && gradient.count == velocity.count, "vectors of different lengths")
    let (v, p, g) = (velocity.mutablePointer, parameters.mutablePointer, gradient.pointer)
    for i in 0..<parameters.count {
      v[i] = momentum * v[i] + g[i]
      p[i] -= learningRate * v[i]
    }
  }
}

extension MomentumDescent: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("velocity", &velocity)
  }
}
