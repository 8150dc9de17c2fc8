import Interfaces
import Kernels
import Networks

/// The best actions of a value network as it is at one moment.
public struct ValuePolicy<Head: ValueHead>: Policy {
  let head: Head
  let network: ConvolutionalNetwork
  let parameters: Vector

  public var observationSize: Int { network.inputs }
  public var actionSize: Int { head.actionSize }

  public func makeWorkspace() -> ValueWorkspace { ValueWorkspace(head, network, gradients: false) }

  public func act(
    count: Int, on observations: UnsafePointer<Float>, explore: Bool, using random: inout RandomStream,
    actions: UnsafeMutablePointer<Float>, _ workspace: ValueWorkspace
  ) {
    RowBlocks.forEach(of: count, size: network.blockSize) { first, rows in
      let output = network.forward(
        parameters.pointer, observations + first * observationSize, rows: rows, workspace.pass)
      let (chosen, scratch) = (actions + first * actionSize, workspace.scratch.mutablePointer)
      if explore {
        head.explore(output, rows: rows, using: &random, actions: chosen, scratch: scratch)
      } else {
        head.best(output, rows: rows, actions: chosen, scratch: scratch)
      }
    }
  }
}
