extension Elementwise {
  /// Calls `body` with the offset of each vector of a block with row stride `stride`, and how many of its columns
  /// exist.
  @inline(__always)
  static func forEachVector(rows: Int, columns: Int, stride: Int, _ body: (_ offset: Int, _ valid: Int) -> Void) {
    for r in 0..<rows {
      for c in Swift.stride(from: 0, to: columns, by: SIMDMath.width) {
        body(r * stride + c, min(SIMDMath.width, columns - c))
      }
    }
  }

  /// z[r, c] = silu(z[r, c]) in a block with row stride `stride`, its derivatives s + y (1 - s) kept at `slopes`, laid
  /// out alike, unless nil; s is the sigmoid and y the result.
  package static func silu(
    _ z: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int, slopes: UnsafeMutablePointer<Float>?
  ) {
    let width = SIMDMath.width
    let pairs = columns / (2 * width) * 2 * width
    // two rows of two vectors at a time
    for r in Swift.stride(from: 0, to: rows & ~1, by: 2) {
      for c in Swift.stride(from: 0, to: pairs, by: 2 * width) {
        let offset = r * stride + c
        if let slopes {
          quad(z + offset, stride, slopes: slopes + offset)
        } else {
          quad(z + offset, stride)
        }
      }
    }
    if pairs < columns { rest(z, rows: 0..<rows, columns: pairs..<columns, stride, slopes) }
    if rows & 1 == 1, pairs > 0 { rest(z, rows: rows - 1..<rows, columns: 0..<pairs, stride, slopes) }
  }

  @inline(__always)
  private static func load(_ p: UnsafePointer<Float>, _ stride: Int) -> SIMDQuad {
    SIMDQuad(
      Microkernel.load(p), Microkernel.load(p + SIMDMath.width), Microkernel.load(p + stride),
      Microkernel.load(p + stride + SIMDMath.width))
  }

  @inline(__always)
  private static func store(_ v: SIMDQuad, _ p: UnsafeMutablePointer<Float>, _ stride: Int) {
    Microkernel.store(v.a, to: p)
    Microkernel.store(v.b, to: p + SIMDMath.width)
    Microkernel.store(v.c, to: p + stride)
    Microkernel.store(v.d, to: p + stride + SIMDMath.width)
  }

  @inline(__always)
  private static func quad(_ z: UnsafeMutablePointer<Float>, _ stride: Int) {
    let x = load(z, stride)
    store(x * SIMDQuad.sigmoid(x), z, stride)
  }

  @inline(__always)
  private static func quad(_ z: UnsafeMutablePointer<Float>, _ stride: Int, slopes: UnsafeMutablePointer<Float>) {
    let x = load(z, stride)
    let s = SIMDQuad.sigmoid(x)
    let y = x * s
    store(y, z, stride)
    store(s + y * (SIMDQuad(repeating: 1) - s), slopes, stride)
  }

  /// Rows and columns that do not fill a pair of vectors in a pair of rows: one vector of four rows at a time.
  private static func rest(
    _ z: UnsafeMutablePointer<Float>, rows: Range<Int>, columns: Range<Int>, _ stride: Int,
    _ slopes: UnsafeMutablePointer<Float>?
  ) {
    let first = rows.lowerBound * stride + columns.lowerBound
    let fours = rows.count & ~3
    for r in Swift.stride(from: 0, to: fours, by: 4) {
      forEachVector(rows: 1, columns: columns.count, stride: stride) { offset, valid in
        let place = first + r * stride + offset
        let x = load(z + place, stride, valid: valid)
        let s = SIMDQuad.sigmoid(x)
        let y = x * s
        store(y, z + place, stride, valid: valid)
        if let slopes { store(s + y * (SIMDQuad(repeating: 1) - s), slopes + place, stride, valid: valid) }
      }
    }
    forEachVector(rows: rows.count - fours, columns: columns.count, stride: stride) { offset, valid in
      let place = first + fours * stride + offset
      let x = Microkernel.load(z + place, valid: valid)
      let s = SIMDMath.sigmoid(x)
      let y = x * s
      Microkernel.store(y, to: z + place, valid: valid)
      if let slopes { Microkernel.store(s + y * (1 - s), to: slopes + place, valid: valid) }
    }
  }

  @inline(__always)
  private static func load(_ p: UnsafePointer<Float>, _ stride: Int, valid: Int) -> SIMDQuad {
    SIMDQuad(
      Microkernel.load(p, valid: valid), Microkernel.load(p + stride, valid: valid),
      Microkernel.load(p + 2 * stride, valid: valid), Microkernel.load(p + 3 * stride, valid: valid))
  }

  @inline(__always)
  private static func store(_ v: SIMDQuad, _ p: UnsafeMutablePointer<Float>, _ stride: Int, valid: Int) {
    Microkernel.store(v.a, to: p, valid: valid)
    Microkernel.store(v.b, to: p + stride, valid: valid)
    Microkernel.store(v.c, to: p + 2 * stride, valid: valid)
    Microkernel.store(v.d, to: p + 3 * stride, valid: valid)
  }
}
