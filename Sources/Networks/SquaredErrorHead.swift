/// Outputs that predict means alone.
package enum SquaredErrorHead {
  /// Sum over `count` numbers of (mean - y)^2 for `targets` y. Overwrites `outputs` by its gradient times `scale`. Returns the
  /// loss without that factor.
  package static func lossAndGradient(
    _ outputs: UnsafeMutablePointer<Float>, targets: UnsafePointer<Float>, count: Int, scale: Float
  ) -> Float {
    var total: Float = 0
    for i in 0..<count {
      let error = outputs[i] - targets[i]
      total += error * error
      outputs[i] = scale * 2 * error
    }
    return total
  }
}
