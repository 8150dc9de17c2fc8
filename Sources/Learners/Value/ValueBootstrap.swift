import Interfaces
import Kernels
import Networks

/// The value of the best action under a target network as it is at one moment.
public struct ValueBootstrap<Head: ValueHead>: BootstrapValue {
  let head: Head
  let network: ConvolutionalNetwork
  let parameters: Vector
  let targets: Vector

  public var observationSize: Int { network.inputs }
  public var actionSize: Int { head.actionSize }

  public func makeWorkspace() -> ValueWorkspace { ValueWorkspace(head, network, gradients: false) }

  public func values(
    count: Int, of observations: UnsafePointer<Float>, using random: inout RandomStream,
    values: UnsafeMutablePointer<Float>, _ workspace: ValueWorkspace
  ) {
    RowBlocks.forEach(of: count, size: network.blockSize) { first, rows in
      ValuePass(head: head, network: network, parameters: parameters.pointer, targets: targets.pointer).values(
        of: observations + first * observationSize, rows: rows, into: values + first, workspace)
    }
  }

  public func act(
    count: Int, on observations: UnsafePointer<Float>, using random: inout RandomStream,
    actions: UnsafeMutablePointer<Float>, bonuses: UnsafeMutablePointer<Float>, _ workspace: ValueWorkspace
  ) {
    let chooser = head.choosesOnline ? parameters : targets
    RowBlocks.forEach(of: count, size: network.blockSize) { first, rows in
      let output = network.forward(chooser.pointer, observations + first * observationSize, rows: rows, workspace.pass)
      head.best(
        output, rows: rows, actions: actions + first * actionSize, scratch: workspace.scratch.mutablePointer)
    }
    bonuses.update(repeating: 0, count: count)
  }
}

/// The same by pointers to parameters that are about to change, on one block.
struct ValuePass<Head: ValueHead> {
  let head: Head
  let network: ConvolutionalNetwork
  let parameters: UnsafePointer<Float>
  let targets: UnsafePointer<Float>

  /// V'(s) [rows] of `observations` [rows, D].
  func values(
    of observations: UnsafePointer<Float>, rows: Int, into values: UnsafeMutablePointer<Float>,
    _ workspace: ValueWorkspace
  ) {
    let (output, online) = outputs(on: observations, rows: rows, workspace)
    head.values(output, online: online, rows: rows, into: values, scratch: workspace.scratch.mutablePointer)
  }

  /// Targets [rows, targetSize] of steps to `next` [rows, D].
  func targets(
    _ next: UnsafePointer<Float>, rows: Int, rewards: UnsafePointer<Float>, continues: UnsafePointer<Float>,
    discount: Float, into y: UnsafeMutablePointer<Float>, _ workspace: ValueWorkspace
  ) {
    let (output, online) = outputs(on: next, rows: rows, workspace)
    head.targets(
      output, online: online, rows: rows, rewards: rewards, continues: continues, discount: discount, into: y,
      scratch: workspace.scratch.mutablePointer)
  }

  /// The outputs of the target network and, where the head chooses by it, of the online network.
  private func outputs(
    on observations: UnsafePointer<Float>, rows: Int, _ workspace: ValueWorkspace
  ) -> (UnsafePointer<Float>, UnsafePointer<Float>) {
    let output = network.forward(targets, observations, rows: rows, workspace.pass)
    let online = workspace.second.map { network.forward(parameters, observations, rows: rows, $0) } ?? output
    return (UnsafePointer(output), UnsafePointer(online))
  }
}
