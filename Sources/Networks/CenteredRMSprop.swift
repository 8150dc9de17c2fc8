import Archive
import Kernels

/// RMSprop centered by the mean of gradients (Graves 2013, equations 38 to 40, without momentum), as the deep
/// Q-networks of Mnih et al. 2015 and MinAtar's are trained: m = decay m + (1 - decay) g, v = decay v + (1 - decay)
/// g^2, and p -= lr * g / (sqrt(v - m^2) + epsilon), epsilon behind the root as PyTorch has it.
public struct CenteredRMSprop: Sendable {
  /// Decay of both means.
  public let decay: Float
  /// Added to the denominator.
  public let epsilon: Float
  private var means: Vector
  private var squares: Vector

  /// Means of zero for `count` parameters.
  public init(count: Int, decay: Float = 0.95, epsilon: Float = 0.01) {
    means = Vector(count: count)
    squares = Vector(count: count)
    self.decay = decay
    self.epsilon = epsilon
  }

  /// One step on all parameters.
  public mutating func step(_ parameters: inout Vector, gradient: Vector, learningRate: Float) {
    precondition(parameters.count == means.count && gradient.count == means.count, "vectors of different lengths")
    beginStep(learningRate: learningRate).apply(
      parameters.mutablePointer, gradient: gradient.pointer, range: 0..<means.count)
  }

  /// Fixes a step's constants.
  package mutating func beginStep(learningRate: Float) -> Step {
    Step(
      means: means.mutablePointer, squares: squares.mutablePointer, decay: decay, epsilon: epsilon, rate: learningRate)
  }

  /// One step's constants and the means.
  package struct Step: OptimizerStep {
    let means: UnsafeMutablePointer<Float>
    let squares: UnsafeMutablePointer<Float>
    let decay: Float
    let epsilon: Float
    let rate: Float

    package func apply(
      _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, range: Range<Int>
    ) {
      let g = gradient + range.lowerBound
      apply(parameters, range) { g[$0] }
    }

    package func apply(
      _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, plus other: UnsafePointer<Float>,
      range: Range<Int>
    ) {
      let (g, h) = (gradient + range.lowerBound, other + range.lowerBound)
      apply(parameters, range) { g[$0] + h[$0] }
    }

    @inline(__always)
    private func apply(
      _ parameters: UnsafeMutablePointer<Float>, _ range: Range<Int>, _ gradients: (Int) -> Float
    ) {
      let p = parameters + range.lowerBound
      let (m, v) = (means + range.lowerBound, squares + range.lowerBound)
      let (keep, take, rate, epsilon) = (decay, 1 - decay, rate, epsilon)
      for i in 0..<range.count {
        let gradient = gradients(i)
        let mean = keep * m[i] + take * gradient
        let square = keep * v[i] + take * gradient * gradient
        m[i] = mean
        v[i] = square
        // the variance is not negative but for rounding
        let variance = square - mean * mean
        p[i] -= rate * gradient / ((variance > 0 ? variance : 0).squareRoot() + epsilon)
      }
    }
  }
}

extension CenteredRMSprop: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("means", &means)
    try fields.field("squares", &squares)
  }
}
