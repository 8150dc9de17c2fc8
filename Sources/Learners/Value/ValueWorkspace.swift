import Kernels
import Networks

/// Scratch of one thread for the passes of a value network over one block of rows.
public final class ValueWorkspace {
  let pass: ConvolutionalWorkspace
  /// Another pass whose outputs must stay meanwhile; nil where none is needed.
  let second: ConvolutionalWorkspace?
  var scratch: Matrix
  var targets: Vector

  init<Head: ValueHead>(_ head: Head, _ network: ConvolutionalNetwork, gradients: Bool) {
    let size = network.blockSize
    pass = ConvolutionalWorkspace(for: network, capacity: size, keepsActivations: gradients)
    second =
      head.choosesOnline ? ConvolutionalWorkspace(for: network, capacity: size, keepsActivations: false) : nil
    scratch = Matrix(rows: size, columns: head.scratchSize)
    targets = Vector(count: size * head.targetSize)
  }
}

extension ConvolutionalNetwork {
  /// Rows in a block of parallel work.
  var blockSize: Int { front == nil ? RowBlocks.size : RowBlocks.imageSize }
}
