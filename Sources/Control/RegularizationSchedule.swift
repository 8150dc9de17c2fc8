/// How much to regularize next: quadratic in the number of failures or successes in a row (Tassa, Erez and Todorov,
/// "Synthesis and stabilization of complex behaviors through online trajectory optimization", 2012, section II-F).
struct RegularizationSchedule: Sendable, Equatable {
  /// μ.
  private(set) var value: Double
  private var factor = 1.0
  private let initial: Double
  private let least: Double
  private let largest: Double
  private let rate: Double

  /// Starts at `initial`, never exceeds `largest`; below `least` it is zero, and from zero it goes to `least`. `rate` is
  /// the smallest factor of change, above 1.
  init(initial: Double, least: Double, largest: Double, rate: Double) {
    self.initial = initial
    self.least = least
    self.largest = largest
    self.rate = rate
    value = initial
  }

  /// Back to the start.
  mutating func reset() { (value, factor) = (initial, 1) }

  /// δ = max(δ₀, δ δ₀), μ = max(μ_min, μ δ). False if that is more than allowed; the value then is the largest.
  mutating func increase() -> Bool {
    factor = max(rate, factor * rate)
    value = max(least, value * factor)
    if value <= largest { return true }
    value = largest
    return false
  }

  /// δ = min(1 / δ₀, δ / δ₀), μ = μ δ, or 0 if that is below μ_min.
  mutating func decrease() {
    factor = min(1 / rate, factor / rate)
    value = value * factor >= least ? value * factor : 0
  }
}
