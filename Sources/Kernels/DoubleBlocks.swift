/// Dense linear algebra and exponentials in double precision on row-major blocks that the caller owns. Of symmetric
/// matrices only the lower triangle counts. Every element is one chain of operations, the same whatever the width of the
/// processor's vectors.
package enum DoubleBlocks {
  /// C [m, n] = op(A) [m, k] op(B) [k, n], with row strides `lda`, `ldb`, `ldc`. Of a transposed B eight columns at a
  /// time are copied.
  package static func multiply(
    _ ta: Transposition, _ tb: Transposition, m: Int, n: Int, k: Int, _ a: UnsafePointer<Double>, lda: Int,
    _ b: UnsafePointer<Double>, ldb: Int, _ c: UnsafeMutablePointer<Double>, ldc: Int
  ) {
    guard m > 0, n > 0, k > 0 else { return }
    guard tb != .none else { return gemm(ta, m: m, n: n, k: k, a, lda: lda, b, ldb: ldb, c, ldc: ldc) }
    let width = min(8, n)
    withUnsafeTemporaryAllocation(of: Double.self, capacity: width * k) { panel in
      guard let panel = panel.baseAddress else { return }
      for block in stride(from: 0, to: n, by: width) {
        // the last panel overlaps the one before
        let column = min(block, n - width)
        for j in 0..<width { for p in 0..<k { panel[p * width + j] = b[(column + j) * ldb + p] } }
        gemm(ta, m: m, n: width, k: k, a, lda: lda, panel, ldb: width, c + column, ldc: ldc)
      }
    }
  }

  /// C [n, k] = S B for a symmetric S [n, n] and B [n, k].
  package static func multiply(
    symmetric s: UnsafePointer<Double>, order n: Int, _ b: UnsafePointer<Double>, columns k: Int,
    _ c: UnsafeMutablePointer<Double>
  ) {
    c.update(repeating: 0, count: n * k)
    for i in 0..<n {
      let (row, own, target) = (s + i * n, b + i * k, c + i * k)
      for j in 0..<i {
        let (other, sum) = (b + j * k, c + j * k)
        for q in 0..<k {
          target[q] = fused(row[j], other[q], target[q])
          sum[q] = fused(row[j], own[q], sum[q])
        }
      }
      for q in 0..<k { target[q] = fused(row[i], own[q], target[q]) }
    }
  }

  /// Overwrites the lower triangle of `a` [n, n] by L with L L' = A. False where A is not positive definite. O(n³ / 3).
  package static func factor(_ a: UnsafeMutablePointer<Double>, order n: Int) -> Bool {
    for i in 0..<n {
      let row = a + i * n
      for first in stride(from: 0, to: i, by: 4) {
        let sums = dots(
          row, a + first * n, a + min(first + 1, i) * n, a + min(first + 2, i) * n,
          a + min(first + 3, i) * n, count: first)
        for j in first..<min(first + 4, i) {
          let other = a + j * n
          var sum = sums[j - first]
          for p in first..<j { sum = fused(row[p], other[p], sum) }
          row[j] = (row[j] - sum) / other[j]
        }
      }
      let pivot = row[i] - dots(row, row, row, row, row, count: i)[0]
      guard pivot > 0 else { return false }
      row[i] = pivot.squareRoot()
    }
    return true
  }

  /// Overwrites L, as `factor` left it, by the lower triangle of (L L')^-1 = W' W with W = L^-1. O(2 n³ / 3).
  package static func invert(factor a: UnsafeMutablePointer<Double>, order n: Int) {
    for i in 0..<n {
      let row = a + i * n
      // of L[i, :i] W[:i, :i] column k needs columns from k on, which are still those of L then
      for first in stride(from: 0, to: i, by: 4) {
        let last = min(first + 4, i)
        var factors = SIMD4<Double>()
        for k in first..<last { factors[k - first] = row[k] }
        add(factors, a + first * n, stride: n, rows: last - first, to: row, count: first)
        for j in first..<last {
          var sum = 0.0
          for k in j..<last { sum = fused(factors[k - first], a[k * n + j], sum) }
          row[j] = sum
        }
      }
      let inverse = 1 / row[i]
      for j in 0..<i { row[j] *= -inverse }
      row[i] = inverse
    }
    for i in 0..<n {
      let row = a + i * n
      let own = row[i]
      for j in 0...i { row[j] *= own }
      for first in stride(from: i + 1, to: n, by: 4) {
        let last = min(first + 4, n)
        var factors = SIMD4<Double>()
        for k in first..<last { factors[k - first] = a[k * n + i] }
        add(factors, a + first * n, stride: n, rows: last - first, to: row, count: i + 1)
      }
    }
  }

  /// Overwrites b [n] by (L L')^-1 b for L as `factor` left it. O(n²).
  package static func solve(factor a: UnsafePointer<Double>, order n: Int, _ b: UnsafeMutablePointer<Double>) {
    for i in 0..<n {
      let row = a + i * n
      b[i] = (b[i] - dots(b, row, row, row, row, count: i)[0]) / row[i]
    }
    for i in (0..<n).reversed() {
      let row = a + i * n
      b[i] /= row[i]
      Factorization.add(b, row, i, -b[i])
    }
  }

  @inline(__always)
  private static func fused(_ a: Double, _ b: Double, _ c: Double) -> Double { Factorization.multiplyAdd(a, b, c) }

  /// Products of x and four others: eight sums side by side, then those of the halves, then the elements left over.
  @inline(__always)
  private static func dots(
    _ x: UnsafePointer<Double>, _ y0: UnsafePointer<Double>, _ y1: UnsafePointer<Double>, _ y2: UnsafePointer<Double>,
    _ y3: UnsafePointer<Double>, count: Int
  ) -> SIMD4<Double> {
    var (s0, s1, s2, s3) = (Lanes(), Lanes(), Lanes(), Lanes())
    let whole = count / 8 * 8
    for p in stride(from: 0, to: whole, by: 8) {
      let v = SmallMatrixKernels.load(x + p)
      s0 = SmallMatrixKernels.multiplyAdd(v, SmallMatrixKernels.load(y0 + p), s0)
      s1 = SmallMatrixKernels.multiplyAdd(v, SmallMatrixKernels.load(y1 + p), s1)
      s2 = SmallMatrixKernels.multiplyAdd(v, SmallMatrixKernels.load(y2 + p), s2)
      s3 = SmallMatrixKernels.multiplyAdd(v, SmallMatrixKernels.load(y3 + p), s3)
    }
    var sums = SIMD4(total(s0), total(s1), total(s2), total(s3))
    for p in whole..<count {
      sums = SIMD4(
        fused(x[p], y0[p], sums[0]), fused(x[p], y1[p], sums[1]), fused(x[p], y2[p], sums[2]),
        fused(x[p], y3[p], sums[3]))
    }
    return sums
  }

  @inline(__always)
  private static func total(_ v: Lanes) -> Double {
    let four = v.lowHalf + v.highHalf
    let two = four.lowHalf + four.highHalf
    return two[0] + two[1]
  }

  /// y += factors · rows, of up to four rows `stride` apart, one after the other.
  @inline(__always)
  private static func add(
    _ factors: SIMD4<Double>, _ x: UnsafePointer<Double>, stride: Int, rows: Int, to y: UnsafeMutablePointer<Double>,
    count: Int
  ) {
    guard rows == 4 else {
      for k in 0..<rows { Factorization.add(y, x + k * stride, count, factors[k]) }
      return
    }
    let (f0, f1) = (Lanes(repeating: factors[0]), Lanes(repeating: factors[1]))
    let (f2, f3) = (Lanes(repeating: factors[2]), Lanes(repeating: factors[3]))
    let (x1, x2, x3) = (x + stride, x + 2 * stride, x + 3 * stride)
    let whole = count / 8 * 8
    for p in Swift.stride(from: 0, to: whole, by: 8) {
      var sum = SmallMatrixKernels.load(y + p)
      sum = SmallMatrixKernels.multiplyAdd(f0, SmallMatrixKernels.load(x + p), sum)
      sum = SmallMatrixKernels.multiplyAdd(f1, SmallMatrixKernels.load(x1 + p), sum)
      sum = SmallMatrixKernels.multiplyAdd(f2, SmallMatrixKernels.load(x2 + p), sum)
      sum = SmallMatrixKernels.multiplyAdd(f3, SmallMatrixKernels.load(x3 + p), sum)
      SmallMatrixKernels.store(sum, to: y + p)
    }
    for p in whole..<count {
      y[p] = fused(factors[3], x3[p], fused(factors[2], x2[p], fused(factors[1], x1[p], fused(factors[0], x[p], y[p]))))
    }
  }

  private typealias Lanes = SmallMatrixKernels.SIMDVector

  /// Overwrites the upper triangle of `a` [n, n] by the lower one.
  package static func mirror(_ a: UnsafeMutablePointer<Double>, order n: Int) {
    for i in 0..<n { for j in 0..<i { a[j * n + i] = a[i * n + j] } }
  }

  /// Overwrites x by e^x for |x| up to 700, beyond which the results are those at the bounds; a few units in the last
  /// place.
  ///
  /// e^x = 2^n e^r with |r| <= ln 2 / 2, and e^r by its series up to r^13, which leaves less than 1e-17.
  package static func exponentials(_ x: UnsafeMutablePointer<Double>, count: Int) {
    let whole = count / 8 * 8
    for i in stride(from: 0, to: whole, by: 8) {
      let place = UnsafeMutableRawPointer(x + i)
      place.storeBytes(
        of: exponential(place.loadUnaligned(as: SIMD8<Double>.self)), as: SIMD8<Double>.self)
    }
    if whole < count {
      var rest = SIMD8<Double>()
      for i in whole..<count { rest[i - whole] = x[i] }
      rest = exponential(rest)
      for i in whole..<count { x[i] = rest[i - whole] }
    }
  }

  @inline(__always)
  private static func exponential(_ x: SIMD8<Double>) -> SIMD8<Double> {
    let (lowest, highest) = (SIMD8<Double>(repeating: -700), SIMD8<Double>(repeating: 700))
    let low = x.replacing(with: lowest, where: x .< lowest)
    let bounded = low.replacing(with: highest, where: low .> highest)
    // rounds to the nearest integer n by the carry of an addition of 1.5 * 2^52
    let shifted = bounded * 1.442_695_040_888_963_4 + 6_755_399_441_055_744
    let n = shifted - 6_755_399_441_055_744
    let r = bounded - n * 0.693_147_180_369_123_8 - n * 1.908_214_929_270_587_7e-10
    var p = r * (1 / 6_227_020_800) + 1 / 479_001_600
    p = p * r + 1 / 39_916_800
    p = p * r + 1 / 3_628_800
    p = p * r + 1 / 362_880
    p = p * r + 1 / 40_320
    p = p * r + 1 / 5_040
    p = p * r + 1 / 720
    p = p * r + 1 / 120
    p = p * r + 1 / 24
    p = p * r + 1 / 6
    p = p * r + 0.5
    p = p * r + 1
    p = p * r + 1
    let bits = unsafeBitCast(shifted, to: SIMD8<UInt64>.self) &- SIMD8(repeating: 0x4338_0000_0000_0000 - 1023)
    // a product, which the compiler turns into a shift
    return p * unsafeBitCast(bits &* SIMD8(repeating: 1 << 52), to: SIMD8<Double>.self)
  }
}
