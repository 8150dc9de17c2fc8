import Archive
import Interfaces
import Kernels
import Networks

/// V'(s) = min(Q'(s, a*), Q''(s, a*)), a* the action best under the target critic Q' as `ActionSearch` finds it, with Q'' the
/// lagged one; pointers to parameters that may be about to change.
struct MaximizedPass {
  let search: ActionSearch
  let scale: ActionValueScale
  let target: UnsafePointer<Float>
  /// Nil where Q' alone counts.
  let lagged: UnsafePointer<Float>?

  /// V'(s) [rows] of `observations` [rows, D], of at most `search.statesPerPass` states. The actions are left in the
  /// workspace.
  func values(
    of observations: UnsafePointer<Float>, rows: Int, into values: UnsafeMutablePointer<Float>,
    _ workspace: ActionSearch.Workspace, stream: (_ row: Int) -> RandomStream
  ) {
    search.run(target, observations, rows: rows, workspace, stream: stream)
    values.update(from: workspace.values.pointer, count: rows)
    if let lagged {
      let (x, width, size) = (workspace.pairs.mutablePointer, search.network.inputs, search.observationSize)
      for r in 0..<rows {
        (x + r * width).update(from: observations + r * size, count: size)
        (x + r * width + size).update(from: workspace.actions.pointer + r * search.size, count: search.size)
      }
      let q = search.network.forward(lagged, x, rows: rows, workspace.pass)
      // a value of NaN stays
      for r in 0..<rows where q[r] < values[r] || q[r].isNaN { values[r] = q[r] }
    }
    for r in 0..<rows { values[r] = scale.value(values[r]) }
  }
}

/// The value of the best action under a maximized critic's targets as they are at one moment.
public struct MaximizedBootstrap: BootstrapValue {
  let search: ActionSearch
  let scaling: ActionScaling
  let scale: ActionValueScale
  /// Parameters of the target, flat.
  package var target: Vector
  var lagged: Vector?

  public var observationSize: Int { search.observationSize }
  public var actionSize: Int { search.size }

  public func makeWorkspace() -> MaximizedWorkspace { MaximizedWorkspace(search) }

  var pass: MaximizedPass {
    MaximizedPass(search: search, scale: scale, target: target.pointer, lagged: lagged?.pointer)
  }

  /// Takes over the targets of `learner`, in the memory that it has.
  public mutating func refresh(from learner: MaximizedQLearning) {
    target.copy(from: learner.targets)
    if let newer = learner.lagged { lagged?.copy(from: newer) }
  }

  public func values(
    count: Int, of observations: UnsafePointer<Float>, using random: inout RandomStream,
    values: UnsafeMutablePointer<Float>, _ workspace: MaximizedWorkspace
  ) {
    let root = RandomStream(seed: random.next())
    RowBlocks.forEach(of: count, size: search.statesPerPass) { first, rows in
      pass.values(
        of: observations + first * observationSize, rows: rows, into: values + first, workspace.search
      ) { root.child(first + $0) }
    }
  }

  public func act(
    count: Int, on observations: UnsafePointer<Float>, using random: inout RandomStream,
    actions: UnsafeMutablePointer<Float>, bonuses: UnsafeMutablePointer<Float>, _ workspace: MaximizedWorkspace
  ) {
    let root = RandomStream(seed: random.next())
    RowBlocks.forEach(of: count, size: search.statesPerPass) { first, rows in
      search.run(target.pointer, observations + first * observationSize, rows: rows, workspace.search) {
        root.child(first + $0)
      }
      (actions + first * actionSize).update(from: workspace.search.actions.pointer, count: rows * actionSize)
    }
    scaling.fromUnit(actions, rows: count)
    bonuses.update(repeating: 0, count: count)
  }
}

extension MaximizedBootstrap: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("target", &target)
    try fields.field("lagged", present: &lagged)
  }
}

/// Scratch of one thread for searches of the best action.
public final class MaximizedWorkspace {
  let search: ActionSearch.Workspace

  init(_ search: ActionSearch) { self.search = ActionSearch.Workspace(search) }
}
