import Foundation

/// A number with its derivatives in up to eight directions: forward differentiation, exact to rounding.
///
/// (a + a'ε)(b + b'ε) = ab + (a'b + ab')ε with ε² = 0 (Griewank and Walther, "Evaluating Derivatives", 2008, chapter
/// 3).
public struct Dual: DynamicsScalar {
  /// Directions there are.
  public static var directions: Int { 8 }

  public var value: Double
  /// Derivatives, one a direction.
  public var slopes: SIMD8<Double>

  public init(_ value: Double) {
    self.value = value
    slopes = .zero
  }

  /// The independent variable of direction `direction`, 0..<8.
  public init(_ value: Double, direction: Int) {
    self.value = value
    slopes = .zero
    slopes[direction] = 1
  }

  @inline(__always)
  private init(_ value: Double, _ slopes: SIMD8<Double>) {
    self.value = value
    self.slopes = slopes
  }

  public static func + (left: Dual, right: Dual) -> Dual { Dual(left.value + right.value, left.slopes + right.slopes) }

  public static func - (left: Dual, right: Dual) -> Dual { Dual(left.value - right.value, left.slopes - right.slopes) }

  public static func * (left: Dual, right: Dual) -> Dual {
    Dual(left.value * right.value, left.value * right.slopes + right.value * left.slopes)
  }

  public static func / (left: Dual, right: Dual) -> Dual {
    let quotient = left.value / right.value
    return Dual(quotient, (left.slopes - quotient * right.slopes) / right.value)
  }

  public static prefix func - (operand: Dual) -> Dual { Dual(-operand.value, -operand.slopes) }

  public static func * (factor: Double, right: Dual) -> Dual { Dual(factor * right.value, factor * right.slopes) }

  public var sine: Dual { Dual(sin(value), cos(value) * slopes) }
  public var cosine: Dual { Dual(cos(value), -sin(value) * slopes) }

  public var exponential: Dual {
    let power = exp(value)
    return Dual(power, power * slopes)
  }

  public func cosine(times factor: Double) -> Dual { factor * cosine }

  public func clipped(_ low: Double, _ high: Double) -> Dual {
    value < low ? Dual(low) : value > high ? Dual(high) : self
  }

  public func remainder(dividingBy divisor: Double) -> Dual { Dual(value.remainder(dividingBy: divisor), slopes) }
}

extension Dual: ObservationScalar {
  /// With θ = atan2(s, c): ∂θ/∂c = -s / (c² + s²), ∂θ/∂s = c / (c² + s²).
  public static func angleMagnitude(cosine: Dual, sine: Dual) -> Dual {
    let (c, s) = (cosine.value, sine.value)
    let sign = s < 0 ? -1.0 : 1.0
    let scale = sign / (c * c + s * s)
    return Dual(abs(atan2(s, c)), (scale * c) * sine.slopes - (scale * s) * cosine.slopes)
  }
}
