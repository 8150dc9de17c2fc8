import Interfaces
import Kernels
import Networks

/// A squashed Gaussian policy pi_0 that another is drawn to, as it is at one moment.
public struct ActorPrior: Sendable {
  let network: Perceptron
  let parameters: Vector
}

/// weight * log pi_0(a | s) in the targets of critics and in the loss of a squashed Gaussian actor, on one block of rows. The
/// actions are those that the actor's network rows [rows, 2 A] give with noise [rows, A].
struct PriorTerm {
  let network: Perceptron
  let parameters: UnsafePointer<Float>
  let weight: Float

  /// Scratch of one thread.
  final class Workspace {
    let hidden: [Int]
    let pass: PerceptronWorkspace
    var logProbabilities: Vector
    var slopes: Matrix

    init(_ term: PriorTerm, actionSize: Int) {
      hidden = term.network.hidden
      pass = PerceptronWorkspace(for: term.network, capacity: RowBlocks.size, keepsActivations: false)
      logProbabilities = Vector(count: RowBlocks.size)
      slopes = Matrix(rows: RowBlocks.size, columns: actionSize)
    }
  }

  /// Adds weight * log pi_0(a | s) to `values` [rows].
  func add(
    to values: UnsafeMutablePointer<Float>, _ observations: UnsafePointer<Float>, _ output: UnsafePointer<Float>,
    noise: UnsafePointer<Float>, rows: Int, size: Int, _ workspace: Workspace
  ) {
    let prior = network.forward(parameters, observations, rows: rows, workspace.pass)
    let logs = workspace.logProbabilities.mutablePointer
    TanhGaussianHead.compare(
      output, noise: noise, with: prior, rows: rows, size: size, logProbabilities: logs, slopes: nil)
    for r in 0..<rows { values[r] += weight * logs[r] }
  }

  /// Adds the gradient of -`share` * weight * log pi_0(a | s), summed over the rows, to that by the actor's network rows.
  /// Returns the sum of weight * log pi_0(a | s).
  func descend(
    _ observations: UnsafePointer<Float>, _ output: UnsafePointer<Float>, noise: UnsafePointer<Float>, share: Float,
    rows: Int, size: Int, gradient: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) -> Float {
    let prior = network.forward(parameters, observations, rows: rows, workspace.pass)
    let (logs, slopes) = (workspace.logProbabilities.mutablePointer, workspace.slopes.mutablePointer)
    TanhGaussianHead.compare(
      output, noise: noise, with: prior, rows: rows, size: size, logProbabilities: logs, slopes: slopes)
    TanhGaussianHead.addBackward(
      output, noise: noise, slopes: slopes, scale: -share * weight, rows: rows, size: size, gradient: gradient)
    return weight * Reductions.sum(logs, count: rows)
  }
}
