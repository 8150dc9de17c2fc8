/// Products by register tiles, over panels of the right operand.
enum TiledProduct {
  /// Rows of A up to which packing B costs more than it saves.
  private static let fewRows = 24

  /// C [m, n] = op(A) op(B), added to C if `accumulate`; not both operands transposed.
  static func gemm(
    _ ta: Transposition, _ tb: Transposition, m: Int, n: Int, k: Int, _ a: UnsafePointer<Float>, lda: Int,
    _ b: UnsafePointer<Float>, ldb: Int, accumulate: Bool, _ c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    if ta == .transposed && m > fewRows {
      let count = Panels.count(k: k, n: n)
      let panels = ThreadScratch.floats(count + m * k)
      Panels.pack(b, ldb: ldb, transposed: false, k: k, n: n, into: panels)
      packStrips(a, lda: lda, m: m, k: k, into: panels + count)
      let left = RegisterTile.Operand(strips: panels + count)
      if accumulate {
        multiply(m: m, n: n, k: k, left, panels: panels, AccumulateEpilogue(c: c, ldc: ldc))
      } else {
        multiply(m: m, n: n, k: k, left, panels: panels, StoreEpilogue(c: c, ldc: ldc))
      }
      return
    }
    let left =
      ta == .none
      ? RegisterTile.Operand(base: a, rowStride: lda, innerStride: 1)
      : RegisterTile.Operand(base: a, rowStride: 1, innerStride: lda)
    if accumulate {
      multiply(m: m, n: n, k: k, left, tb, b, ldb: ldb, AccumulateEpilogue(c: c, ldc: ldc))
    } else {
      multiply(m: m, n: n, k: k, left, tb, b, ldb: ldb, StoreEpilogue(c: c, ldc: ldc))
    }
  }

  /// epilogue(A [m, k] op(B) [k, n]), packing B as need be.
  static func multiply<E: TileEpilogue>(
    m: Int, n: Int, k: Int, _ a: RegisterTile.Operand, _ tb: Transposition, _ b: UnsafePointer<Float>, ldb: Int,
    _ epilogue: E
  ) {
    if tb == .none, m <= fewRows {
      let scratch = ThreadScratch.floats(k * RegisterTile.lane)
      multiply(m: m, n: n, k: k, a, unpacked: b, ldb: ldb, scratch: scratch, epilogue)
    } else {
      let panels = ThreadScratch.floats(Panels.count(k: k, n: n))
      Panels.pack(b, ldb: ldb, transposed: tb == .transposed, k: k, n: n, into: panels)
      multiply(m: m, n: n, k: k, a, panels: panels, epilogue)
    }
  }

  /// epilogue(A [m, k] B [k, n]) with B in `panels`.
  static func multiply<E: TileEpilogue>(
    m: Int, n: Int, k: Int, _ a: RegisterTile.Operand, panels: UnsafePointer<Float>, _ epilogue: E
  ) {
    let lane = RegisterTile.lane
    var (column, panel) = (0, panels)
    while column < n {
      let wide = n - column > lane
      let columns = RegisterTile.Columns(
        first: column, valid: min(lane, n - column), validNext: min(lane, n - column - lane))
      let width = wide ? 2 * lane : lane
      strip(m, k, a, panel, bStride: width, columns, wide: wide, epilogue)
      panel += k * width
      column += width
    }
  }

  /// As above with B as stored, row stride `ldb`: saves the packing where few rows of A use it. Columns that do not fill
  /// a lane are packed into `scratch` [k, lane] all the same.
  static func multiply<E: TileEpilogue>(
    m: Int, n: Int, k: Int, _ a: RegisterTile.Operand, unpacked b: UnsafePointer<Float>, ldb: Int,
    scratch: UnsafeMutablePointer<Float>, _ epilogue: E
  ) {
    let lane = RegisterTile.lane
    var column = 0
    while column < n {
      let left = n - column
      if left >= lane {
        let wide = left >= 2 * lane
        let columns = RegisterTile.Columns(first: column, valid: lane, validNext: lane)
        strip(m, k, a, b + column, bStride: ldb, columns, wide: wide, epilogue)
        column += wide ? 2 * lane : lane
      } else {
        Panels.pack(b + column, ldb: ldb, transposed: false, k: k, n: left, into: scratch)
        let columns = RegisterTile.Columns(first: column, valid: left, validNext: 0)
        strip(m, k, a, scratch, bStride: lane, columns, wide: false, epilogue)
        column = n
      }
    }
  }

  /// How many groups and rows the next tile has where `left` rows are left.
  @inline(__always)
  static func height(_ left: Int) -> (groups: Int, rows: Int) {
    let full = 3 * RegisterTile.tallest
    // one or two rows must not be left over: they could not be a group without redoing finished ones
    if left > full && left < full + 3 { return (RegisterTile.tallest / 2, 3 * (RegisterTile.tallest / 2)) }
    return left < full ? ((left + 2) / 3, left) : (RegisterTile.tallest, full)
  }

  /// Cuts A', stored as A [k, m], into the strips of rows that tiles have, each stored column after column without gaps:
  /// read as stored, a strip would take a line of the cache, and often the same few places in it, for each column.
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

  /// All rows of one panel. Meanwhile the next one is fetched, a part with each tile: with many rows the panels of a large
  /// network have to come from far in memory.
  @inline(__always)
  private static func strip<E: TileEpilogue>(
    _ m: Int, _ k: Int, _ a: RegisterTile.Operand, _ panel: UnsafePointer<Float>, bStride: Int,
    _ columns: RegisterTile.Columns, wide: Bool, _ epilogue: E
  ) {
    var row = 0
    let size = k * bStride
    var fetched = 0
    while row < m {
      let (groups, covered) = height(m - row)
      let a = a.strip(at: row, rows: covered, k: k)
      var rows = RegisterTile.Rows(one: min(1, m - row - 1), two: min(2, m - row - 1))
      let last = max(0, covered - 3)
      rows.r0 = row
      rows.r1 = row + min(3, last)
      rows.r2 = row + min(6, last)
      rows.r3 = row + min(9, last)
      let b = RegisterTile.RightOperand(base: panel, stride: bStride, coming: panel + size + fetched)
      if fetched < size { fetched += 4 * k }
      switch (groups, wide) {
      case (1, true): RegisterTile.compute(Wide.One.self, k: k, a, rows, b, columns, epilogue)
      case (2, true): RegisterTile.compute(Wide.Two.self, k: k, a, rows, b, columns, epilogue)
      case (1, false): RegisterTile.compute(Narrow.One.self, k: k, a, rows, b, columns, epilogue)
      case (2, false): RegisterTile.compute(Narrow.Two.self, k: k, a, rows, b, columns, epilogue)
      #if FORESIGHT_AVX512
      case (3, true): RegisterTile.compute(Wide.Three.self, k: k, a, rows, b, columns, epilogue)
      case (4, true): RegisterTile.compute(Wide.Four.self, k: k, a, rows, b, columns, epilogue)
      case (3, false):
        RegisterTile.compute(Narrow.Three.self, k: k, a, rows, b, columns, epilogue)
      case (4, false): RegisterTile.compute(Narrow.Four.self, k: k, a, rows, b, columns, epilogue)
      #endif
      default: preconditionFailure("no tile of \(groups) groups")
      }
      epilogue.complete(
        row: row, rows: covered, column: columns.first, columns: columns.valid + (wide ? columns.validNext : 0))
      row += covered
    }
  }
}
