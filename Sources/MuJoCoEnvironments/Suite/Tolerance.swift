#if MuJoCo

import Foundation

/// How near a number is to an interval, the shape of the control suite's rewards (Tassa et al., "dm_control: Software
/// and tasks for continuous control" 2020): 1 inside, and outside a function of the distance d to the nearer bound that
/// falls to `valueAtMargin` where d is `margin`; 0 outside if the margin is 0.
struct Tolerance: Sendable {
  /// The function of x = d / margin, by the value v at 1.
  enum Shape: Sendable {
    /// v^(x^2).
    case gaussian
    /// 1 - (1 - v) x, at least 0.
    case linear
    /// 1 - (1 - v) x^2, at least 0.
    case quadratic
  }

  var bounds: ClosedRange<Double> = 0...0
  var margin = 0.0
  var shape = Shape.gaussian
  var valueAtMargin = 0.1

  /// The tolerance of `value`, in 0...1.
  func callAsFunction(_ value: Double) -> Double {
    if bounds.contains(value) { return 1 }
    guard margin > 0 else { return 0 }
    let x = (value < bounds.lowerBound ? bounds.lowerBound - value : value - bounds.upperBound) / margin
    switch shape {
    case .gaussian:
      let scaled = x * (-2 * log(valueAtMargin)).squareRoot()
      return exp(-0.5 * scaled * scaled)
    case .linear:
      let scaled = x * (1 - valueAtMargin)
      return scaled.magnitude < 1 ? 1 - scaled : 0
    case .quadratic:
      let scaled = x * (1 - valueAtMargin).squareRoot()
      return scaled.magnitude < 1 ? 1 - scaled * scaled : 0
    }
  }
}

#endif
