import Interfaces
import Kernels
import Networks

/// Q(s, a) of a normalized advantage function as it is at one moment.
public struct NormalizedAdvantageEstimate: ActionValue {
  let head: NormalizedAdvantage
  let network: Perceptron
  let parameters: Vector

  /// Scratch of one thread.
  public final class Workspace {
    let pass: PerceptronWorkspace
    var unitActions: Matrix
    var actionGradients: Matrix
    var ones: Vector

    init(_ network: Perceptron, actionSize: Int) {
      pass = PerceptronWorkspace(for: network, capacity: RowBlocks.size, keepsActivations: true)
      unitActions = Matrix(rows: RowBlocks.size, columns: actionSize)
      actionGradients = Matrix(rows: RowBlocks.size, columns: actionSize)
      ones = Vector(count: RowBlocks.size)
      ones.fill(1)
    }
  }

  public var observationSize: Int { network.inputs }
  public var actionSize: Int { head.actionSize }

  public func makeWorkspace() -> Workspace { Workspace(network, actionSize: actionSize) }

  public func evaluate(
    count: Int, observations: UnsafePointer<Float>, actions: UnsafePointer<Float>, values: UnsafeMutablePointer<Float>,
    observationGradients: UnsafeMutablePointer<Float>?, actionGradients: UnsafeMutablePointer<Float>?,
    _ workspace: Workspace
  ) {
    let (size, half) = (actionSize, head.scaling.half.pointer)
    RowBlocks.forEach(of: count) { first, rows in
      let x = observations + first * observationSize
      let output = network.forward(parameters.pointer, x, rows: rows, workspace.pass)
      let (unit, gradients) = (workspace.unitActions.mutablePointer, workspace.actionGradients.mutablePointer)
      head.scaling.toUnit(actions + first * size, rows: rows, into: unit, stride: size)
      NormalizedAdvantageHead.evaluate(
        output, actions: unit, stride: size, rows: rows, size: size, values: values + first,
        actionGradients: gradients)
      if let actionGradients {
        for r in 0..<rows {
          for c in 0..<size { actionGradients[(first + r) * size + c] = gradients[r * size + c] / half[c] }
        }
      }
      if let observationGradients {
        NormalizedAdvantageHead.backward(
          output, actions: unit, stride: size, rows: rows, size: size, slopes: workspace.ones.pointer)
        network.backward(
          parameters.pointer, x, rows: rows, outputGradient: output, workspace.pass, parameterGradient: nil,
          inputGradient: observationGradients + first * observationSize)
      }
    }
  }
}
