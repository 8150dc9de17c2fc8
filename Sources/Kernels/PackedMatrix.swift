/// The right operand of a product, B [k, n], cut into panels of two vectors of columns (the last perhaps of one), each
/// stored row after row without gaps: the order in which tiles read it. Columns beyond n are zeros.
package enum PackedMatrix {
  /// Columns of a panel.
  package static let width = 2 * Microkernel.width

  /// Floats that B [k, n] takes when packed.
  package static func count(k: Int, n: Int) -> Int {
    k * ((n + Microkernel.width - 1) / Microkernel.width) * Microkernel.width
  }

  /// Packs B [k, n], stored with row stride `ldb`, or B' stored [n, k] if `transposed`. O(k n).
  package static func pack(
    _ b: UnsafePointer<Float>, ldb: Int, transposed: Bool, k: Int, n: Int, into packed: UnsafeMutablePointer<Float>
  ) {
    var target = packed
    var column = 0
    while column < n {
      let panel = n - column > Microkernel.width ? width : Microkernel.width
      let valid = min(panel, n - column)
      if transposed {
        transpose(b + column * ldb, ldb, rows: valid, columns: k, into: target, panel)
      } else {
        copy(b + column, ldb, rows: k, columns: valid, into: target, panel)
      }
      target += k * panel
      column += panel
    }
  }

  /// Copies a block [rows, columns] into rows of `panel` floats, zeros after the columns.
  private static func copy(
    _ source: UnsafePointer<Float>, _ stride: Int, rows: Int, columns: Int, into target: UnsafeMutablePointer<Float>,
    _ panel: Int
  ) {
    if columns == panel {
      for r in 0..<rows {
        let (from, to) = (source + r * stride, target + r * panel)
        for c in Swift.stride(from: 0, to: panel, by: 8) { store(load(from + c), to: to + c) }
      }
    } else {
      for r in 0..<rows {
        let (from, to) = (source + r * stride, target + r * panel)
        for c in 0..<columns { to[c] = from[c] }
        for c in columns..<panel { to[c] = 0 }
      }
    }
  }

  /// target[c * panel + r] = source[r * stride + c] for r in 0..<rows, zeros for rows..<panel.
  private static func transpose(
    _ source: UnsafePointer<Float>, _ stride: Int, rows: Int, columns: Int, into target: UnsafeMutablePointer<Float>,
    _ panel: Int
  ) {
    let (wholeRows, wholeColumns) = (rows & ~7, columns & ~7)
    for c in Swift.stride(from: 0, to: wholeColumns, by: 8) {
      for r in Swift.stride(from: 0, to: wholeRows, by: 8) {
        transpose8(source + r * stride + c, stride, into: target + c * panel + r, panel)
      }
    }
    for c in wholeColumns..<columns { for r in 0..<wholeRows { target[c * panel + r] = source[r * stride + c] } }
    guard wholeRows < panel else { return }
    for c in 0..<columns {
      for r in wholeRows..<rows { target[c * panel + r] = source[r * stride + c] }
      for r in rows..<panel { target[c * panel + r] = 0 }
    }
  }

  private typealias Eight = SIMD8<Float>
  private typealias Block = (Eight, Eight, Eight, Eight, Eight, Eight, Eight, Eight)

  @inline(__always)
  private static func load(_ p: UnsafePointer<Float>) -> Eight { UnsafeRawPointer(p).loadUnaligned(as: Eight.self) }

  @inline(__always)
  private static func store(_ v: Eight, to p: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: Eight.self)
  }

  @inline(__always)
  private static func evens(_ a: Eight, _ b: Eight) -> Eight { Eight(lowHalf: a.evenHalf, highHalf: b.evenHalf) }

  @inline(__always)
  private static func odds(_ a: Eight, _ b: Eight) -> Eight { Eight(lowHalf: a.oddHalf, highHalf: b.oddHalf) }

  /// A perfect unshuffle of the 64 elements; three of them transpose.
  @inline(__always)
  private static func unshuffle(_ v: Block) -> Block {
    (
      evens(v.0, v.1), evens(v.2, v.3), evens(v.4, v.5), evens(v.6, v.7), odds(v.0, v.1), odds(v.2, v.3),
      odds(v.4, v.5), odds(v.6, v.7)
    )
  }

  @inline(__always)
  private static func transpose8(
    _ s: UnsafePointer<Float>, _ stride: Int, into t: UnsafeMutablePointer<Float>, _ panel: Int
  ) {
    let rows: Block = (
      load(s), load(s + stride), load(s + 2 * stride), load(s + 3 * stride), load(s + 4 * stride),
      load(s + 5 * stride), load(s + 6 * stride), load(s + 7 * stride)
    )
    let columns = unshuffle(unshuffle(unshuffle(rows)))
    store(columns.0, to: t)
    store(columns.1, to: t + panel)
    store(columns.2, to: t + 2 * panel)
    store(columns.3, to: t + 3 * panel)
    store(columns.4, to: t + 4 * panel)
    store(columns.5, to: t + 5 * panel)
    store(columns.6, to: t + 6 * panel)
    store(columns.7, to: t + 7 * panel)
  }
}
