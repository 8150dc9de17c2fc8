import Interfaces
import Kernels
import Networks

/// min_i Q_i(s, a) over critics, as they are at one moment.
public struct CriticEstimate: ActionValue {
  let critics: CriticNetworks
  let parameters: Vector

  /// Scratch of one thread.
  public final class Workspace {
    let critics: CriticNetworks.Workspace

    init(_ critics: CriticNetworks) { self.critics = CriticNetworks.Workspace(critics, gradients: true) }
  }

  public var observationSize: Int { critics.observationSize }
  public var actionSize: Int { critics.actionSize }

  public func makeWorkspace() -> Workspace { Workspace(critics) }

  public func evaluate(
    count: Int, observations: UnsafePointer<Float>, actions: UnsafePointer<Float>, values: UnsafeMutablePointer<Float>,
    observationGradients: UnsafeMutablePointer<Float>?, actionGradients: UnsafeMutablePointer<Float>?,
    _ workspace: Workspace
  ) {
    let (size, actionSize, width) = (observationSize, actionSize, critics.network.inputs)
    let half = critics.scaling.half.pointer
    RowBlocks.forEach(of: count) { first, rows in
      let x = critics.pair(
        observations + first * size, actions: actions + first * actionSize, rows: rows, workspace.critics)
      guard observationGradients != nil || actionGradients != nil else {
        return critics.least(parameters.pointer, x, rows: rows, into: values + first, workspace.critics)
      }
      let gradients = critics.leastAndGradient(
        parameters.pointer, x, rows: rows, among: critics.members, scale: 1, into: values + first, workspace.critics)
      for r in 0..<rows {
        let (row, place) = (gradients + r * width, first + r)
        if let observationGradients {
          (observationGradients + place * size).update(from: row, count: size)
        }
        if let actionGradients {
          for c in 0..<actionSize { actionGradients[place * actionSize + c] = row[size + c] / half[c] }
        }
      }
    }
  }
}
