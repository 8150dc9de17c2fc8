import Kernels
import TestSupport
import Testing

@Suite struct MatrixProductTests {
  /// (m, n, k), odd and degenerate ones included.
  private static let shapes = [
    (1, 1, 1), (3, 5, 7), (17, 1, 9), (1, 13, 4), (64, 33, 20), (5, 4, 0), (0, 3, 2), (2, 0, 3), (26, 16, 3),
    (27, 48, 8), (37, 50, 31), (40, 7, 65),
  ]
  private static let transpositions: [(Transposition, Transposition)] = [
    (.none, .none), (.none, .transposed), (.transposed, .none), (.transposed, .transposed),
  ]

  @Test(arguments: shapes, [(Float(1), Float(0)), (1, 1), (-0.5, 2)])
  func gemmMatchesThreeLoops(_ shape: (Int, Int, Int), _ factors: (Float, Float)) {
    let (m, n, k) = shape
    for (ta, tb) in Self.transpositions {
      let a = ta == .none ? drawnMatrix(m, k, seed: 1) : drawnMatrix(k, m, seed: 1)
      let b = tb == .none ? drawnMatrix(k, n, seed: 2) : drawnMatrix(n, k, seed: 2)
      var c = drawnMatrix(m, n, seed: 3)
      if factors.1 == 0 { c.fill(.nan) }  // must not be read
      let expected = naiveProduct(a, ta, b, tb, alpha: factors.0, beta: factors.1, c)
      gemm(a, ta, b, tb, alpha: factors.0, beta: factors.1, into: &c)
      #expect(worstGap(c.elements, expected) < 1e-5 * Double(k + 1))
    }
  }

  @Test(arguments: [(1, 1), (7, 3), (3, 7), (64, 1), (1, 64), (4, 0), (0, 4)], [(Float(1), Float(0)), (2, 0.5)])
  func gemvMatchesTwoLoops(_ shape: (Int, Int), _ factors: (Float, Float)) {
    let a = drawnMatrix(shape.0, shape.1, seed: 4)
    for transposition in [Transposition.none, .transposed] {
      let (m, n) = transposition == .none ? shape : (shape.1, shape.0)
      let x = drawnMatrix(n, 1, seed: 5)
      var start = drawnMatrix(m, 1, seed: 6)
      if factors.1 == 0 { start.fill(.nan) }
      let expected = naiveProduct(a, transposition, x, .none, alpha: factors.0, beta: factors.1, start)
      var y = Vector(start.elements)
      gemv(a, transposition, Vector(x.elements), alpha: factors.0, beta: factors.1, into: &y)
      #expect(worstGap(y.elements, expected) < 1e-5 * Double(n + 1))
      if factors.0 == 1 {
        var raw = start.elements
        gemv(transposition, rows: shape.0, columns: shape.1, a.pointer, x.pointer, beta: factors.1, &raw)
        #expect(worstGap(raw, expected) < 1e-5 * Double(n + 1))
      }
    }
  }

  @Test func blocksOfLargerMatricesMultiplyInPlace() {
    // the 2 x 3 block at (1, 2) of A times the 3 x 2 block at (0, 1) of B, into the block at (2, 2) of C
    let (a, b) = (drawnMatrix(4, 6, seed: 7), drawnMatrix(5, 4, seed: 8))
    var c = drawnMatrix(6, 5, seed: 9)
    let before = c
    gemm(
      .none, .none, m: 2, n: 2, k: 3, a.pointer + 1 * 6 + 2, lda: 6, b.pointer + 1, ldb: 4, beta: 1,
      c.mutablePointer + 2 * 5 + 2, ldc: 5)
    for i in 0..<6 {
      for j in 0..<5 {
        let inside = (2..<4).contains(i) && (2..<4).contains(j)
        let sum = (0..<3).reduce(before[i, j]) { inside ? $0 + a[i - 1, $1 + 2] * b[$1, j - 1] : $0 }
        #expect(abs(c[i, j] - sum) < 1e-5)
      }
    }
  }

  @Test func aResultThatSharesStorageLeavesTheOperandsAlone() {
    let a = drawnMatrix(8, 8, seed: 10)
    var c = a
    let expected = naiveProduct(a, .none, a, .transposed, alpha: 1, beta: 0, c)
    gemm(a, .none, a, .transposed, into: &c)
    #expect(worstGap(c.elements, expected) < 1e-4)
    #expect(a == drawnMatrix(8, 8, seed: 10))
  }

  @Test func productsAllocateNothing() {
    let (a, b) = (drawnMatrix(64, 40, seed: 11), drawnMatrix(40, 32, seed: 12))
    var c = Matrix(rows: 64, columns: 32)
    let x = Vector(count: 40)
    var y = Vector(count: 64)
    let count = allocations {
      gemm(a, b, into: &c)
      gemv(a, x, into: &y)
    }
    #expect(count == 0)
  }

  @Test func libraryDescribesItself() {
    #expect(!BLAS.coreName.isEmpty && BLAS.configuration.contains("OpenBLAS"))
  }
}
