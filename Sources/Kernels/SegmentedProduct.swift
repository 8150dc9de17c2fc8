/// Products by register tiles whose left operand is read where it lies although its rows have gaps: each row is some
/// segments of equal length, a fixed distance apart.
enum SegmentedProduct {
  /// epilogue(A [m, segments.count k] B [segments.count k, n]) with B in `panels`.
  static func multiply<E: TileEpilogue>(
    m: Int, n: Int, k: Int, _ segments: RegisterTile.Segments, _ a: RegisterTile.Operand, panels: UnsafePointer<Float>,
    _ epilogue: E
  ) {
    let lane = RegisterTile.lane
    var (column, panel) = (0, panels)
    while column < n {
      let wide = n - column > lane
      let columns = RegisterTile.Columns(
        first: column, valid: min(lane, n - column), validNext: min(lane, n - column - lane))
      let width = wide ? 2 * lane : lane
      let b = RegisterTile.RightOperand(base: panel, stride: width, coming: panel)
      strip(m, k, segments, a, b, columns, wide: wide, epilogue)
      panel += segments.count * k * width
      column += width
    }
  }

  /// All rows of one panel.
  @inline(__always)
  private static func strip<E: TileEpilogue>(
    _ m: Int, _ k: Int, _ segments: RegisterTile.Segments, _ a: RegisterTile.Operand, _ b: RegisterTile.RightOperand,
    _ columns: RegisterTile.Columns, wide: Bool, _ epilogue: E
  ) {
    var row = 0
    while row < m {
      let (groups, covered) = TiledProduct.height(m - row)
      var rows = RegisterTile.Rows(one: min(1, m - row - 1), two: min(2, m - row - 1))
      let last = max(0, covered - 3)
      rows.r0 = row
      rows.r1 = row + min(3, last)
      rows.r2 = row + min(6, last)
      rows.r3 = row + min(9, last)
      switch (groups, wide) {
      case (1, true): RegisterTile.compute(Wide.One.self, k: k, segments, a, rows, b, columns, epilogue)
      case (2, true): RegisterTile.compute(Wide.Two.self, k: k, segments, a, rows, b, columns, epilogue)
      case (1, false): RegisterTile.compute(Narrow.One.self, k: k, segments, a, rows, b, columns, epilogue)
      case (2, false): RegisterTile.compute(Narrow.Two.self, k: k, segments, a, rows, b, columns, epilogue)
      #if FORESIGHT_AVX512
      case (3, true): RegisterTile.compute(Wide.Three.self, k: k, segments, a, rows, b, columns, epilogue)
      case (4, true): RegisterTile.compute(Wide.Four.self, k: k, segments, a, rows, b, columns, epilogue)
      case (3, false): RegisterTile.compute(Narrow.Three.self, k: k, segments, a, rows, b, columns, epilogue)
      case (4, false): RegisterTile.compute(Narrow.Four.self, k: k, segments, a, rows, b, columns, epilogue)
      #endif
      default: preconditionFailure("no tile of \(groups) groups")
      }
      epilogue.complete(
        row: row, rows: covered, column: columns.first, columns: columns.valid + (wide ? columns.validNext : 0))
      row += covered
    }
  }
}
