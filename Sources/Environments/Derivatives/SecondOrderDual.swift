import Foundation

/// A number with its first and second derivatives in up to eight directions: a truncated Taylor polynomial in several
/// variables (Griewank and Walther, "Evaluating Derivatives", 2008, chapter 13), exact to rounding.
public struct SecondOrderDual: DynamicsScalar {
  public var value: Double
  /// First derivatives, one a direction.
  public var gradient: SIMD8<Double>
  /// Second derivatives, row by row; symmetric.
  public var hessian: InlineArray<8, SIMD8<Double>>

  public init(_ value: Double) {
    self.value = value
    gradient = .zero
    hessian = InlineArray(repeating: .zero)
  }

  /// The independent variable of direction `direction`, 0..<8.
  public init(_ value: Double, direction: Int) {
    self.init(value)
    gradient[direction] = 1
  }

  @inline(__always)
  private init(_ value: Double, _ gradient: SIMD8<Double>, row: (Int) -> SIMD8<Double>) {
    self.value = value
    self.gradient = gradient
    hessian = InlineArray { row($0) }
  }

  public static func + (left: SecondOrderDual, right: SecondOrderDual) -> SecondOrderDual {
    SecondOrderDual(left.value + right.value, left.gradient + right.gradient) { left.hessian[$0] + right.hessian[$0] }
  }

  public static func - (left: SecondOrderDual, right: SecondOrderDual) -> SecondOrderDual {
    SecondOrderDual(left.value - right.value, left.gradient - right.gradient) { left.hessian[$0] - right.hessian[$0] }
  }

  /// (ab)'' = a b'' + b a'' + a' b'ᵀ + b' a'ᵀ.
  public static func * (left: SecondOrderDual, right: SecondOrderDual) -> SecondOrderDual {
    SecondOrderDual(left.value * right.value, left.value * right.gradient + right.value * left.gradient) { row in
      left.value * right.hessian[row] + right.value * left.hessian[row] + left.gradient[row] * right.gradient
        + right.gradient[row] * left.gradient
    }
  }

  /// With q = a / b, from a = q b: q'' = (a'' - q b'' - q' b'ᵀ - b' q'ᵀ) / b.
  public static func / (left: SecondOrderDual, right: SecondOrderDual) -> SecondOrderDual {
    let quotient = left.value / right.value
    let slope = (left.gradient - quotient * right.gradient) / right.value
    return SecondOrderDual(quotient, slope) { row in
      (left.hessian[row] - quotient * right.hessian[row] - slope[row] * right.gradient - right.gradient[row] * slope)
        / right.value
    }
  }

  public static prefix func - (operand: SecondOrderDual) -> SecondOrderDual { -1 * operand }

  public static func * (factor: Double, right: SecondOrderDual) -> SecondOrderDual {
    SecondOrderDual(factor * right.value, factor * right.gradient) { factor * right.hessian[$0] }
  }

  /// f(x) with f' and f'' at x: f(x)'' = f' x'' + f'' x' x'ᵀ.
  @inline(__always)
  private func composed(_ f: Double, _ first: Double, _ second: Double) -> SecondOrderDual {
    SecondOrderDual(f, first * gradient) { first * hessian[$0] + (second * gradient[$0]) * gradient }
  }

  public var sine: SecondOrderDual {
    let (sine, cosine) = (sin(value), cos(value))
    return composed(sine, cosine, -sine)
  }

  public var cosine: SecondOrderDual {
    let (sine, cosine) = (sin(value), cos(value))
    return composed(cosine, -sine, -cosine)
  }

  public var exponential: SecondOrderDual {
    let power = exp(value)
    return composed(power, power, power)
  }

  public func cosine(times factor: Double) -> SecondOrderDual { factor * cosine }

  public func clipped(_ low: Double, _ high: Double) -> SecondOrderDual {
    value < low ? SecondOrderDual(low) : value > high ? SecondOrderDual(high) : self
  }

  public func remainder(dividingBy divisor: Double) -> SecondOrderDual {
    var result = self
    result.value = value.remainder(dividingBy: divisor)
    return result
  }
}
