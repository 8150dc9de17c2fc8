/// Factorizations of large matrices by panels: what lies left of 48 columns, or above 48 rows, goes through memory once for
/// all of them, and six rows at a time go through it in registers.
extension DoubleBlocks {
  private typealias Lanes = SmallMatrixKernels.SIMDVector
  private typealias Memory = UnsafeMutablePointer<Double>

  /// Rows and columns of a block on the diagonal: a multiple of the six rows and the eight columns of a tile.
  private static let block = 48
  /// From this order on panels are faster.
  static let leastOrderOfPanels = 2 * block

  /// `factor` by panels, left to right (Golub and Van Loan 2013, section 4.2.5).
  static func factorByPanels(_ a: UnsafeMutablePointer<Double>, order n: Int) -> Bool {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: block * (n + block + 16)) { scratch -> Bool in
      guard let scratch = scratch.baseAddress else { return false }
      let (left, corner, strips) = (scratch, scratch + block * n, scratch + block * (n + block))
      for first in stride(from: 0, to: n, by: block) {
        let size = min(block, n - first)
        // minus L's rows of the block's columns, transposed: eight of them side by side
        for panel in stride(from: 0, to: size, by: 8) {
          packNegated(
            a + (first + panel) * n, stride: n, rows: min(8, size - panel), columns: first, into: left + panel * first)
        }
        for row in stride(from: first, to: n, by: 6) {
          for panel in stride(from: 0, to: size, by: 8) where panel <= row + 5 - first {
            let (column, source) = (first + panel, left + panel * first)
            let width = min(8, size - panel)
            if row + 6 <= n, row >= column + 7, width == 8 {
              six(first, a + row * n, n, 1, source, adding: true, a + row * n + column, n)
            } else {
              for r in row..<min(row + 6, n) where r >= column {
                one(
                  first, a + r * n, 1, source, adding: true, a + r * n + column, count: min(width, r - column + 1))
              }
            }
          }
        }
        copyTriangle(a + first * (n + 1), stride: n, to: corner, stride: size, order: size)
        guard factor(corner, order: size) else { return false }
        copyTriangle(corner, stride: size, to: a + first * (n + 1), stride: n, order: size)
        for row in stride(from: first + size, to: n, by: 16) {
          solveRows(a + row * n + first, stride: n, rows: min(16, n - row), corner, order: size, strips)
        }
      }
      return true
    }
  }

  /// `invert` by panels: W = L^-1 block row by block row, then W' W from the top.
  static func invertByPanels(factor a: UnsafeMutablePointer<Double>, order n: Int) {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: block * n + 8 * n + 2 * block * block) { scratch in
      guard let scratch = scratch.baseAddress else { return }
      let (wide, panel) = (scratch, scratch + block * n)
      let (corner, product) = (panel + 8 * n, panel + 8 * n + block * block)
      invertTriangle(a, order: n, panel, corner, product)
      multiplyByTranspose(a, order: n, wide, panel)
    }
  }

  /// Overwrites the lower triangle L of `a` by that of L^-1.
  private static func invertTriangle(_ a: Memory, order n: Int, _ panel: Memory, _ corner: Memory, _ product: Memory) {
    for first in stride(from: 0, to: n, by: block) {
      let size = min(block, n - first)
      corner.update(repeating: 0, count: size * size)
      copyTriangle(a + first * (n + 1), stride: n, to: corner, stride: size, order: size)
      invertTriangle(corner, order: size)
      // L[block, :first] W[:first, :first]: its columns from k on need those of L from k on, which are still there
      for column in stride(from: 0, to: first, by: 8) {
        let inner = first - column
        packLower(a, order: n, rows: column..<first, columns: column..<column + 8, into: panel)
        multiply(rows: size, inner, a + first * n + column, n, panel, into: product, 8)
        for r in 0..<size * 8 { product[r] = -product[r] }
        multiply(rows: size, size, corner, size, product, into: a + first * n + column, n)
      }
      copyTriangle(corner, stride: size, to: a + first * (n + 1), stride: n, order: size)
    }
  }

  /// Overwrites the lower triangle W of `a` by that of W' W.
  private static func multiplyByTranspose(_ a: Memory, order n: Int, _ wide: Memory, _ panel: Memory) {
    for first in stride(from: 0, to: n, by: block) {
      let (size, inner) = (min(block, n - first), n - first)
      // rows from the block on of its columns, six side by side, and of eight others: what lies above the diagonal counts
      // as zero
      for p in 0..<inner {
        let row = a + (first + p) * n + first
        for strip in stride(from: 0, to: size, by: 6) {
          let target = wide + strip * inner + p * min(6, size - strip)
          for r in strip..<min(strip + 6, size) { target[r - strip] = r <= p ? row[r] : 0 }
        }
      }
      for column in stride(from: 0, to: first + size, by: 8) {
        let width = min(8, first + size - column)
        packLower(a, order: n, rows: first..<n, columns: column..<column + width, into: panel)
        for row in stride(from: 0, to: size, by: 6) {
          let c = a + (first + row) * n + column
          if row + 6 <= size, width == 8, first + row >= column + 7 {
            six(inner, wide + row * inner, 1, 6, panel, adding: false, c, n)
          } else {
            for r in row..<min(row + 6, size) where first + r >= column {
              one(
                inner, wide + row * inner + r - row, min(6, size - row), panel, adding: false,
                a + (first + r) * n + column, count: min(width, first + r - column + 1))
            }
          }
        }
      }
    }
  }

  /// C [rows, 8] = A [rows, inner] B [inner, 8], row strides of A and C `rowStride` and `stride`.
  private static func multiply(
    rows: Int, _ inner: Int, _ a: Memory, _ rowStride: Int, _ b: Memory, into c: Memory, _ stride: Int
  ) {
    var row = 0
    while row + 6 <= rows {
      six(inner, a + row * rowStride, rowStride, 1, b, adding: false, c + row * stride, stride)
      row += 6
    }
    while row < rows {
      one(inner, a + row * rowStride, 1, b, adding: false, c + row * stride, count: 8)
      row += 1
    }
  }

  /// Six rows of eight columns, target = A B, or target + A B: element (r, p) of A is `a[r * rowStride + p * innerStride]`,
  /// B is [inner, 8]. Every element is one chain over `inner`.
  @inline(__always)
  private static func six(
    _ inner: Int, _ a: Memory, _ rowStride: Int, _ innerStride: Int, _ b: Memory, adding: Bool, _ target: Memory,
    _ stride: Int
  ) {
    var (s0, s1, s2, s3, s4, s5) = (Lanes(), Lanes(), Lanes(), Lanes(), Lanes(), Lanes())
    if adding {
      (s0, s1) = (SmallMatrixKernels.load(target), SmallMatrixKernels.load(target + stride))
      (s2, s3) = (SmallMatrixKernels.load(target + 2 * stride), SmallMatrixKernels.load(target + 3 * stride))
      (s4, s5) = (SmallMatrixKernels.load(target + 4 * stride), SmallMatrixKernels.load(target + 5 * stride))
    }
    var (p, q) = (a, b)
    for _ in 0..<inner {
      let y = SmallMatrixKernels.load(q)
      s0 = SmallMatrixKernels.multiplyAdd(Lanes(repeating: p[0]), y, s0)
      s1 = SmallMatrixKernels.multiplyAdd(Lanes(repeating: p[rowStride]), y, s1)
      s2 = SmallMatrixKernels.multiplyAdd(Lanes(repeating: p[2 * rowStride]), y, s2)
      s3 = SmallMatrixKernels.multiplyAdd(Lanes(repeating: p[3 * rowStride]), y, s3)
      s4 = SmallMatrixKernels.multiplyAdd(Lanes(repeating: p[4 * rowStride]), y, s4)
      s5 = SmallMatrixKernels.multiplyAdd(Lanes(repeating: p[5 * rowStride]), y, s5)
      p += innerStride
      q += 8
    }
    SmallMatrixKernels.store(s0, to: target)
    SmallMatrixKernels.store(s1, to: target + stride)
    SmallMatrixKernels.store(s2, to: target + 2 * stride)
    SmallMatrixKernels.store(s3, to: target + 3 * stride)
    SmallMatrixKernels.store(s4, to: target + 4 * stride)
    SmallMatrixKernels.store(s5, to: target + 5 * stride)
  }

  /// The first `count` elements of one row, as in `six`.
  @inline(__always)
  private static func one(
    _ inner: Int, _ a: Memory, _ innerStride: Int, _ b: Memory, adding: Bool, _ target: Memory, count: Int
  ) {
    var sum = Lanes()
    if adding { for lane in 0..<count { sum[lane] = target[lane] } }
    var (p, q) = (a, b)
    for _ in 0..<inner {
      sum = SmallMatrixKernels.multiplyAdd(Lanes(repeating: p.pointee), SmallMatrixKernels.load(q), sum)
      p += innerStride
      q += 8
    }
    store(sum, to: target, count: count)
  }

  @inline(__always)
  private static func store(_ lanes: Lanes, to target: Memory, count: Int) {
    guard count < 8 else { return SmallMatrixKernels.store(lanes, to: target) }
    for lane in 0..<count { target[lane] = lanes[lane] }
  }

  /// Overwrites up to 16 rows of B by the X with X L' = B, L the lower triangle of `corner` [order, order]. Rows lie side by
  /// side in `strips` [order, 16] meanwhile.
  private static func solveRows(
    _ x: Memory, stride: Int, rows: Int, _ corner: Memory, order: Int, _ strips: Memory
  ) {
    for r in 0..<16 { for j in 0..<order { strips[j * 16 + r] = r < rows ? x[r * stride + j] : 0 } }
    for j in 0..<order {
      let (row, target) = (corner + j * order, strips + j * 16)
      var (first, second) = (SmallMatrixKernels.load(target), SmallMatrixKernels.load(target + 8))
      for p in 0..<j {
        let factor = Lanes(repeating: -row[p])
        first = SmallMatrixKernels.multiplyAdd(factor, SmallMatrixKernels.load(strips + p * 16), first)
        second = SmallMatrixKernels.multiplyAdd(factor, SmallMatrixKernels.load(strips + p * 16 + 8), second)
      }
      SmallMatrixKernels.store(first / Lanes(repeating: row[j]), to: target)
      SmallMatrixKernels.store(second / Lanes(repeating: row[j]), to: target + 8)
    }
    for r in 0..<rows { for j in 0..<order { x[r * stride + j] = strips[j * 16 + r] } }
  }

  /// Minus up to eight rows, transposed: target [columns, 8], zero where there are fewer rows.
  private static func packNegated(_ a: Memory, stride: Int, rows: Int, columns: Int, into target: Memory) {
    for p in 0..<columns {
      for lane in 0..<8 { target[p * 8 + lane] = lane < rows ? -a[lane * stride + p] : 0 }
    }
  }

  /// Up to eight columns of the lower triangle of `a` [n, n]: panel [rows, 8], zero above the diagonal and where there are
  /// fewer columns.
  @inline(__always)
  private static func packLower(
    _ a: Memory, order n: Int, rows: Range<Int>, columns: Range<Int>, into panel: Memory
  ) {
    var target = panel
    for r in rows {
      let (row, filled) = (a + r * n + columns.lowerBound, min(columns.count, r - columns.lowerBound + 1))
      if filled == 8 {
        SmallMatrixKernels.store(SmallMatrixKernels.load(row), to: target)
      } else {
        for lane in 0..<8 { target[lane] = lane < filled ? row[lane] : 0 }
      }
      target += 8
    }
  }

  /// The lower triangle of `a`, whose rows are `stride` apart, to that of `target`.
  private static func copyTriangle(
    _ a: Memory, stride: Int, to target: Memory, stride targetStride: Int, order: Int
  ) {
    for r in 0..<order { (target + r * targetStride).update(from: a + r * stride, count: r + 1) }
  }
}
