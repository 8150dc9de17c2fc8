import Archive
import Kernels

/// Adam (Kingma and Ba 2015) and, with `weightDecay` > 0, AdamW (Loshchilov and Hutter 2019, decoupled decay), with the
/// bias corrections of the paper's algorithm 1: p -= lr * (m / c1) / (sqrt(v / c2) + epsilon).
public struct Adam: Sendable {
  /// Decay of the first moment.
  public var beta1: Float
  /// Decay of the second moment.
  public var beta2: Float
  /// Added to the denominator.
  public var epsilon: Float
  /// Decoupled weight decay per unit of learning rate (AdamW); 0 for plain Adam.
  public var weightDecay: Float
  package var first: Vector
  package var second: Vector
  package private(set) var steps = 0

  /// Moments of zero for `count` parameters.
  public init(count: Int, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8, weightDecay: Float = 0) {
    first = Vector(count: count)
    second = Vector(count: count)
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// One step on all parameters.
  public mutating func step(_ parameters: inout Vector, gradient: Vector, learningRate: Float) {
    precondition(parameters.count == first.count && gradient.count == first.count, "vectors of different lengths")
    beginStep(learningRate: learningRate).apply(
      parameters.mutablePointer, gradient: gradient.pointer, range: 0..<first.count)
  }

  /// Counts a step and fixes its constants; the returned value may then be applied to disjoint ranges from several
  /// threads. It is valid while this optimizer lives and is not copied.
  package mutating func beginStep(learningRate: Float) -> Step { beginSteps(1, learningRate: learningRate).step(0) }

  /// Counts `count` steps at once, for parts of the parameters that go through them independently of one another.
  package mutating func beginSteps(_ count: Int, learningRate: Float) -> Steps {
    defer { steps += count }
    return Steps(
      first: first.mutablePointer, second: second.mutablePointer, taken: steps, beta1: beta1, beta2: beta2,
      learningRate: learningRate, epsilon: epsilon, shrink: 1 - learningRate * weightDecay)
  }

  /// Several steps' constants and the moments.
  package struct Steps {
    let first: UnsafeMutablePointer<Float>
    let second: UnsafeMutablePointer<Float>
    let taken: Int
    let beta1: Float
    let beta2: Float
    let learningRate: Float
    let epsilon: Float
    let shrink: Float

    /// The step numbered `index` from 0 of those begun together.
    package func step(_ index: Int) -> Step {
      let c1 = 1 - Adam.power(beta1, taken + index + 1)
      let c2 = 1 - Adam.power(beta2, taken + index + 1)
      return Step(
        first: first, second: second, beta1: beta1, beta2: beta2, rate: Float(Double(learningRate) / c1),
        secondScale: Float(1 / c2), epsilon: epsilon, shrink: shrink)
    }
  }

  private static func power(_ base: Float, _ exponent: Int) -> Double {
    var (result, square, left) = (1.0, Double(base), exponent)
    while left > 0 {
      if left & 1 == 1 { result *= square }
      square *= square
      left >>= 1
    }
    return result
  }

  /// One step's constants and moments.
  package struct Step {
    package let first: UnsafeMutablePointer<Float>
    package let second: UnsafeMutablePointer<Float>
    package let beta1: Float
    package let beta2: Float
    package let rate: Float
    package let secondScale: Float
    package let epsilon: Float
    package let shrink: Float

    /// The step of a part of the parameters that begins at index `start`, with indices counted from there.
    package func offset(by start: Int) -> Step {
      Step(
        first: first + start, second: second + start, beta1: beta1, beta2: beta2, rate: rate, secondScale: secondScale,
        epsilon: epsilon, shrink: shrink)
    }

    /// Updates the parameters in `range`; `parameters` and `gradient` point at index 0 of the whole vectors.
    package func apply(
      _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, range: Range<Int>
    ) {
      let g = gradient + range.lowerBound
      apply(parameters, range) { g[$0] }
    }

    /// As `apply` with the sum of two gradients.
    package func apply(
      _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, plus other: UnsafePointer<Float>,
      range: Range<Int>
    ) {
      let (g, h) = (gradient + range.lowerBound, other + range.lowerBound)
      apply(parameters, range) { g[$0] + h[$0] }
    }

    /// As `apply` with `scale` times the gradient.
    package func apply(
      _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, scale: Float, range: Range<Int>
    ) {
      let g = gradient + range.lowerBound
      apply(parameters, range) { scale * g[$0] }
    }

    /// As `apply` with `decay` times the parameters added to the gradient: that of an L2 penalty of half of `decay`.
    package func apply(
      _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, decay: Float, range: Range<Int>
    ) {
      let (g, p) = (gradient + range.lowerBound, parameters + range.lowerBound)
      apply(parameters, range) { g[$0] + decay * p[$0] }
    }

    @inline(__always)
    private func apply(
      _ parameters: UnsafeMutablePointer<Float>, _ range: Range<Int>, _ gradients: (Int) -> Float
    ) {
      let p = parameters + range.lowerBound
      let (m, v) = (first + range.lowerBound, second + range.lowerBound)
      let (b1, b2, a1, a2) = (beta1, beta2, 1 - beta1, 1 - beta2)
      let (rate, scale, epsilon, shrink) = (rate, secondScale, epsilon, shrink)
      for i in 0..<range.count {
        let gradient = gradients(i)
        var mean = b1 * m[i] + a1 * gradient
        var square = b2 * v[i] + a2 * gradient * gradient
        // Moments of idle units decay into denormal numbers, which are a hundred times slower; they are nothing beside
        // epsilon long before.
        mean = abs(mean) < 1e-30 ? 0 : mean
        square = square < 1e-30 ? 0 : square
        m[i] = mean
        v[i] = square
        p[i] = shrink * p[i] - rate * mean / ((square * scale).squareRoot() + epsilon)
      }
    }
  }
}

extension Adam: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("first", &first)
    try fields.field("second", &second)
    try fields.field("steps", &steps)
  }
}
