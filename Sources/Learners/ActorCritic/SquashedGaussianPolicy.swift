import Interfaces
import Kernels
import Networks

/// Policy a = tanh(u), u Gaussian, scaled to the bounds of the actions; without exploration its mode.
public struct SquashedGaussianPolicy: Policy {
  /// Observation in, mean and log standard deviation of u out.
  let network: Perceptron
  let parameters: Vector
  let scaling: ActionScaling

  /// Scratch of one thread.
  public final class Workspace {
    let pass: PerceptronWorkspace
    var noise: Vector
    var logProbabilities: Vector

    init(_ network: Perceptron, actionSize: Int) {
      pass = PerceptronWorkspace(for: network, capacity: RowBlocks.size, keepsActivations: false)
      noise = Vector(count: RowBlocks.size * actionSize)
      logProbabilities = Vector(count: RowBlocks.size)
    }
  }

  public var observationSize: Int { network.inputs }
  public var actionSize: Int { scaling.size }

  public func makeWorkspace() -> Workspace { Workspace(network, actionSize: actionSize) }

  public func act(
    count: Int, on observations: UnsafePointer<Float>, explore: Bool, using random: inout RandomStream,
    actions: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) {
    let (size, actionSize) = (observationSize, actionSize)
    RowBlocks.forEach(of: count) { first, rows in
      let unit = actions + first * actionSize
      if explore {
        sample(rows, at: observations + first * size, using: &random, unitActions: unit, workspace)
      } else {
        let output = network.forward(parameters.pointer, observations + first * size, rows: rows, workspace.pass)
        TanhGaussianHead.mode(output, rows: rows, size: actionSize, actions: unit)
      }
      scaling.fromUnit(unit, rows: rows)
    }
  }

  /// Draws unit actions [rows, A] of one block, and leaves their log-probabilities [rows] in the unit box in the workspace.
  func sample(
    _ rows: Int, at observations: UnsafePointer<Float>, using random: inout RandomStream,
    unitActions: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) {
    let output = network.forward(parameters.pointer, observations, rows: rows, workspace.pass)
    let noise = workspace.noise.mutablePointer
    random.fillNormal(noise, count: rows * actionSize)
    TanhGaussianHead.sample(
      output, noise: noise, rows: rows, size: actionSize, actions: unitActions,
      logProbabilities: workspace.logProbabilities.mutablePointer)
  }
}
