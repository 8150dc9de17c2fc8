import Kernels
import Testing

@Suite struct HalfSquaresTests {
  /// Against sums in plain loops, for odd and even numbers of vectors.
  @Test(arguments: [(1, 1, 1), (2, 2, 9), (3, 5, 24), (1, 4, 3)])
  func subtractsSquaredLengthsOfImages(_ rowBlocks: Int, _ vectors: Int, _ inner: Int) {
    let (rows, count) = (8 * rowBlocks, 8 * vectors)
    let a = drawnDoubles(inner, rows, seed: 1)
    let b = drawnDoubles(inner, count, seed: 2)
    let values = AlignedBuffer(count: count)
    for n in 0..<count { values.pointer[n] = Double(n) }
    SmallMatrixKernels.subtractHalfSquares(
      rowBlocks: rowBlocks, vectors: vectors, inner: inner, a.elements, lda: rows, b.elements, ldb: count,
      from: values.pointer)
    let images = a.transposed * b
    for n in 0..<count {
      let expected = Double(n) - (0..<rows).reduce(0) { $0 + images[$1, n] * images[$1, n] } / 2
      #expect(abs(values.pointer[n] - expected) < 1e-12 * Double(inner * rows))
    }
  }
}
