import Interfaces
import Kernels

/// How the outputs of one network become action values and decisions, on one block of rows. All pointers are to
/// row-major blocks: outputs [rows, outputs], actions [rows, A] in the environment's units, values [rows].
public protocol ValueHead: Sendable {
  /// Floats per action, A.
  var actionSize: Int { get }
  /// Floats in a network row.
  var outputs: Int { get }
  /// Whether targets value the action that the online network would choose (van Hasselt et al. 2016), so that `values`
  /// needs its outputs.
  var choosesOnline: Bool { get }
  /// Floats of scratch that a row needs.
  var scratchSize: Int { get }

  /// The best actions.
  func best(
    _ outputs: UnsafePointer<Float>, rows: Int, actions: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>)

  /// Actions that explore, besides noise with a memory.
  func explore(
    _ outputs: UnsafePointer<Float>, rows: Int, using random: inout RandomStream,
    actions: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>)

  /// The value of the best action under `outputs`; of the action best under `online`, where the head chooses online.
  func values(
    _ outputs: UnsafePointer<Float>, online: UnsafePointer<Float>, rows: Int, into values: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>)

  /// Floats in a row's target.
  var targetSize: Int { get }

  /// Targets y [rows, targetSize] of steps with `rewards` and `continues` [rows], from outputs at the states that
  /// followed: in expectation r + discount * continues * `values`.
  func targets(
    _ outputs: UnsafePointer<Float>, online: UnsafePointer<Float>, rows: Int, rewards: UnsafePointer<Float>,
    continues: UnsafePointer<Float>, discount: Float, into y: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>)

  /// Targets [rows, targetSize] that say the values `given` [rows].
  func expand(_ given: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>)

  /// Overwrites the outputs by the gradient of `share` * sum over rows of weight * loss(Q(s, a) - y), and returns that
  /// sum and the sum of the values. No weights mean 1. Writes to `errors` [rows] how far each row is from its target,
  /// the sizes of Q(s, a) - y or a method's own measure.
  func regress(
    _ outputs: UnsafeMutablePointer<Float>, actions: UnsafePointer<Float>, targets y: UnsafePointer<Float>,
    weights: UnsafePointer<Float>?, rows: Int, share: Float, errors: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) -> (loss: Float, value: Float)
}

extension ValueHead {
  /// A value.
  public var targetSize: Int { 1 }

  public func targets(
    _ outputs: UnsafePointer<Float>, online: UnsafePointer<Float>, rows: Int, rewards: UnsafePointer<Float>,
    continues: UnsafePointer<Float>, discount: Float, into y: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    values(outputs, online: online, rows: rows, into: y, scratch: scratch)
    for r in 0..<rows { y[r] = rewards[r] + discount * continues[r] * y[r] }
  }

  public func expand(_ given: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>) {
    y.update(from: given, count: rows)
  }
}
