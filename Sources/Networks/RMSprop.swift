import Archive
import Kernels

/// RMSprop as TensorFlow has it and as A2C was tuned with: v = decay * v + (1 - decay) g^2 from v = 1 on,
/// p -= lr * g / sqrt(v + epsilon), epsilon within the root (Tieleman and Hinton 2012; `RMSpropTFLike` of
/// Stable-Baselines3). No momentum.
public struct RMSprop: Sendable {
  /// Decay of the mean of squares.
  public var decay: Float
  /// Added within the root.
  public var epsilon: Float
  private var squares: Vector

  /// Means of squares of 1 for `count` parameters.
  public init(count: Int, decay: Float = 0.99, epsilon: Float = 1e-5) {
    squares = Vector(count: count)
    squares.fill(1)
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
    for i in 0..<squares.count {
      v[i] = keep * v[i] + take * gradient[i] * gradient[i]
      parameters[i] -= learningRate * gradient[i] / (v[i] + epsilon).squareRoot()
    }
  }
}

extension RMSprop: Checkpointable {
  public func save(to writer: inout StateWriter) { writer.write("squares", squares) }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try reader.read("squares", into: &squares)
  }
}
