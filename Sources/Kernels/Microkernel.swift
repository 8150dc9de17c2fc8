private import CSIMD

/// The inner loop of matrix products: a tile of C held in registers while A and B stream past.
///
/// A tile is up to four groups of three rows by one or two vectors of columns; with AVX-512 twelve rows by two vectors
/// of sixteen, 24 registers of sums, which keeps both multipliers busy. On the Cascade Lake processor of
/// `Benchmarks/peers` a product of 256 x 256 x 256, packing included, goes at three quarters of what the multipliers
/// alone do, 20 % faster than with OpenBLAS 0.3.21.
///
/// Each element of C is one chain of fused multiply-adds in the order of the inner index. So an element's bits depend
/// neither on how the rows of a batch are cut into blocks, nor on the number of threads.
enum Microkernel {
  typealias SIMDVector = SIMDMath.SIMDVector
  /// Floats in a vector.
  static let width = SIMDMath.width
  #if FORESIGHT_AVX512
  /// Groups of three rows in the tallest tile.
  static let tallest = 4
  #else
  /// Groups of three rows in the tallest tile.
  static let tallest = 2
  #endif

  /// Whether the build has what the tiles need; else products of whole matrices are left to BLAS.
  static var isFast: Bool {
    #if FORESIGHT_FMA
    true
    #else
    false
    #endif
  }

  @inline(__always)
  static func load(_ p: UnsafePointer<Float>) -> SIMDVector { UnsafeRawPointer(p).loadUnaligned(as: SIMDVector.self) }

  @inline(__always)
  static func store(_ v: SIMDVector, to p: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: SIMDVector.self)
  }

  /// The first `valid` floats at `p`, zeros after them.
  @inline(__always)
  static func load(_ p: UnsafePointer<Float>, valid: Int) -> SIMDVector {
    valid >= width ? load(p) : loadPart(p, valid)
  }

  /// Writes the first `valid` floats of `v`.
  @inline(__always)
  static func store(_ v: SIMDVector, to p: UnsafeMutablePointer<Float>, valid: Int) {
    if valid >= width {
      store(v, to: p)
    } else {
      storePart(v, to: p, valid)
    }
  }

  #if FORESIGHT_AVX512
  @inline(__always)
  private static func loadPart(_ p: UnsafePointer<Float>, _ valid: Int) -> SIMDVector {
    foresight_load_part16(p, max(valid, 0))
  }

  @inline(__always)
  private static func storePart(_ v: SIMDVector, to p: UnsafeMutablePointer<Float>, _ valid: Int) {
    foresight_store_part16(p, v, max(valid, 0))
  }
  #else
  // Parts of a vector go through memory and stay out of line: where single elements of a sum are taken, the compiler
  // splits all that led to it into scalars.
  @inline(never)
  private static func loadPart(_ p: UnsafePointer<Float>, _ valid: Int) -> SIMDVector {
    var result = SIMDVector()
    withUnsafeMutableBytes(of: &result) { $0.copyMemory(from: UnsafeRawBufferPointer(start: p, count: 4 * valid)) }
    return result
  }

  @inline(never)
  private static func storePart(_ v: SIMDVector, to p: UnsafeMutablePointer<Float>, _ valid: Int) {
    withUnsafeBytes(of: v) {
      UnsafeMutableRawBufferPointer(start: p, count: 4 * valid).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: $0[..<(4 * valid)]))
    }
  }
  #endif

  /// Sums of three rows in one or two vectors, in the order of `foresight_microkernel16`.
  struct Group {
    var y0 = SIMDVector()
    var y1 = SIMDVector()
    var y2 = SIMDVector()
    var z0 = SIMDVector()
    var z1 = SIMDVector()
    var z2 = SIMDVector()

    /// Sums to begin with, for rows `row`, `row + one`, `row + two`.
    @inline(__always)
    init<E: GEMMEpilogue>(_ epilogue: E, _ row: Int, _ one: Int, _ two: Int, _ columns: Columns, wide: Bool) {
      (y0, y1, y2) = epilogue.begin(row, one, two, columns.first, valid: columns.valid)
      if wide { (z0, z1, z2) = epilogue.begin(row, one, two, columns.first + width, valid: columns.validNext) }
    }

    @inline(__always)
    init() {}

    @inline(__always)
    func finish<E: GEMMEpilogue>(_ epilogue: E, _ row: Int, _ one: Int, _ two: Int, _ columns: Columns, wide: Bool) {
      epilogue.finish(y0, row, columns.first, valid: columns.valid)
      if wide { epilogue.finish(z0, row, columns.first + width, valid: columns.validNext) }
      epilogue.finish(y1, row + one, columns.first, valid: columns.valid)
      if wide { epilogue.finish(z1, row + one, columns.first + width, valid: columns.validNext) }
      epilogue.finish(y2, row + two, columns.first, valid: columns.valid)
      if wide { epilogue.finish(z2, row + two, columns.first + width, valid: columns.validNext) }
    }
  }

  /// Columns of a tile: the first, and how many of each vector exist.
  struct Columns {
    let first: Int
    let valid: Int
    let validNext: Int
  }

  /// First rows of a tile's groups, and the second and third row of each relative to it: 1 and 2, less where the matrix
  /// has fewer than three rows. Groups may overlap, since every element is begun before any is finished.
  struct Rows {
    var r0 = 0
    var r1 = 0
    var r2 = 0
    var r3 = 0
    let one: Int
    let two: Int
  }

  /// One tile: C[row, column] = epilogue(begin + sum over p of a[row * rowStride + p * innerStride] *
  /// b.base[p * b.stride + column]).
  ///
  /// The shape is a type, so that each has machine code of its own with all sums in registers. So have tiles of whole
  /// vectors: where parts of vectors may be called for, the sums would have to be saved before.
  @inline(never)
  static func compute<S: MicrokernelShape, E: GEMMEpilogue>(
    _ shape: S.Type, k: Int, _ a: Operand, _ rows: Rows, _ b: RightOperand, _ columns: Columns, _ epilogue: E
  ) {
    if columns.valid >= width && (!S.wide || columns.validNext >= width) {
      let whole = Columns(first: columns.first, valid: width, validNext: width)
      run(shape, k: k, Segments(count: 1, pitch: 0), a, rows, b, whole, epilogue)
    } else {
      run(shape, k: k, Segments(count: 1, pitch: 0), a, rows, b, columns, epilogue)
    }
  }

  /// As `compute`, with an inner index of several segments of k elements each.
  @inline(never)
  static func compute<S: MicrokernelShape, E: GEMMEpilogue>(
    _ shape: S.Type, k: Int, _ segments: Segments, _ a: Operand, _ rows: Rows, _ b: RightOperand, _ columns: Columns,
    _ epilogue: E
  ) {
    if columns.valid >= width && (!S.wide || columns.validNext >= width) {
      let whole = Columns(first: columns.first, valid: width, validNext: width)
      run(shape, k: k, segments, a, rows, b, whole, epilogue)
    } else {
      run(shape, k: k, segments, a, rows, b, columns, epilogue)
    }
  }

  /// How the inner index goes through the left operand: `count` times k elements, each segment `pitch` floats after the
  /// one before. The right operand has no gaps.
  struct Segments {
    let count: Int
    let pitch: Int
  }

  @inline(__always)
  private static func run<S: MicrokernelShape, E: GEMMEpilogue>(
    _ shape: S.Type, k: Int, _ segments: Segments, _ a: Operand, _ rows: Rows, _ b: RightOperand, _ columns: Columns,
    _ epilogue: E
  ) {
    let (groups, wide) = (S.groups, S.wide)
    var tile = (
      Group(epilogue, rows.r0, rows.one, rows.two, columns, wide: wide),
      groups > 1 ? Group(epilogue, rows.r1, rows.one, rows.two, columns, wide: wide) : Group(),
      groups > 2 ? Group(epilogue, rows.r2, rows.one, rows.two, columns, wide: wide) : Group(),
      groups > 3 ? Group(epilogue, rows.r3, rows.one, rows.two, columns, wide: wide) : Group()
    )
    withUnsafeMutableBytes(of: &tile) { bytes in
      guard let sums = bytes.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
      let (shape, isWide) = (Int32(groups), Int32(wide ? 1 : 0))
      var (a0, a1) = (a.base + rows.r0 &* a.rowStride, a.base + rows.r1 &* a.rowStride)
      var (a2, a3) = (a.base + rows.r2 &* a.rowStride, a.base + rows.r3 &* a.rowStride)
      let (one, two) = (rows.one &* a.rowStride, rows.two &* a.rowStride)
      var right = b.base
      for _ in 0..<segments.count {
        #if FORESIGHT_AVX512
        foresight_microkernel16(
          shape, isWide, k, a0, a1, a2, a3, one, two, a.innerStride, right, b.stride, b.coming, sums)
        #else
        foresight_microkernel8(
          shape, isWide, k, a0, a1, a2, a3, one, two, a.innerStride, right, b.stride, b.coming, sums)
        #endif
        a0 += segments.pitch
        a1 += segments.pitch
        a2 += segments.pitch
        a3 += segments.pitch
        right += k &* b.stride
      }
    }
    tile.0.finish(epilogue, rows.r0, rows.one, rows.two, columns, wide: wide)
    if groups > 1 { tile.1.finish(epilogue, rows.r1, rows.one, rows.two, columns, wide: wide) }
    if groups > 2 { tile.2.finish(epilogue, rows.r2, rows.one, rows.two, columns, wide: wide) }
    if groups > 3 { tile.3.finish(epilogue, rows.r3, rows.one, rows.two, columns, wide: wide) }
  }

  /// The right operand from a tile's first column on: element (p, column) is `base[p * stride + column]`.
  struct RightOperand {
    let base: UnsafePointer<Float>
    let stride: Int
    /// What later tiles will read. The tallest tiles over panels ask memory for its first 4 k floats, unless the left
    /// operand is cut into strips: then the panels have been packed just before.
    let coming: UnsafePointer<Float>
  }

  /// The left operand: element (row, p) is `base[row * rowStride + p * innerStride]`, or cut into strips.
  struct Operand {
    let base: UnsafePointer<Float>
    let rowStride: Int
    let innerStride: Int
    private let isCut: Bool

    init(base: UnsafePointer<Float>, rowStride: Int, innerStride: Int) {
      (self.base, self.rowStride, self.innerStride, isCut) = (base, rowStride, innerStride, false)
    }

    /// Strips of some rows each, one after the other, each stored column after column.
    init(strips: UnsafePointer<Float>) { (base, rowStride, innerStride, isCut) = (strips, 1, 0, true) }

    /// The same as seen by a tile of the strip of `rows` rows from `row` on; k is the number of columns.
    @inline(__always)
    func strip(at row: Int, rows: Int, k: Int) -> Operand {
      isCut ? Operand(base: base + row &* (k &- 1), rowStride: 1, innerStride: rows) : self
    }
  }
}

/// How many groups of three rows a tile has, and whether two vectors of columns.
protocol MicrokernelShape {
  static var groups: Int { get }
  static var wide: Bool { get }
}

/// Tiles of one vector of columns.
enum Narrow {
  enum One: MicrokernelShape {
    static var groups: Int { 1 }
    static var wide: Bool { false }
  }
  enum Two: MicrokernelShape {
    static var groups: Int { 2 }
    static var wide: Bool { false }
  }
  enum Three: MicrokernelShape {
    static var groups: Int { 3 }
    static var wide: Bool { false }
  }
  enum Four: MicrokernelShape {
    static var groups: Int { 4 }
    static var wide: Bool { false }
  }
}

/// Tiles of two vectors of columns.
enum Wide {
  enum One: MicrokernelShape {
    static var groups: Int { 1 }
    static var wide: Bool { true }
  }
  enum Two: MicrokernelShape {
    static var groups: Int { 2 }
    static var wide: Bool { true }
  }
  enum Three: MicrokernelShape {
    static var groups: Int { 3 }
    static var wide: Bool { true }
  }
  enum Four: MicrokernelShape {
    static var groups: Int { 4 }
    static var wide: Bool { true }
  }
}
