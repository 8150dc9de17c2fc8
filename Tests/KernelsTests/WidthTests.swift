import Foundation
import Kernels
import Testing

/// Bits of kernels that have one form for vectors of 256 bits and another for 512: sums of results over many shapes,
/// the same whichever form was built. Where either changes, both do.
@Suite struct WidthTests {
  /// FNV-1a over the bits of results.
  private struct Bits {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    mutating func add(_ values: some Sequence<Float>) {
      for value in values { hash = (hash ^ UInt64(value.bitPattern)) &* 0x100_0000_01B3 }
    }
    mutating func add(_ values: some Sequence<Double>) {
      for value in values { hash = (hash ^ value.bitPattern) &* 0x100_0000_01B3 }
    }
    var text: String { String(hash, radix: 16) }
  }

  private static func values(_ count: Int, scale: Float = 1, _ seed: UInt64) -> [Float] {
    var random = RandomStream(seed: seed)
    return (0..<count).map { _ in (2 * random.uniform() - 1) * scale }
  }

  @Test func smoothUnits() {
    guard BLAS.isFused else { return }
    var bits = Bits()
    for (rows, columns) in [(1, 1), (2, 16), (3, 33), (4, 64), (5, 200), (7, 31)] {
      var z = Self.values(rows * columns, scale: 30, 1)
      var slopes = z
      Elementwise.silu(&z, rows: rows, columns: columns, stride: columns, slopes: &slopes)
      bits.add(z)
      bits.add(slopes)
    }
    #expect(bits.text == "5ff38977ae532e88")
  }

  @Test func products() {
    guard BLAS.isFused else { return }
    var bits = Bits()
    for (m, n, k) in [(1, 1, 1), (12, 32, 7), (13, 33, 64), (25, 17, 300), (40, 70, 129)] {
      let (a, b) = (Self.values(m * k, 2), Self.values(k * n, 3))
      for (ta, tb) in [(Transposition.none, Transposition.none), (.transposed, .none), (.none, .transposed)] {
        var c = [Float](repeating: 0, count: m * n)
        gemm(ta, tb, m: m, n: n, k: k, a, lda: ta == .none ? k : m, b, ldb: tb == .none ? n : k, &c, ldc: n)
        bits.add(c)
      }
      let x = Self.values(max(m, k), 4)
      var (y, z) = ([Float](repeating: 0.5, count: m), [Float](repeating: 0.5, count: k))
      gemv(.none, rows: m, columns: k, a, x, beta: 1, &y)
      gemv(.transposed, rows: m, columns: k, a, x, &z)
      bits.add(y)
      bits.add(z)
    }
    #expect(bits.text == "3cb04402352d6d14")
  }

  @Test func factorizations() throws {
    guard BLAS.isFused else { return }
    var bits = Bits()
    for n in [1, 3, 8, 13, 40] {
      let a = DoubleMatrix(rows: n, columns: n, Self.values(n * n, 5).map(Double.init))
      let b = DoubleMatrix(rows: n, columns: 3, Self.values(3 * n, 6).map(Double.init))
      let definite = a.transposed * a + .identity(n)
      bits.add(try definite.cholesky().elements)
      bits.add(try definite.solvePositiveDefinite(b).elements)
      bits.add(try a.solve(b).elements)
      bits.add(try a.orthonormalColumns().elements)
      bits.add(try definite.symmetricEigen().vectors.elements)
      var block = definite.elements
      #expect(DoubleBlocks.factor(&block, order: n))
      bits.add(block)
      DoubleBlocks.invert(factor: &block, order: n)
      bits.add(block)
    }
    #expect(bits.text == "cbb1ef2d354c5993")
  }

  /// Matrices that are factored and inverted by panels.
  @Test func panels() {
    guard BLAS.isFused else { return }
    var bits = Bits()
    for n in [101, 150] {
      let a = DoubleMatrix(rows: n, columns: n, Self.values(n * n, 8).map(Double.init))
      var block = (a.transposed * a + .identity(n)).elements
      #expect(DoubleBlocks.factor(&block, order: n))
      bits.add(block)
      DoubleBlocks.invert(factor: &block, order: n)
      bits.add(block)
    }
    #expect(bits.text == "e9b0b144e5a6326a")
  }
}
