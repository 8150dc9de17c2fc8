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

  /// C [n, k] = S B for a symmetric S [n, n] and B [n, k]. Fastest where k is a multiple of 8.
  package static func multiply(
    symmetric s: UnsafePointer<Double>, order n: Int, _ b: UnsafePointer<Double>, columns k: Int,
    _ c: UnsafeMutablePointer<Double>
  ) {
    c.update(repeating: 0, count: n * k)
    let whole = k / 8 * 8
    for i in 0..<n {
      let (row, own, target) = (s + i * n, b + i * k, c + i * k)
      for q in stride(from: 0, to: whole, by: 8) {
        let mine = SmallMatrixKernels.load(own + q)
        var total = SmallMatrixKernels.load(target + q)
        for j in 0..<i {
          let (factor, sum) = (Lanes(repeating: row[j]), c + j * k + q)
          total = SmallMatrixKernels.multiplyAdd(factor, SmallMatrixKernels.load(b + j * k + q), total)
          SmallMatrixKernels.store(
            SmallMatrixKernels.multiplyAdd(factor, mine, SmallMatrixKernels.load(sum)), to: sum)
        }
        SmallMatrixKernels.store(
          SmallMatrixKernels.multiplyAdd(Lanes(repeating: row[i]), mine, total), to: target + q)
      }
      guard whole < k else { continue }
      for j in 0..<i {
        let (other, sum) = (b + j * k, c + j * k)
        for q in whole..<k {
          target[q] = fused(row[j], other[q], target[q])
          sum[q] = fused(row[j], own[q], sum[q])
        }
      }
      for q in whole..<k { target[q] = fused(row[i], own[q], target[q]) }
    }
  }

  /// Overwrites the lower triangle of `a` [n, n] by L with L L' = A. False where A is not positive definite. O(n³ / 3).
  ///
  /// Rows come in pairs, which read the rows above once for both; large matrices are factored by panels.
  package static func factor(_ a: UnsafeMutablePointer<Double>, order n: Int) -> Bool {
    guard n < leastOrderOfPanels else { return factorByPanels(a, order: n) }
    for first in stride(from: 0, to: n, by: 2) {
      let (row, next) = (a + first * n, a + (first + 1) * n)
      let shared = first + 1 < n ? first / 4 * 4 : 0
      for block in stride(from: 0, to: shared, by: 4) {
        let b = a + block * n
        let (sums, nextSums) = dots(row, next, b, b + n, b + 2 * n, b + 3 * n, count: block)
        finish(row, sums, b, n, block..<block + 4)
        finish(next, nextSums, b, n, block..<block + 4)
      }
      for i in first..<min(first + 2, n) {
        let row = a + i * n
        for block in stride(from: shared, to: i, by: 4) {
          let last = min(block + 4, i)
          let b = a + block * n
          let sums = dots(
            row, b, a + min(block + 1, i) * n, a + min(block + 2, i) * n, a + min(block + 3, i) * n, count: block)
          finish(row, sums, b, n, block..<last)
        }
        let pivot = row[i] - dots(row, row, row, row, row, count: i)[0]
        guard pivot > 0 else { return false }
        row[i] = pivot.squareRoot()
      }
    }
    return true
  }

  /// Elements `columns` of a row of L, from A's and the products `sums` of what lies left of them; `b` is the first of
  /// the rows of L with these numbers.
  @inline(__always)
  private static func finish(
    _ row: UnsafeMutablePointer<Double>, _ sums: SIMD4<Double>, _ b: UnsafePointer<Double>, _ n: Int,
    _ columns: Range<Int>
  ) {
    for j in columns {
      let other = b + (j - columns.lowerBound) * n
      var sum = sums[j - columns.lowerBound]
      for p in columns.lowerBound..<j { sum = fused(row[p], other[p], sum) }
      row[j] = (row[j] - sum) / other[j]
    }
  }

  /// Overwrites L, as `factor` left it, by the lower triangle of (L L')^-1 = W' W with W = L^-1. O(2 n³ / 3). Rows come
  /// in pairs, or in panels, as in `factor`.
  package static func invert(factor a: UnsafeMutablePointer<Double>, order n: Int) {
    guard n < leastOrderOfPanels else { return invertByPanels(factor: a, order: n) }
    invertTriangle(a, order: n)
    for first in stride(from: 0, to: n, by: 2) {
      let (row, next) = (a + first * n, a + (first + 1) * n)
      scale(row, count: first + 1)
      guard first + 1 < n else { return }
      Factorization.add(row, next, first + 1, next[first])
      scale(next, count: first + 2)
      for block in stride(from: first + 2, to: n, by: 4) {
        let b = a + block * n
        guard block + 4 <= n else {
          for k in 0..<n - block {
            Factorization.add(row, b + k * n, first + 1, b[k * n + first])
            Factorization.add(next, b + k * n, first + 2, b[k * n + first + 1])
          }
          continue
        }
        let c = b + first
        let factors = SIMD4(c[0], c[n], c[2 * n], c[3 * n])
        let nextFactors = SIMD4(c[1], c[n + 1], c[2 * n + 1], c[3 * n + 1])
        add(factors, to: row, nextFactors, to: next, b, stride: n, count: first + 1)
        for k in 0..<4 { next[first + 1] = fused(nextFactors[k], nextFactors[k], next[first + 1]) }
      }
    }
  }

  /// Overwrites the lower triangle of L [n, n] by that of W = L^-1. O(n³ / 3).
  static func invertTriangle(_ a: UnsafeMutablePointer<Double>, order n: Int) {
    for first in stride(from: 0, to: n, by: 2) {
      let (row, next) = (a + first * n, a + (first + 1) * n)
      let shared = first + 1 < n ? first / 4 * 4 : 0
      // of L[i, :i] W[:i, :i] column k needs columns from k on, which are still those of L then
      for block in stride(from: 0, to: shared, by: 4) {
        let b = a + block * n
        let (factors, nextFactors) = (four(row + block), four(next + block))
        add(factors, to: row, nextFactors, to: next, b, stride: n, count: block)
        multiply(factors, b, n, block..<block + 4, into: row)
        multiply(nextFactors, b, n, block..<block + 4, into: next)
      }
      for i in first..<min(first + 2, n) {
        let row = a + i * n
        for block in stride(from: shared, to: i, by: 4) {
          let last = min(block + 4, i)
          let b = a + block * n
          var factors = SIMD4<Double>()
          for k in block..<last { factors[k - block] = row[k] }
          add(factors, b, stride: n, rows: last - block, to: row, count: block)
          multiply(factors, b, n, block..<last, into: row)
        }
        let inverse = 1 / row[i]
        for j in 0..<i { row[j] *= -inverse }
        row[i] = inverse
      }
    }
  }

  /// The first elements of a row of W by the last of them.
  @inline(__always)
  private static func scale(_ row: UnsafeMutablePointer<Double>, count: Int) {
    let last = row[count - 1]
    for j in 0..<count { row[j] *= last }
  }

  @inline(__always)
  private static func four(_ p: UnsafePointer<Double>) -> SIMD4<Double> { SIMD4(p[0], p[1], p[2], p[3]) }

  /// Elements `columns` of a row times the triangle of rows with these numbers, the first of which is `b`.
  @inline(__always)
  private static func multiply(
    _ factors: SIMD4<Double>, _ b: UnsafePointer<Double>, _ n: Int, _ columns: Range<Int>,
    into row: UnsafeMutablePointer<Double>
  ) {
    for j in columns {
      var sum = 0.0
      for k in j..<columns.upperBound {
        sum = fused(factors[k - columns.lowerBound], b[(k - columns.lowerBound) * n + j], sum)
      }
      row[j] = sum
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

  /// The same of two rows x and z with the same four others.
  @inline(__always)
  private static func dots(
    _ x: UnsafePointer<Double>, _ z: UnsafePointer<Double>, _ y0: UnsafePointer<Double>, _ y1: UnsafePointer<Double>,
    _ y2: UnsafePointer<Double>, _ y3: UnsafePointer<Double>, count: Int
  ) -> (SIMD4<Double>, SIMD4<Double>) {
    var (s0, s1, s2, s3) = (Lanes(), Lanes(), Lanes(), Lanes())
    var (t0, t1, t2, t3) = (Lanes(), Lanes(), Lanes(), Lanes())
    let whole = count / 8 * 8
    for p in stride(from: 0, to: whole, by: 8) {
      let (v, w) = (SmallMatrixKernels.load(x + p), SmallMatrixKernels.load(z + p))
      let (u0, u1) = (SmallMatrixKernels.load(y0 + p), SmallMatrixKernels.load(y1 + p))
      let (u2, u3) = (SmallMatrixKernels.load(y2 + p), SmallMatrixKernels.load(y3 + p))
      s0 = SmallMatrixKernels.multiplyAdd(v, u0, s0)
      s1 = SmallMatrixKernels.multiplyAdd(v, u1, s1)
      s2 = SmallMatrixKernels.multiplyAdd(v, u2, s2)
      s3 = SmallMatrixKernels.multiplyAdd(v, u3, s3)
      t0 = SmallMatrixKernels.multiplyAdd(w, u0, t0)
      t1 = SmallMatrixKernels.multiplyAdd(w, u1, t1)
      t2 = SmallMatrixKernels.multiplyAdd(w, u2, t2)
      t3 = SmallMatrixKernels.multiplyAdd(w, u3, t3)
    }
    var sums = SIMD4(total(s0), total(s1), total(s2), total(s3))
    var others = SIMD4(total(t0), total(t1), total(t2), total(t3))
    for p in whole..<count {
      sums = SIMD4(
        fused(x[p], y0[p], sums[0]), fused(x[p], y1[p], sums[1]), fused(x[p], y2[p], sums[2]),
        fused(x[p], y3[p], sums[3]))
      others = SIMD4(
        fused(z[p], y0[p], others[0]), fused(z[p], y1[p], others[1]), fused(z[p], y2[p], others[2]),
        fused(z[p], y3[p], others[3]))
    }
    return (sums, others)
  }

  /// Sum of eight numbers: of the halves, then of the halves of that.
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

  /// Two rows y += factors · rows, of four rows `stride` apart, one after the other.
  @inline(__always)
  private static func add(
    _ f: SIMD4<Double>, to y: UnsafeMutablePointer<Double>, _ g: SIMD4<Double>, to z: UnsafeMutablePointer<Double>,
    _ x: UnsafePointer<Double>, stride: Int, count: Int
  ) {
    let (f0, f1, f2, f3) = (
      Lanes(repeating: f[0]), Lanes(repeating: f[1]), Lanes(repeating: f[2]), Lanes(repeating: f[3])
    )
    let (g0, g1, g2, g3) = (
      Lanes(repeating: g[0]), Lanes(repeating: g[1]), Lanes(repeating: g[2]), Lanes(repeating: g[3])
    )
    let (x1, x2, x3) = (x + stride, x + 2 * stride, x + 3 * stride)
    let whole = count / 8 * 8
    for p in Swift.stride(from: 0, to: whole, by: 8) {
      let (u0, u1) = (SmallMatrixKernels.load(x + p), SmallMatrixKernels.load(x1 + p))
      let (u2, u3) = (SmallMatrixKernels.load(x2 + p), SmallMatrixKernels.load(x3 + p))
      var sum = SmallMatrixKernels.multiplyAdd(f0, u0, SmallMatrixKernels.load(y + p))
      sum = SmallMatrixKernels.multiplyAdd(f1, u1, sum)
      sum = SmallMatrixKernels.multiplyAdd(f2, u2, sum)
      SmallMatrixKernels.store(SmallMatrixKernels.multiplyAdd(f3, u3, sum), to: y + p)
      var other = SmallMatrixKernels.multiplyAdd(g0, u0, SmallMatrixKernels.load(z + p))
      other = SmallMatrixKernels.multiplyAdd(g1, u1, other)
      other = SmallMatrixKernels.multiplyAdd(g2, u2, other)
      SmallMatrixKernels.store(SmallMatrixKernels.multiplyAdd(g3, u3, other), to: z + p)
    }
    for p in whole..<count {
      y[p] = fused(f[3], x3[p], fused(f[2], x2[p], fused(f[1], x1[p], fused(f[0], x[p], y[p]))))
      z[p] = fused(g[3], x3[p], fused(g[2], x2[p], fused(g[1], x1[p], fused(g[0], x[p], z[p]))))
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

  /// `out`[i] = e^(s - |x - z_i|² / 2) of n points z [K, n], whose rows are `stride` apart, and one x [K], whose numbers are
  /// `step` apart; to the accuracy of `exponentials`. O(n K).
  package static func squaredExponentials(
    _ z: UnsafePointer<Double>, points n: Int, stride: Int, _ x: UnsafePointer<Double>, step: Int = 1, inputs: Int,
    logSignal s: Double, into out: UnsafeMutablePointer<Double>
  ) {
    @inline(__always)
    func kernel(_ points: (Int) -> Lanes) -> Lanes {
      var exponent = Lanes(repeating: s)
      for k in 0..<inputs {
        let gap = x[k * step] - points(k)
        exponent = SmallMatrixKernels.multiplyAdd(-0.5 * gap, gap, exponent)
      }
      return exponential(exponent)
    }
    let whole = n / 8 * 8
    for j in Swift.stride(from: 0, to: whole, by: 8) {
      SmallMatrixKernels.store(kernel { SmallMatrixKernels.load(z + $0 * stride + j) }, to: out + j)
    }
    guard whole < n else { return }
    let rest = kernel { k in
      var rest = Lanes()
      for j in whole..<n { rest[j - whole] = z[k * stride + j] }
      return rest
    }
    for j in whole..<n { out[j] = rest[j - whole] }
  }

  /// x' y of vectors of n numbers: sixteen interleaved sums, then what is left of whole sixteens in its order. O(n).
  package static func dot(_ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, count n: Int) -> Double {
    var (even, odd) = (Lanes(), Lanes())
    let whole = n / 16 * 16
    for i in stride(from: 0, to: whole, by: 16) {
      even = SmallMatrixKernels.multiplyAdd(
        SmallMatrixKernels.load(x + i), SmallMatrixKernels.load(y + i), even)
      odd = SmallMatrixKernels.multiplyAdd(
        SmallMatrixKernels.load(x + i + 8), SmallMatrixKernels.load(y + i + 8), odd)
    }
    let sums = even + odd
    var total = 0.0
    for lane in 0..<8 { total += sums[lane] }
    for i in whole..<n { total = fused(x[i], y[i], total) }
    return total
  }

  @inline(__always)
  private static func exponential(_ x: Lanes) -> Lanes {
    let low = x.replacing(with: Lanes(repeating: -700), where: x .< -700)
    let bounded = low.replacing(with: Lanes(repeating: 700), where: low .> 700)
    @inline(__always)
    func fused(_ a: Lanes, _ b: Double, _ c: Lanes) -> Lanes {
      SmallMatrixKernels.multiplyAdd(a, Lanes(repeating: b), c)
    }
    // rounds to the nearest integer n by the carry of an addition of 1.5 * 2^52
    let shifted = fused(bounded, 1.442_695_040_888_963_4, Lanes(repeating: 6_755_399_441_055_744))
    let n = shifted - 6_755_399_441_055_744
    let r = fused(n, -1.908_214_929_270_587_7e-10, fused(n, -0.693_147_180_369_123_8, bounded))
    var p = fused(r, 1 / 6_227_020_800, Lanes(repeating: 1 / 479_001_600))
    @inline(__always)
    func next(_ coefficient: Double) { p = SmallMatrixKernels.multiplyAdd(p, r, Lanes(repeating: coefficient)) }
    next(1 / 39_916_800)
    next(1 / 3_628_800)
    next(1 / 362_880)
    next(1 / 40_320)
    next(1 / 5_040)
    next(1 / 720)
    next(1 / 120)
    next(1 / 24)
    next(1 / 6)
    next(0.5)
    next(1)
    next(1)
    let bits = unsafeBitCast(shifted, to: SIMD8<UInt64>.self) &- SIMD8(repeating: 0x4338_0000_0000_0000 - 1023)
    // a product, which the compiler turns into a shift
    return p * unsafeBitCast(bits &* SIMD8(repeating: 1 << 52), to: Lanes.self)
  }
}
