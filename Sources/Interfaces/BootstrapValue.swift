import Kernels

/// What temporal-difference targets bootstrap from: a learner's target networks, and the policy whose actions they value,
/// as they are at one moment.
///
/// The learner's own target of a step is r + discount * continues * V'(s'), where V'(s) = Q'(s, a) + bonus for an action
/// that `act` draws. The bonus is what a soft value adds to the reward of deciding so, -alpha log pi(a | s) with entropy
/// temperature alpha; it is 0 for methods without one. Targets that look further ahead (model-based value expansion,
/// Feinberg et al. 2018) follow `act`, collect rewards and bonuses, and end in `values`.
///
/// As with a `Policy`, parameters are shared: any number of threads may use one value, each with its own workspace, and it
/// should be let go of before the learner's next update.
public protocol BootstrapValue: Sendable {
  /// Scratch of one thread, good for any number of rows and for every later value of the same learner.
  associatedtype Workspace: AnyObject

  /// Floats per observation, D.
  var observationSize: Int { get }
  /// Floats per action, A.
  var actionSize: Int { get }

  /// Scratch for one thread. Allocates; nothing after it does.
  func makeWorkspace() -> Workspace

  /// Writes V'(s) [N] of `observations` [N, D].
  func values(
    count: Int, of observations: UnsafePointer<Float>, using random: inout RandomStream,
    values: UnsafeMutablePointer<Float>, _ workspace: Workspace)

  /// Critics whose values are told apart by `memberValues`, L.
  var memberCount: Int { get }

  /// Writes what each critic by itself says of `observations` [N, D]: values [L, N], all of one action each.
  func memberValues(
    count: Int, of observations: UnsafePointer<Float>, using random: inout RandomStream,
    values: UnsafeMutablePointer<Float>, _ workspace: Workspace)

  /// Draws the `actions` [N, A] (environment's units) that targets value at `observations` [N, D], and writes their
  /// `bonuses` [N].
  func act(
    count: Int, on observations: UnsafePointer<Float>, using random: inout RandomStream,
    actions: UnsafeMutablePointer<Float>, bonuses: UnsafeMutablePointer<Float>, _ workspace: Workspace)
}

extension BootstrapValue {
  /// One.
  public var memberCount: Int { 1 }

  /// `values`.
  public func memberValues(
    count: Int, of observations: UnsafePointer<Float>, using random: inout RandomStream,
    values: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) {
    self.values(count: count, of: observations, using: &random, values: values, workspace)
  }
}
