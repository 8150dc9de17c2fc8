import Interfaces
import Kernels

/// How the outputs of one network become action values and decisions, on one block of rows. All pointers are to row-major
/// blocks: outputs [rows, outputs], actions [rows, A] in the environment's units, values [rows].
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

  /// Overwrites the outputs by the gradient of `share` * sum over rows of weight * loss(Q(s, a) - y), and returns that sum and
  /// the sum of the values. No weights mean 1.
  func regress(
    _ outputs: UnsafeMutablePointer<Float>, actions: UnsafePointer<Float>, targets y: UnsafePointer<Float>,
    weights: UnsafePointer<Float>?, rows: Int, share: Float, scratch: UnsafeMutablePointer<Float>
  ) -> (loss: Float, value: Float)
}
