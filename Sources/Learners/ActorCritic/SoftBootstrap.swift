import Interfaces
import Kernels
import Networks

/// What soft actor-critic bootstraps from: V'(s) = min_i Q'_i(s, a) - alpha log pi(a | s), a drawn from the policy, with the
/// log-probability of the action in the unit box.
public struct SoftBootstrap: BootstrapValue {
  let policy: SquashedGaussianPolicy
  let critics: CriticNetworks
  let targets: Vector
  let temperature: Float

  /// Scratch of one thread.
  public final class Workspace {
    let policy: SquashedGaussianPolicy.Workspace
    let critics: CriticNetworks.Workspace
    var unitActions: Matrix

    init(_ policy: SquashedGaussianPolicy, _ critics: CriticNetworks) {
      self.policy = policy.makeWorkspace()
      self.critics = CriticNetworks.Workspace(critics, gradients: false)
      unitActions = Matrix(rows: RowBlocks.size, columns: critics.actionSize)
    }
  }

  public var observationSize: Int { policy.observationSize }
  public var actionSize: Int { policy.actionSize }

  public func makeWorkspace() -> Workspace { Workspace(policy, critics) }

  public func values(
    count: Int, of observations: UnsafePointer<Float>, using random: inout RandomStream,
    values: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) {
    RowBlocks.forEach(of: count) { first, rows in
      let (states, unit) = (observations + first * observationSize, workspace.unitActions.mutablePointer)
      policy.sample(rows, at: states, using: &random, unitActions: unit, workspace.policy)
      let x = critics.pair(states, unitActions: unit, rows: rows, workspace.critics)
      critics.least(targets.pointer, x, rows: rows, into: values + first, workspace.critics)
      let logProbabilities = workspace.policy.logProbabilities.pointer
      for r in 0..<rows { values[first + r] -= temperature * logProbabilities[r] }
    }
  }

  public func act(
    count: Int, on observations: UnsafePointer<Float>, using random: inout RandomStream,
    actions: UnsafeMutablePointer<Float>, bonuses: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) {
    RowBlocks.forEach(of: count) { first, rows in
      let unit = actions + first * actionSize
      policy.sample(
        rows, at: observations + first * observationSize, using: &random, unitActions: unit, workspace.policy)
      critics.scaling.fromUnit(unit, rows: rows)
      let logProbabilities = workspace.policy.logProbabilities.pointer
      for r in 0..<rows { bonuses[first + r] = -temperature * logProbabilities[r] }
    }
  }
}
