import Archive
import Kernels

/// RMSprop (Tieleman and Hinton 2012) without momentum: v = decay * v + (1 - decay) g^2, and
/// p -= lr * g / (sqrt(v) + epsilon) from v = 0 on, as PyTorch has it, or p -= lr * g / sqrt(v + epsilon) from v = 1 on,
/// as TensorFlow has it.
public struct RMSprop: Sendable {
  /// Decay of the mean of squares.
  public var decay: Float
  /// Added within the root.
  public var epsilon: Float
  private let isTensorFlow: Bool
  private var squares: Vector

  /// First means of squares for `count` parameters; `isTensorFlow` for TensorFlow's variant.
  public init(count: Int, decay: Float = 0.99, epsilon: Float = 1e-5, isTensorFlow: Bool = false) {
    self.isTensorFlow = isTensorFlow
    squares = Vector(count: count)
    if isTensorFlow { squares.fill(1) }
    self.decay = decay
    self.epsilon = epsilon
  }

  /// One step on all parameters.
  public mutating func step(_ parameters: inout Vector, gradient: Vector, learningRate: Float) {
    precondition(parameters.count == squares.count && gradient.count == squares.count, "vectors of different lengths")
    step(parameters.mutablePointer, gradient: gradient.pointer, learningRate: learningRate)
  }

  /// The same by pointers to as many parameters and gradients as there are means of squares.
  package mutating func step(
    _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, learningRate: Float
  ) {
    let (v, keep, take, epsilon) = (squares.mutablePointer, decay, 1 - decay, epsilon)
    // epsilon within the root, or behind it
    let (inside, behind) = isTensorFlow ? (epsilon, Float(0)) : (Float(0), epsilon)
    for i in 0..<squares.count {
      v[i] = keep * v[i] + take * gradient[i] * gradient[i]
      parameters[i] -= learningRate * gradient[i] / ((v[i] + inside).squareRoot() + behind)
    }
  }
}

extension RMSprop: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("squares", &squares)
  }
}
