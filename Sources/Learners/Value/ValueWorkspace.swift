import Kernels
import Networks

/// Scratch of one thread for the passes of a value network over one block of rows.
public final class ValueWorkspace {
  let pass: PerceptronWorkspace
  /// Another pass whose outputs must stay meanwhile; nil where none is needed.
  let second: PerceptronWorkspace?
  var scratch: Matrix
  var targets: Vector

  init<Head: ValueHead>(_ head: Head, _ network: Perceptron, gradients: Bool) {
    pass = PerceptronWorkspace(for: network, capacity: RowBlocks.size, keepsActivations: gradients)
    second =
      head.choosesOnline
      ? PerceptronWorkspace(for: network, capacity: RowBlocks.size, keepsActivations: false) : nil
    scratch = Matrix(rows: RowBlocks.size, columns: head.scratchSize)
    targets = Vector(count: RowBlocks.size * head.targetSize)
  }
}
