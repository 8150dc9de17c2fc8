import Foundation
import Kernels

/// Numbers that a task writes its equations over: plain ones to step with, dual ones that carry derivatives along.
///
/// Decisions (a stop reached, a bound exceeded) are made on `value`; derivatives are those of the branch taken.
public protocol DynamicsScalar: Sendable {
  /// A constant.
  init(_ value: Double)

  /// The number itself, without derivatives.
  var value: Double { get }

  /// The sum, its derivatives those of both.
  static func + (left: Self, right: Self) -> Self
  /// The difference.
  static func - (left: Self, right: Self) -> Self
  /// The product, with derivatives by the product rule.
  static func * (left: Self, right: Self) -> Self
  /// The quotient; division by 0 as for plain numbers.
  static func / (left: Self, right: Self) -> Self
  /// The number with its sign changed.
  static prefix func - (operand: Self) -> Self
  /// The product with a constant: cheaper than with a number that has derivatives.
  static func * (factor: Double, right: Self) -> Self

  /// Of an angle in rad.
  var sine: Self { get }
  /// Of an angle in rad.
  var cosine: Self { get }
  /// e to this power.
  var exponential: Self { get }

  /// `factor` times the cosine, rounded once.
  func cosine(times factor: Double) -> Self

  /// Limited to [`low`, `high`], the bounds themselves counting as inside; NaN stays NaN.
  func clipped(_ low: Double, _ high: Double) -> Self

  /// The nearest to 0 of the numbers that differ from this one by a multiple of `divisor`.
  func remainder(dividingBy divisor: Double) -> Self
}

extension DynamicsScalar {
  /// Its square.
  @inline(__always)
  var squared: Self { self * self }
}

extension Double: DynamicsScalar {
  public var value: Double { self }
  public var sine: Double { sin(self) }
  public var cosine: Double { cos(self) }
  public var exponential: Double { exp(self) }
  public func cosine(times factor: Double) -> Double { factor * cos(self) }
  public func clipped(_ low: Double, _ high: Double) -> Double { clip(self, low, high) }
  public func remainder(dividingBy divisor: Double) -> Double { _remainder(self, divisor) }
}

@inline(__always)
private func _remainder(_ value: Double, _ divisor: Double) -> Double { Foundation.remainder(value, divisor) }

extension Float: DynamicsScalar {
  public var value: Double { Double(self) }
  public static func * (factor: Double, right: Float) -> Float { Float(factor) * right }
  public var sine: Float { Float(sin(Double(self))) }
  public var cosine: Float { Float(cos(Double(self))) }
  public var exponential: Float { Kernels.Scalar.exp(self) }
  public func cosine(times factor: Double) -> Float { Float(factor * cos(Double(self))) }
  public func clipped(_ low: Double, _ high: Double) -> Float { clip(self, Float(low), Float(high)) }
  public func remainder(dividingBy divisor: Double) -> Float { Float(Double(self).remainder(dividingBy: divisor)) }
}
