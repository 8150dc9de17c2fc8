import Foundation

/// What a squared distance D = zᵀW z costs.
public struct Penalty: Sendable, Equatable {
  private enum Shape: Equatable {
    case quadratic
    case logarithmic(quadratic: Double, logarithm: Double, offset: Double)
    case bump(width: Double)
  }

  private let weight: Double
  private let shape: Shape

  private init(_ weight: Double, _ shape: Shape) {
    precondition(weight >= 0 && weight.isFinite, "a penalty of weight \(weight)")
    self.weight = weight
    self.shape = shape
  }

  /// w D.
  public static func quadratic(weight: Double) -> Penalty { Penalty(weight, .quadratic) }

  /// w (a D + v log(D + α)): a pull from afar by the quadratic part `a`, and precision near the target by the logarithm's
  /// share `v`, whose slope rises until D is about α, the `offset` (Levine and Abbeel, "Learning neural network policies
  /// with guided policy search under unknown dynamics", NIPS 2014; Levine et al., "End-to-end training of deep visuomotor
  /// policies", JMLR 2016, section 5.1 with a = 1, α = 1e-5). It may be negative.
  public static func logarithmic(
    weight: Double = 1, quadratic: Double = 1, logarithm: Double, offset: Double = 1e-5
  ) -> Penalty {
    precondition(quadratic >= 0 && logarithm >= 0 && offset > 0, "a = \(quadratic), v = \(logarithm), α = \(offset)")
    return Penalty(weight, .logarithmic(quadratic: quadratic, logarithm: logarithm, offset: offset))
  }

  /// w exp(-D / 2σ²), a hill of standard deviation σ, the `width`: something to stay away from.
  public static func bump(weight: Double, width: Double) -> Penalty {
    precondition(width > 0, "a hill of width \(width)")
    return Penalty(weight, .bump(width: width))
  }

  /// l(D).
  public func value(_ distance: Double) -> Double {
    switch shape {
    case .quadratic: weight * distance
    case .logarithmic(let quadratic, let logarithm, let offset):
      weight * (quadratic * distance + logarithm * log(distance + offset))
    case .bump(let width): weight * exp(-distance / (2 * width * width))
    }
  }

  /// l(D), l'(D) and l''(D).
  func derivatives(_ distance: Double) -> (value: Double, slope: Double, curvature: Double) {
    let value = value(distance)
    switch shape {
    case .quadratic: return (value, weight, 0)
    case .logarithmic(let quadratic, let logarithm, let offset):
      let inverse = 1 / (distance + offset)
      return (value, weight * (quadratic + logarithm * inverse), -weight * logarithm * inverse * inverse)
    case .bump(let width):
      let rate = -1 / (2 * width * width)
      return (value, rate * value, rate * rate * value)
    }
  }

  /// The least value there is.
  var minimum: Double {
    switch shape {
    case .quadratic, .bump: 0
    case .logarithmic(_, let logarithm, let offset): min(0, weight * logarithm * log(offset))
    }
  }
}
