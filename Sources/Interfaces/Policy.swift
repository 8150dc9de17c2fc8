import Kernels

/// A policy as it is at one moment. Its parameters never change, so that several threads may act by one value, each with a
/// workspace of its own: imagined rollouts ask for the actions of many states at once.
///
/// A value shares its parameters with the learner it came from. While it lives, the learner's next update copies them
/// first, which allocates: let go of it before.
public protocol Policy: Sendable {
  /// Scratch of one thread, good for any number of rows and for every later policy of the same learner.
  associatedtype Workspace: AnyObject

  /// Floats per observation, D.
  var observationSize: Int { get }
  /// Floats per action, A.
  var actionSize: Int { get }

  /// Scratch for one thread. Allocates; nothing after it does.
  func makeWorkspace() -> Workspace

  /// Writes `actions` [N, A], in the environment's units and within its bounds, for `observations` [N, D], both row-major.
  /// Without `explore` it draws nothing from `random`. Rows are independent, but what a row draws depends on its place
  /// and on N: cut a batch the same way whatever the number of threads, and give each part a stream of its own.
  func act(
    count: Int, on observations: UnsafePointer<Float>, explore: Bool, using random: inout RandomStream,
    actions: UnsafeMutablePointer<Float>, _ workspace: Workspace)
}

extension Policy {
  /// The same on matrices: `observations` [N, D] gives `actions` [N, A].
  public func act(
    on observations: Matrix, explore: Bool, using random: inout RandomStream, actions: inout Matrix,
    _ workspace: Workspace
  ) {
    precondition(
      observations.columns == observationSize && actions.columns == actionSize && actions.rows == observations.rows,
      "actions [\(actions.rows), \(actions.columns)] for observations [\(observations.rows), \(observations.columns)]")
    act(
      count: observations.rows, on: observations.pointer, explore: explore, using: &random,
      actions: actions.mutablePointer, workspace)
  }
}
