import Environments
import Testing

/// Dual numbers against functions whose derivatives are known.
@Suite struct DualTests {
  /// Uses every operation: f(x, y) = sin(x y) / (2 + cos x) - 0.5 e^(-x) y + 3 cos(x + y).
  private static func f<Scalar: DynamicsScalar>(_ x: Scalar, _ y: Scalar) -> Scalar {
    let quotient = (x * y).sine / (Scalar(2) + x.cosine)
    return quotient - 0.5 * (-x).exponential * y + (x + y).cosine(times: 3)
  }

  /// Complex-step and difference quotients in Double, at several points.
  @Test func derivativesAreThoseOfDifferences() {
    var worst = (first: 0.0, second: 0.0)
    let h = 1e-4
    for (x, y) in [(0.3, -1.2), (1.7, 0.4), (-2.2, 2.9), (0, 0), (5, -3)] {
      let dual = Self.f(Dual(x, direction: 2), Dual(y, direction: 5))
      let second = Self.f(SecondOrderDual(x, direction: 2), SecondOrderDual(y, direction: 5))
      #expect(dual.value == Self.f(x, y) && second.value == dual.value)
      #expect(second.gradient == dual.slopes)
      func f(_ i: Double, _ j: Double) -> Double { Self.f(x + i * h, y + j * h) }
      // fourth-order differences
      let dx = (8 * (f(1, 0) - f(-1, 0)) - (f(2, 0) - f(-2, 0))) / (12 * h)
      let dy = (8 * (f(0, 1) - f(0, -1)) - (f(0, 2) - f(0, -2))) / (12 * h)
      worst.first = max(worst.first, abs(dual.slopes[2] - dx), abs(dual.slopes[5] - dy))
      let dxx = (f(1, 0) - 2 * f(0, 0) + f(-1, 0)) / (h * h)
      let dyy = (f(0, 1) - 2 * f(0, 0) + f(0, -1)) / (h * h)
      let dxy = (f(1, 1) - f(1, -1) - f(-1, 1) + f(-1, -1)) / (4 * h * h)
      worst.second = max(
        worst.second, abs(second.hessian[2][2] - dxx), abs(second.hessian[5][5] - dyy), abs(second.hessian[2][5] - dxy),
        abs(second.hessian[5][2] - dxy))
      for direction in [0, 1, 3, 4, 6, 7] {
        #expect(dual.slopes[direction] == 0 && second.hessian[direction] == .zero)
        #expect(second.hessian[2][direction] == 0)
      }
    }
    #expect(worst.first < 1e-9, "first derivatives are off by up to \(worst.first)")
    #expect(worst.second < 1e-5, "second derivatives are off by up to \(worst.second)")
  }

  /// Within its bounds and at them a clipped number is itself; outside it is a constant.
  @Test func clippingKeepsDerivativesInsideOnly() {
    for (x, slope) in [(-2.0, 0.0), (-1, 1), (0.5, 1), (1, 1), (1.01, 0)] {
      let clipped = Dual(x, direction: 0).clipped(-1, 1)
      #expect(clipped.value == max(-1, min(1, x)) && clipped.slopes[0] == slope)
      let second = (SecondOrderDual(x, direction: 0).clipped(-1, 1))
      let square = second * second
      #expect(square.gradient[0] == 2 * clipped.value * slope && square.hessian[0][0] == 2 * slope)
    }
    #expect(Dual(.nan).clipped(0, 1).value.isNaN)
  }

  @Test func remaindersKeepDerivatives() {
    let angle = Dual(7, direction: 1).remainder(dividingBy: 2 * .pi)
    #expect(abs(angle.value - (7 - 2 * Double.pi)) < 1e-15 && angle.slopes[1] == 1)
  }
}
