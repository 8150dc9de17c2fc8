import Interfaces
import Kernels
import Networks

/// An actor as it is at one moment: network, parameters, and how its output becomes an action.
public struct ActorPolicy<Head: ActorHead>: Policy {
  let head: Head
  let network: Perceptron
  let parameters: Vector
  let scaling: ActionScaling

  public var observationSize: Int { network.inputs }
  public var actionSize: Int { scaling.size }

  public func makeWorkspace() -> ActorWorkspace {
    ActorWorkspace(actor: network, actionSize: actionSize, critics: nil, gradients: false)
  }

  public func act(
    count: Int, on observations: UnsafePointer<Float>, explore: Bool, using random: inout RandomStream,
    actions: UnsafeMutablePointer<Float>, _ workspace: ActorWorkspace
  ) {
    RowBlocks.forEach(of: count) { first, rows in
      let output = network.forward(
        parameters.pointer, observations + first * observationSize, rows: rows, workspace.actor)
      let unit = actions + first * actionSize
      if explore {
        let noise = workspace.noise.mutablePointer
        random.fillNormal(noise, count: rows * actionSize)
        head.explore(output, noise: noise, rows: rows, size: actionSize, actions: unit)
      } else {
        head.mode(output, rows: rows, size: actionSize, actions: unit)
      }
      scaling.fromUnit(unit, rows: rows)
    }
  }
}
