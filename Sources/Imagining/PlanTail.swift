public import Interfaces
public import Kernels

/// What the states that imagined plans end in are worth.
public protocol PlanTail: Sendable {
  /// Scratch of one thread, good for every later value of the same source.
  func makeScratch() -> AnyObject

  /// Writes the values [N] of `states` [N, D]. Does not allocate.
  func value(
    count: Int, states: UnsafePointer<Float>, using random: RandomStream, values: UnsafeMutablePointer<Float>,
    _ scratch: AnyObject)
}

/// The values that a learner's targets bootstrap from, at the ends of plans (Lowrey et al. 2019, Sikchi et al. 2021).
public struct BootstrapTail<Bootstrap: BootstrapValue>: PlanTail {
  private let bootstrap: Bootstrap

  /// Of a learner as it is now.
  public init(_ bootstrap: Bootstrap) { self.bootstrap = bootstrap }

  public func makeScratch() -> AnyObject { bootstrap.makeWorkspace() }

  public func value(
    count: Int, states: UnsafePointer<Float>, using random: RandomStream, values: UnsafeMutablePointer<Float>,
    _ scratch: AnyObject
  ) {
    guard let workspace = scratch as? Bootstrap.Workspace else { preconditionFailure("scratch of other values") }
    var random = random
    bootstrap.values(count: count, of: states, using: &random, values: values, workspace)
  }
}
