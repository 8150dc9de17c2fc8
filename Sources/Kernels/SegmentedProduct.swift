/// Products by register tiles whose left operand is read where it lies although its rows have gaps: each row is some
/// segments of equal length, a fixed distance apart.
enum SegmentedProduct {
  /// epilogue(A [m, segments.count k] B [segments.count k, n]) with B in `panels`.
  static func multiply<E: GEMMEpilogue>(
    m: Int, n: Int, k: Int, _ segments: Microkernel.Segments, _ a: Microkernel.Operand, panels: UnsafePointer<Float>,
    _ epilogue: E
  ) {
    let lane = Microkernel.width
    var (column, panel) = (0, panels)
    while column < n {
      let wide = n - column > lane
      let columns = Microkernel.Columns(
        first: column, valid: min(lane, n - column), validNext: min(lane, n - column - lane))
      let width = wide ? 2 * lane : lane
      let b = Microkernel.RightOperand(base: panel, stride: width, coming: panel)
      strip(m, k, segments, a, b, columns, wide: wide, epilogue)
      panel += segments.count * k * width
      column += width
    }
  }

  /// All rows of one panel.
  @inline(__always)
  private static func strip<E: GEMMEpilogue>(
    _ m: Int, _ k: Int, _ segments: Microkernel.Segments, _ a: Microkernel.Operand, _ b: Microkernel.RightOperand,
    _ columns: Microkernel.Columns, wide: Bool, _ epilogue: E
  ) {
    var row = 0
    while row < m {
      let (groups, covered) = BlockedGEMM.height(m - row)
      var rows = Microkernel.Rows(one: min(1, m - row - 1), two: min(2, m - row - 1))
      let last = max(0, covered - 3)
      rows.r0 = row
      rows.r1 = row + min(3, last)
      rows.r2 = row + min(6, last)
      rows.r3 = row + min(9, last)
      switch (groups, wide) {
      case (1, true): Microkernel.compute(Wide.One.self, k: k, segments, a, rows, b, columns, epilogue)
      case (2, true): Microkernel.compute(Wide.Two.self, k: k, segments, a, rows, b, columns, epilogue)
      case (1, false): Microkernel.compute(Narrow.One.self, k: k, segments, a, rows, b, columns, epilogue)
      case (2, false): Microkernel.compute(Narrow.Two.self, k: k, segments, a, rows, b, columns, epilogue)
      #if FORESIGHT_AVX512
      case (3, true): Microkernel.compute(Wide.Three.self, k: k, segments, a, rows, b, columns, epilogue)
      case (4, true): Microkernel.compute(Wide.Four.self, k: k, segments, a, rows, b, columns, epilogue)
      case (3, false): Microkernel.compute(Narrow.Three.self, k: k, segments, a, rows, b, columns, epilogue)
      case (4, false): Microkernel.compute(Narrow.Four.self, k: k, segments, a, rows, b, columns, epilogue)
      #endif
      default: preconditionFailure("no tile of \(groups) groups")
      }
      epilogue.complete(
        row: row, rows: covered, column: columns.first, columns: columns.valid + (wide ? columns.validNext : 0))
      row += covered
    }
  }
}
