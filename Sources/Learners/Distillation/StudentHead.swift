import Interfaces
import Kernels

/// How a student's network row becomes a distribution of actions, and how far it is from what teachers say. Rows of
/// outputs may be wider than `outputs`: `stride` floats from one to the next. Targets are [rows, T] without gaps.
public protocol StudentHead: Sendable {
  /// Floats per action, A.
  var actionSize: Int { get }
  /// Floats in a network row, and in a target, T.
  var outputs: Int { get }

  /// Writes what several teachers say together, as `PolicyStudent.blend` does.
  func blend(
    _ teacherOutputs: UnsafePointer<Float>, teachers: Int, rows: Int, into targets: UnsafeMutablePointer<Float>)

  /// Writes the likeliest action by one target or network row, in the environment's units.
  func decide(by row: UnsafePointer<Float>, action: UnsafeMutablePointer<Float>)

  /// Writes an action drawn by one network row, in the environment's units.
  func explore(by row: UnsafePointer<Float>, using random: inout RandomStream, action: UnsafeMutablePointer<Float>)

  /// Overwrites the outputs by the gradient of `share` times the sum of the rows' errors, and returns that sum without
  /// the factor.
  func regress(
    _ outputs: UnsafeMutablePointer<Float>, stride: Int, targets: UnsafePointer<Float>, rows: Int, share: Float
  ) -> Float
}
