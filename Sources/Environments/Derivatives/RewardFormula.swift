import Interfaces
import Kernels

/// A reward that is one formula of an observation and the action within its bounds, written once over any kind of
/// number: plain ones for rewards, dual ones for their derivatives. Never terminates.
///
/// Observations have at most eight components, those of the action included.
public protocol RewardFormula: DifferentiableObjective {
  /// Components of an observation, D.
  static var observationSize: Int { get }
  /// Components of an action, A.
  static var actionSize: Int { get }
  /// Magnitude to which actions are limited.
  static var actionBound: Double { get }
  /// Whether the observation is that after the step; else that before it.
  static var isOfNext: Bool { get }

  /// The reward, of an action within the bounds.
  func reward<Number: ObservationScalar>(
    _ observation: LongScalarVector<Number>, _ action: ScalarVector<Number>
  ) -> Number
}

extension RewardFormula {
  /// Scores `count` transitions, as `Objective` says.
  public func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    let (n, m, bound) = (Self.observationSize, Self.actionSize, Self.actionBound)
    let source = Self.isOfNext ? next : states
    for row in 0..<count {
      var (observation, action) = (LongScalarVector<Float>(), ScalarVector<Float>())
      for i in 0..<n { observation[i] = source[row * n + i] }
      for i in 0..<m { action[i] = actions[row * m + i].clipped(-bound, bound) }
      rewards[row] = reward(observation, action)
    }
    terminated.update(repeating: false, count: count)
  }

  /// By dual numbers with a direction for each component of the observation and the action.
  public func differentiate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    stateGradients: UnsafeMutablePointer<Float>, actionGradients: UnsafeMutablePointer<Float>,
    nextGradients: UnsafeMutablePointer<Float>
  ) {
    let (n, m, bound) = (Self.observationSize, Self.actionSize, Self.actionBound)
    let source = Self.isOfNext ? next : states
    let (gradients, others) = Self.isOfNext ? (nextGradients, stateGradients) : (stateGradients, nextGradients)
    others.update(repeating: 0, count: n * count)
    for row in 0..<count {
      var (observation, action) = (LongScalarVector<Dual>(), ScalarVector<Dual>())
      for i in 0..<n { observation[i] = Dual(Double(source[row * n + i]), direction: i) }
      for i in 0..<m { action[i] = Dual(Double(actions[row * m + i]), direction: n + i).clipped(-bound, bound) }
      let slopes = reward(observation, action).slopes
      for i in 0..<n { gradients[row * n + i] = Float(slopes[i]) }
      for i in 0..<m { actionGradients[row * m + i] = Float(slopes[n + i]) }
    }
  }
}

/// Numbers that observations are made of: single precision as agents see them, or dual.
public protocol ObservationScalar: DynamicsScalar {
  /// |atan2(sine, cosine)| in [0, π]; the vector need not have unit length.
  static func angleMagnitude(cosine: Self, sine: Self) -> Self
}

extension Float: ObservationScalar {
  /// By a polynomial, good to 4e-7 rad.
  @inline(__always)
  public static func angleMagnitude(cosine: Float, sine: Float) -> Float {
    Environments.angleMagnitude(cosine: cosine, sine: sine)
  }
}
