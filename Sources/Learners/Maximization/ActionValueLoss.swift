import Configuration
import Kernels

/// How far a value is from its target.
public enum ActionValueLoss: String, CaseIterable, SettingValue {
  /// Half the squared error.
  case squared
  /// Huber's, linear beyond `error_limit`.
  case huber
  /// Cross-entropy between target and value as probabilities, for values in a range known in advance (Kalashnikov et al.
  /// 2018, section 4.2).
  case crossEntropy = "cross_entropy"
}

/// The network's output f as a value: f itself, or with cross-entropy low + (high - low) sigmoid(f).
struct ActionValueScale: Sendable {
  let loss: ActionValueLoss
  let errorLimit: Float
  let low: Float
  let high: Float

  /// The value of an output.
  @inline(__always)
  func value(_ output: Float) -> Float {
    loss == .crossEntropy ? low + (high - low) / (1 + Scalar.exp(-output)) : output
  }

  /// Overwrites outputs [rows] by the gradient of `share` * sum over rows of weight * loss, and returns that sum and the
  /// sum of the values. No weights mean 1.
  func regress(
    _ outputs: UnsafeMutablePointer<Float>, targets y: UnsafePointer<Float>, weights: UnsafePointer<Float>?, rows: Int,
    share: Float
  ) -> (loss: Float, value: Float) {
    var (total, values) = (Float(0), Float(0))
    for r in 0..<rows {
      let (output, weight) = (outputs[r], weights.map { $0[r] } ?? 1)
      let q = value(output)
      values += q
      var (loss, slope) = (Float(0), Float(0))
      switch self.loss {
      case .squared:
        slope = q - y[r]
        loss = 0.5 * slope * slope
      case .huber:
        let error = q - y[r]
        let size = abs(error)
        // a NaN goes through
        loss = size > errorLimit ? errorLimit * (size - 0.5 * errorLimit) : 0.5 * error * error
        slope = size > errorLimit ? (error > 0 ? errorLimit : -errorLimit) : error
      case .crossEntropy:
        // -t log p - (1 - t) log(1 - p) with p = sigmoid(f): softplus(f) - t f
        let t = min(max((y[r] - low) / (high - low), 0), 1)
        loss = Scalar.softplus(output) - t * output
        slope = 1 / (1 + Scalar.exp(-output)) - t
        // the range would hide what went wrong
        if !y[r].isFinite { loss = .nan }
      }
      total += weight * loss
      outputs[r] = weight * (slope * share)
    }
    return (total, values)
  }
}
