/// A differentiable estimate Q(s, a) of the return after an action, as it is at one moment.
///
/// As with a `Policy`, parameters are shared: any number of threads may use one value, each with its own workspace, and it
/// should be let go of before the learner's next update.
public protocol ActionValue: Sendable {
  /// Scratch of one thread, good for any number of rows and for every later value of the same learner.
  associatedtype Workspace: AnyObject

  /// Floats per observation, D.
  var observationSize: Int { get }
  /// Floats per action, A.
  var actionSize: Int { get }

  /// Scratch for one thread. Allocates; nothing after it does.
  func makeWorkspace() -> Workspace

  /// Writes Q(s, a) [N] of `observations` [N, D] and `actions` [N, A] (environment's units). Where asked for, also
  /// writes dQ/ds [N, D] and dQ/da [N, A].
  func evaluate(
    count: Int, observations: UnsafePointer<Float>, actions: UnsafePointer<Float>, values: UnsafeMutablePointer<Float>,
    observationGradients: UnsafeMutablePointer<Float>?, actionGradients: UnsafeMutablePointer<Float>?,
    _ workspace: Workspace)
}
