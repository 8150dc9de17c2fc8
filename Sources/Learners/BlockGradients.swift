import Kernels
import Networks

/// A batch's gradient, one part for each block of rows. The parts are added in order, so that the sum does not depend
/// on the number of threads; sum and optimizer step go piece by piece of the parameters, in parallel.
final class BlockGradients {
  /// Parameters in a piece.
  private static let pieceSize = 8192

  private let parameters: Int
  private let storage: Vector  // [blocks, parameters]
  private let base: UnsafeMutablePointer<Float>

  /// Room for the gradients of that many parameters from that many blocks.
  init(parameters: Int, blocks: Int) {
    self.parameters = parameters
    var storage = Vector(count: parameters * blocks)
    base = storage.mutablePointer
    self.storage = storage
  }

  /// Where a block's gradient goes, [parameters].
  subscript(block: Int) -> UnsafeMutablePointer<Float> { base + block * parameters }

  /// Number of pieces.
  var pieces: Int { (parameters + BlockGradients.pieceSize - 1) / BlockGradients.pieceSize }

  /// The parameters of a piece.
  func range(of piece: Int) -> Range<Int> {
    let first = piece * BlockGradients.pieceSize
    return first..<min(first + BlockGradients.pieceSize, parameters)
  }

  /// Sums the gradients of the first `blocks` blocks into that of block 0.
  func gather(blocks: Int) {
    for block in stride(from: 1, to: blocks, by: 1) { Elementwise.add(base, self[block], count: parameters) }
  }

  /// Euclidean norm of the gradient of block 0.
  var norm: Float { Reductions.dot(base, base, count: parameters).squareRoot() }

  /// A copy of the gradient of block 0.
  var sum: Vector {
    var copy = Vector(count: parameters)
    copy.mutablePointer.update(from: base, count: parameters)
    return copy
  }

  /// One piece's share of a step on `values` [parameters]: adds the gradients of the first `blocks` blocks, takes the
  /// optimizer's step, then moves `target`, if there is one, by the share `tau` toward the new values.
  func step<Step: OptimizerStep>(
    piece: Int, blocks: Int, _ optimizer: Step, _ values: UnsafeMutablePointer<Float>,
    target: UnsafeMutablePointer<Float>?, tau: Float
  ) {
    let first = piece * BlockGradients.pieceSize
    let range = first..<min(first + BlockGradients.pieceSize, parameters)
    for block in stride(from: 1, to: blocks - 1, by: 1) {
      Elementwise.add(base + first, self[block] + first, count: range.count)
    }
    // the last is added on the way through the optimizer
    if blocks > 1 {
      optimizer.apply(values, gradient: base, plus: self[blocks - 1], range: range)
    } else {
      optimizer.apply(values, gradient: base, range: range)
    }
    if let target { Elementwise.interpolate(target + first, toward: values + first, count: range.count, tau: tau) }
  }

  /// The same for parameters mu + sigma * draws: a step on mu by the gradient g and one on sigma by g * draws.
  func step<Step: OptimizerStep>(
    piece: Int, blocks: Int, _ optimizer: Step, _ values: UnsafeMutablePointer<Float>,
    target: UnsafeMutablePointer<Float>?, tau: Float, noise: ParameterNoise.Step
  ) {
    let first = piece * BlockGradients.pieceSize
    let range = first..<min(first + BlockGradients.pieceSize, parameters)
    for block in stride(from: 1, to: blocks, by: 1) {
      Elementwise.add(base + first, self[block] + first, count: range.count)
    }
    optimizer.apply(values, gradient: base, range: range)
    Elementwise.multiply(base + first, noise.draws + first, count: range.count)
    noise.optimizer.apply(noise.scales, gradient: base, range: range)
    guard let target else { return }
    Elementwise.interpolate(target + first, toward: values + first, count: range.count, tau: tau)
    Elementwise.interpolate(noise.targetScales + first, toward: noise.scales + first, count: range.count, tau: tau)
  }
}
