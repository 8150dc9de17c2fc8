/// `value` limited to [`low`, `high`]; NaN stays NaN, so that a broken action or state shows in the reward.
@inline(__always)
func clip<Value: FloatingPoint>(_ value: Value, _ low: Value, _ high: Value) -> Value {
  value < low ? low : value > high ? high : value
}

/// The index of a discrete action: rounded and limited to `0..<count`; NaN stays NaN.
@inline(__always)
func choice(_ action: Float, of count: Int) -> Double {
  clip(Double(action.rounded()), 0, Double(count - 1))
}
