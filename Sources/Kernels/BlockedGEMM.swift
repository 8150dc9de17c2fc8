/// Products by `Microkernel`s, over panels of the packed right operand.
enum BlockedGEMM {
  /// Rows of A up to which packing B costs more than it saves.
  private static let fewRows = 24

  /// C [m, n] = op(A) op(B), added to C if `accumulate`; not both operands transposed.
  static func gemm(
    _ ta: Transposition, _ tb: Transposition, m: Int, n: Int, k: Int, _ a: UnsafePointer<Float>, lda: Int,
    _ b: UnsafePointer<Float>, ldb: Int, accumulate: Bool, _ c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    if ta == .transposed && m > fewRows {
      let count = PackedMatrix.count(k: k, n: n)
      let packed = ThreadScratch.floats(count + m * k)
      PackedMatrix.pack(b, ldb: ldb, transposed: false, k: k, n: n, into: packed)
      packStrips(a, lda: lda, m: m, k: k, into: packed + count)
      let left = Microkernel.Operand(strips: packed + count)
      if accumulate {
        multiply(m: m, n: n, k: k, left, packed: packed, AccumulateEpilogue(c: c, ldc: ldc))
      } else {
        multiply(m: m, n: n, k: k, left, packed: packed, StoreEpilogue(c: c, ldc: ldc))
      }
      return
    }
    let left =
      ta == .none
      ? Microkernel.Operand(base: a, rowStride: lda, innerStride: 1)
      : Microkernel.Operand(base: a, rowStride: 1, innerStride: lda)
    if accumulate {
      multiply(m: m, n: n, k: k, left, tb, b, ldb: ldb, AccumulateEpilogue(c: c, ldc: ldc))
    } else {
      multiply(m: m, n: n, k: k, left, tb, b, ldb: ldb, StoreEpilogue(c: c, ldc: ldc))
    }
  }

  /// epilogue(A [m, k] op(B) [k, n]), packing B as need be.
  static func multiply<E: GEMMEpilogue>(
    m: Int, n: Int, k: Int, _ a: Microkernel.Operand, _ tb: Transposition, _ b: UnsafePointer<Float>, ldb: Int,
    _ epilogue: E
  ) {
    if tb == .none, m <= fewRows {
      let scratch = ThreadScratch.floats(k * Microkernel.width)
      multiply(m: m, n: n, k: k, a, unpacked: b, ldb: ldb, scratch: scratch, epilogue)
    } else {
      let packed = ThreadScratch.floats(PackedMatrix.count(k: k, n: n))
      PackedMatrix.pack(b, ldb: ldb, transposed: tb == .transposed, k: k, n: n, into: packed)
      multiply(m: m, n: n, k: k, a, packed: packed, epilogue)
    }
  }

  /// epilogue(A [m, k] B [k, n]) with B in `packed`.
  static func multiply<E: GEMMEpilogue>(
    m: Int, n: Int, k: Int, _ a: Microkernel.Operand, packed: UnsafePointer<Float>, _ epilogue: E
  ) {
    let width = Microkernel.width
    var (column, panel) = (0, packed)
    while column < n {
      let wide = n - column > width
      let columns = Microkernel.Columns(
        first: column, valid: min(width, n - column), validNext: min(width, n - column - width))
      let panelWidth = wide ? 2 * width : width
      strip(m, k, a, panel, bStride: panelWidth, columns, wide: wide, epilogue)
      panel += k * panelWidth
      column += panelWidth
    }
  }

  /// As above with B as stored, row stride `ldb`: saves the packing where few rows of A use it. Columns that do not
  /// fill a vector are packed into `scratch` [k, width] all the same.
  static func multiply<E: GEMMEpilogue>(
    m: Int, n: Int, k: Int, _ a: Microkernel.Operand, unpacked b: UnsafePointer<Float>, ldb: Int,
    scratch: UnsafeMutablePointer<Float>, _ epilogue: E
  ) {
    let width = Microkernel.width
    var column = 0
    while column < n {
      let left = n - column
      if left >= width {
        let wide = left >= 2 * width
        let columns = Microkernel.Columns(first: column, valid: width, validNext: width)
        strip(m, k, a, b + column, bStride: ldb, columns, wide: wide, epilogue)
        column += wide ? 2 * width : width
      } else {
        PackedMatrix.pack(b + column, ldb: ldb, transposed: false, k: k, n: left, into: scratch)
        let columns = Microkernel.Columns(first: column, valid: left, validNext: 0)
        strip(m, k, a, scratch, bStride: width, columns, wide: false, epilogue)
        column = n
      }
    }
  }

  /// How many groups and rows the next tile has where `left` rows are left.
  @inline(__always)
  static func height(_ left: Int) -> (groups: Int, rows: Int) {
    let full = 3 * Microkernel.tallest
    // one or two rows must not be left over: they could not be a group without redoing finished ones
    if left > full && left < full + 3 { return (Microkernel.tallest / 2, 3 * (Microkernel.tallest / 2)) }
    return left < full ? ((left + 2) / 3, left) : (Microkernel.tallest, full)
  }

  /// Cuts A', stored as A [k, m], into the strips of rows that tiles have, each stored column after column without
  /// gaps: read as stored, a strip would take a line of the cache, and often the same few places in it, for each
  /// column.
  private static func packStrips(
    _ a: UnsafePointer<Float>, lda: Int, m: Int, k: Int, into strips: UnsafeMutablePointer<Float>
  ) {
    var row = 0
    while row < m {
      let (_, covered) = height(m - row)
      let target = strips + row * k
      if covered == 12 {
        for p in 0..<k {
          let (from, to) = (UnsafeRawPointer(a + p * lda + row), UnsafeMutableRawPointer(target + p * 12))
          to.storeBytes(of: from.loadUnaligned(as: SIMD8<Float>.self), as: SIMD8<Float>.self)
          to.storeBytes(
            of: from.loadUnaligned(fromByteOffset: 32, as: SIMD4<Float>.self), toByteOffset: 32, as: SIMD4<Float>.self)
        }
      } else {
        for p in 0..<k { for c in 0..<covered { target[p * covered + c] = a[p * lda + row + c] } }
      }
      row += covered
    }
  }

  /// All rows of one panel. Meanwhile the next one is fetched, a part with each tile: with many rows the panels of a
  /// large network have to come from far in memory.
  @inline(__always)
  private static func strip<E: GEMMEpilogue>(
    _ m: Int, _ k: Int, _ a: Microkernel.Operand, _ panel: UnsafePointer<Float>, bStride: Int,
    _ columns: Microkernel.Columns, wide: Bool, _ epilogue: E
  ) {
    var row = 0
    let size = k * bStride
    var fetched = 0
    while row < m {
      let (groups, covered) = height(m - row)
      let a = a.strip(at: row, rows: covered, k: k)
      var rows = Microkernel.Rows(one: min(1, m - row - 1), two: min(2, m - row - 1))
      let last = max(0, covered - 3)
      rows.r0 = row
      rows.r1 = row + min(3, last)
      rows.r2 = row + min(6, last)
      rows.r3 = row + min(9, last)
      let b = Microkernel.RightOperand(base: panel, stride: bStride, coming: panel + size + fetched)
      if fetched < size { fetched += 4 * k }
      switch (groups, wide) {
      case (1, true): Microkernel.compute(Wide.One.self, k: k, a, rows, b, columns, epilogue)
      case (2, true): Microkernel.compute(Wide.Two.self, k: k, a, rows, b, columns, epilogue)
      case (1, false): Microkernel.compute(Narrow.One.self, k: k, a, rows, b, columns, epilogue)
      case (2, false): Microkernel.compute(Narrow.Two.self, k: k, a, rows, b, columns, epilogue)
      #if FORESIGHT_AVX512
      case (3, true): Microkernel.compute(Wide.Three.self, k: k, a, rows, b, columns, epilogue)
      case (4, true): Microkernel.compute(Wide.Four.self, k: k, a, rows, b, columns, epilogue)
      case (3, false):
        Microkernel.compute(Narrow.Three.self, k: k, a, rows, b, columns, epilogue)
      case (4, false): Microkernel.compute(Narrow.Four.self, k: k, a, rows, b, columns, epilogue)
      #endif
      default: preconditionFailure("no tile of \(groups) groups")
      }
      epilogue.complete(
        row: row, rows: covered, column: columns.first, columns: columns.valid + (wide ? columns.validNext : 0))
      row += covered
    }
  }
}
