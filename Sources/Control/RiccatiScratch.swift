import Kernels

/// Padded matrices of one step of a Riccati recursion. Columns of homogeneous matrices are (x, 1, u).
final class RiccatiScratch {
  /// n.
  let stateSize: Int
  /// m.
  let actionSize: Int
  /// n + 1, padded: rows and columns of value functions.
  let states: Int
  /// n + 1 + m, padded: columns of F̃ and Q̃.
  let width: Int
  /// m, padded.
  let actions: Int

  /// F̃ = (A, c, B; 0, 1, 0) [states, width].
  let step: UnsafeMutablePointer<Double>
  /// W̃ F̃ [states, width].
  let weighted: UnsafeMutablePointer<Double>
  /// Q̃ [width, width], of which the lower triangle counts, and all of Q_uu.
  let quadratic: UnsafeMutablePointer<Double>
  /// (Q_ux, Q_u, Q_uu) [actions, width], regularized; elimination turns Q_uu into D Lᵀ and the rest into L⁻¹ times it.
  let eliminated: UnsafeMutablePointer<Double>
  /// -D⁻¹ times `eliminated` [actions, width].
  let scaled: UnsafeMutablePointer<Double>
  /// (K, k) [actions, states].
  let gains: UnsafeMutablePointer<Double>
  /// (Q_ux, Q_u) + Q_uu (K, k) [actions, states].
  let residual: UnsafeMutablePointer<Double>
  private let blocks: [AlignedBuffer]

  init(stateSize: Int, actionSize: Int) {
    self.stateSize = stateSize
    self.actionSize = actionSize
    states = SmallMatrixKernels.padded(stateSize + 1)
    width = SmallMatrixKernels.padded(stateSize + 1 + actionSize)
    actions = SmallMatrixKernels.padded(actionSize)
    let sizes = [
      states * width, states * width, width * width, actions * width, actions * width, actions * states,
      actions * states,
    ]
    blocks = sizes.map { AlignedBuffer(count: $0) }
    step = blocks[0].pointer
    weighted = blocks[1].pointer
    quadratic = blocks[2].pointer
    eliminated = blocks[3].pointer
    scaled = blocks[4].pointer
    gains = blocks[5].pointer
    residual = blocks[6].pointer
    step[stateSize * width + stateSize] = 1
  }
}
