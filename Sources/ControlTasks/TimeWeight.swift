/// How much a cost counts at step t of an episode of T steps.
public enum TimeWeight: Sendable, Equatable {
  /// The same at all times.
  case constant(Double = 1)
  /// (t / T)^power times the weight: rising from 0 to it.
  case ramp(Double = 1, power: Int = 1)
  /// At t = T alone.
  case final(Double = 1)

  /// The factor at `step`, 0...horizon.
  public func factor(step: Int, horizon: Int) -> Double {
    switch self {
    case .constant(let weight): return weight
    case .ramp(let weight, let power):
      var factor = weight
      for _ in 0..<power { factor *= Double(step) / Double(max(horizon, 1)) }
      return factor
    case .final(let weight): return step == horizon ? weight : 0
    }
  }

  /// Whether it is the same at all times.
  public var isConstant: Bool {
    if case .constant = self { true } else { false }
  }
}
