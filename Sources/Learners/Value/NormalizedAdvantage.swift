import Interfaces
import Kernels
import Networks

/// `NormalizedAdvantageHead` with actions in the environment's units: values quadratic in the action, the best one
/// known.
public struct NormalizedAdvantage: ValueHead {
  let scaling: ActionScaling
  /// Standard deviation of the exploration noise in the unit box.
  let noise: Float
  /// Whether its covariance is the inverse of the quadratic form's matrix, times `noise` squared.
  let shapesNoise: Bool

  public var actionSize: Int { scaling.size }
  public var outputs: Int { NormalizedAdvantageHead.outputs(for: scaling.size) }
  public var choosesOnline: Bool { false }
  /// A unit action or noise, and a value.
  public var scratchSize: Int { scaling.size + 1 }

  public func best(
    _ outputs: UnsafePointer<Float>, rows: Int, actions: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    NormalizedAdvantageHead.mode(outputs, rows: rows, size: actionSize, actions: actions)
    scaling.fromUnit(actions, rows: rows)
  }

  public func explore(
    _ outputs: UnsafePointer<Float>, rows: Int, using random: inout RandomStream,
    actions: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    random.fillNormal(scratch, count: rows * actionSize)
    Elementwise.scale(scratch, count: rows * actionSize, by: noise)
    explore(outputs, rows: rows, noise: scratch, actions: actions)
  }

  /// The best actions plus `noise` [rows, A], which is overwritten if it is to be shaped; clipped to the bounds.
  func explore(
    _ outputs: UnsafePointer<Float>, rows: Int, noise: UnsafeMutablePointer<Float>,
    actions: UnsafeMutablePointer<Float>
  ) {
    if shapesNoise { NormalizedAdvantageHead.shape(noise, by: outputs, rows: rows, size: actionSize) }
    NormalizedAdvantageHead.mode(outputs, rows: rows, size: actionSize, actions: actions)
    for i in 0..<rows * actionSize { actions[i] = ActionScaling.clipToUnit(actions[i] + noise[i]) }
    scaling.fromUnit(actions, rows: rows)
  }

  public func values(
    _ outputs: UnsafePointer<Float>, online: UnsafePointer<Float>, rows: Int, into values: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let width = self.outputs
    for r in 0..<rows { values[r] = outputs[r * width] }
  }

  public func regress(
    _ outputs: UnsafeMutablePointer<Float>, actions: UnsafePointer<Float>, targets y: UnsafePointer<Float>,
    weights: UnsafePointer<Float>?, rows: Int, share: Float, errors: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) -> (loss: Float, value: Float) {
    let (unit, q) = (scratch, scratch + rows * actionSize)
    scaling.toUnit(actions, rows: rows, into: unit, stride: actionSize)
    NormalizedAdvantageHead.evaluate(
      outputs, actions: unit, stride: actionSize, rows: rows, size: actionSize, values: q)
    var (loss, value) = (Float(0), Float(0))
    for r in 0..<rows {
      let error = q[r] - y[r]
      let weight = weights.map { $0[r] } ?? 1
      loss += weight * (0.5 * error * error)
      value += q[r]
      errors[r] = abs(error)
      q[r] = weight * (error * share)
    }
    NormalizedAdvantageHead.backward(
      outputs, actions: unit, stride: actionSize, rows: rows, size: actionSize, slopes: q)
    return (loss, value)
  }
}
