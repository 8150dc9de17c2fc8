import Kernels
import TestSupport
import Testing

/// Products of bfloat16 numbers against three loops that sum in the same order, to the bit, by the tile unit (where there is
/// one) and by vectors.
@Suite struct BFloat16ProductTests {
  /// (m, n, k): whole tiles, parts of them, and less than one.
  private static let shapes = [
    (32, 32, 64), (16, 48, 32), (48, 16, 96), (1, 1, 1), (5, 3, 2), (17, 33, 31), (33, 17, 65), (64, 101, 384),
    (40, 7, 129), (31, 15, 33),
  ]
  private static let units = BFloat16Product.hasTiles ? [true, false] : [false]

  /// Round to nearest, ties to even, denormal numbers being zero.
  private static func rounded(_ x: Float) -> Float {
    if x.isNaN { return x }
    if x.isSubnormal { return 0 }
    let bits = x.bitPattern
    return Float(bitPattern: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) & 0xFFFF_0000)
  }

  private static func flushed(_ x: Float) -> Float { x.isSubnormal ? 0 : x }

  /// start + sum over p of a(p) b(p): per 32 places the even ones and the odd ones, each from zero.
  private static func sum(_ start: Float, _ k: Int, _ a: (Int) -> Float, _ b: (Int) -> Float) -> Float {
    var total = flushed(start)
    for first in stride(from: 0, to: k, by: 32) {
      var (even, odd): (Float, Float) = (0, 0)
      for p in stride(from: first, to: first + 32, by: 2) {
        if p < k { even = flushed(even.addingProduct(rounded(a(p)), rounded(b(p)))) }
        if p + 1 < k { odd = flushed(odd.addingProduct(rounded(a(p + 1)), rounded(b(p + 1)))) }
      }
      total = flushed(total + flushed(even + odd))
    }
    return total
  }

  private static func isSame(_ x: Float, _ y: Float) -> Bool { x == y || x.isNaN && y.isNaN }

  @Test(arguments: shapes, units)
  func productsAreThreeLoops(_ shape: (Int, Int, Int), tiled: Bool) {
    let (m, n, k) = shape
    let (a, b) = (drawnMatrix(m, k, seed: 1), drawnMatrix(k, n, seed: 2))
    let bias = drawnMatrix(1, n, seed: 3)
    for transposed in [false, true] {
      var stored = b
      if transposed {
        stored = Matrix(rows: n, columns: k)
        for i in 0..<k { for j in 0..<n { stored[j, i] = b[i, j] } }
      }
      var packed = Vector(count: BFloat16Product.count(outer: n, inner: k))
      BFloat16Product.pack(
        stored.pointer, ldb: stored.columns, transposed: transposed, k: k, n: n, into: packed.mutablePointer)
      for start in 0..<3 {
        var c = drawnMatrix(m, n, seed: 4)
        let before = c
        let begin: BFloat16Product.Start = start == 0 ? .zero : start == 1 ? .bias(bias.pointer) : .result
        BFloat16Product.multiply(
          m: m, n: n, k: k, a.pointer, lda: k, packed: packed.pointer, begin, into: c.mutablePointer, ldc: n,
          tiled: tiled)
        var same = before
        BFloat16Product.multiply(
          m: m, n: n, k: k, a.pointer, lda: k, stored.pointer, ldb: stored.columns, transposed: transposed, begin,
          into: same.mutablePointer, ldc: n, tiled: tiled)
        #expect(same == c, "packed for one product, \(shape), start \(start)")
        for i in 0..<m {
          for j in 0..<n {
            let first = start == 0 ? 0 : start == 1 ? bias[0, j] : before[i, j]
            let expected = Self.sum(first, k, { a[i, $0] }, { b[$0, j] })
            #expect(c[i, j] == expected, "(\(i), \(j)) of \(shape), start \(start)")
          }
        }
      }
    }
  }

  @Test(arguments: shapes, units)
  func weightGradientsAreThreeLoops(_ shape: (Int, Int, Int), tiled: Bool) {
    let (m, n, k) = shape
    let (a, b) = (drawnMatrix(k, m, seed: 5), drawnMatrix(k, n, seed: 6))
    for accumulate in [false, true] {
      var c = drawnMatrix(m, n, seed: 7)
      let before = c
      BFloat16Product.multiply(
        m: m, n: n, k: k, transposed: a.pointer, lda: m, b.pointer, ldb: n, accumulate: accumulate,
        into: c.mutablePointer, ldc: n, tiled: tiled)
      for i in 0..<m {
        for j in 0..<n {
          let expected = Self.sum(accumulate ? before[i, j] : 0, k, { a[$0, i] }, { b[$0, j] })
          #expect(c[i, j] == expected, "(\(i), \(j)) of \(shape)")
        }
      }
    }
  }

  /// Ties, the largest and least numbers, infinities and NaN.
  @Test(arguments: units)
  func unusualNumbersAreRoundedAlike(tiled: Bool) {
    let numbers: [Float] = [
      1 + 0x1p-8, 1 + 3 * 0x1p-8, -1 - 0x1p-8, .greatestFiniteMagnitude, .infinity, -.infinity, .nan, 0, -0.0,
      .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .leastNormalMagnitude, 0x1p-129, 0x1p-126, 3e-38, 1e20,
      Float(bitPattern: 0x007F_FFFF), Float(bitPattern: 0x7F80_0001), Float(bitPattern: 0xFFFF_FFFF),
    ]
    for other in [Float(1), 0x1p-20, 3e38] {
      for number in numbers {
        let a = [number, 0, 0.5]
        let b = [other, 1, 1e-38]
        var packed = Vector(count: BFloat16Product.count(outer: 1, inner: 3))
        BFloat16Product.pack(b, ldb: 1, transposed: false, k: 3, n: 1, into: packed.mutablePointer)
        var c: [Float] = [0x1p-130]
        BFloat16Product.multiply(
          m: 1, n: 1, k: 3, a, lda: 3, packed: packed.pointer, .result, into: &c, ldc: 1, tiled: tiled)
        let expected = Self.sum(0x1p-130, 3, { a[$0] }, { b[$0] })
        #expect(Self.isSame(c[0], expected), "\(number) * \(other): \(c[0]), not \(expected)")
      }
    }
  }

  /// Rows beyond the result, and what lies between its rows, are left alone.
  @Test(arguments: units)
  func nothingElseIsWritten(tiled: Bool) {
    let (m, n, k, stride) = (18, 20, 40, 37)
    let (a, b) = (drawnMatrix(m, k, seed: 8), drawnMatrix(k, n, seed: 9))
    var packed = Vector(count: BFloat16Product.count(outer: n, inner: k))
    BFloat16Product.pack(b.pointer, ldb: n, transposed: false, k: k, n: n, into: packed.mutablePointer)
    var c = [Float](repeating: 7, count: (m + 2) * stride)
    BFloat16Product.multiply(
      m: m, n: n, k: k, a.pointer, lda: k, packed: packed.pointer, .zero, into: &c, ldc: stride, tiled: tiled)
    for (place, value) in c.enumerated() where place / stride >= m || place % stride >= n { #expect(value == 7) }
  }
}
