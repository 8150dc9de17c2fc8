private import CTiles

/// Products with operands rounded to bfloat16 (the upper half of a single-precision number: 7 bits of fraction) and sums in
/// single precision, by the tile unit (AMX) of processors that have it, at ten times the rate of single precision's.
///
/// On others vectors do the same to the bit, somewhat slower than single precision. The rounding's relative error is at most
/// 2^-9 for each operand. Sums do not depend on how rows are cut into blocks.
package enum BFloat16Product {
  /// Whether the processor has a tile unit that this process may use.
  package static var hasTiles: Bool { foresight_has_tiles() != 0 }

  /// Inner sizes and widths from which layers take these products: for smaller ones packing costs more than they save, and
  /// observations, of which there are few, keep their precision.
  package static let least = 64

  private static let (rows, depth, words) = (16, 32, 256)

  private static func blocks(_ count: Int, of size: Int) -> Int { (count + size - 1) / size }

  /// Floats that an operand with `outer` rows (of a left one) or columns (of a right one) takes when packed.
  package static func count(outer: Int, inner: Int) -> Int {
    blocks(outer, of: rows) * blocks(inner, of: depth) * words
  }

  /// Packs a right operand B [k, n], stored with row stride `ldb`, or B' stored [n, k] if `transposed`. O(k n).
  package static func pack(
    _ b: UnsafePointer<Float>, ldb: Int, transposed: Bool, k: Int, n: Int, into packed: UnsafeMutablePointer<Float>
  ) {
    foresight_pack_right(b, ldb, transposed ? 1 : 0, k, n, words(packed))
  }

  /// What sums begin with.
  package enum Start {
    /// 0.
    case zero
    /// A number for each column.
    case bias(UnsafePointer<Float>)
    /// C as it is.
    case result
  }

  /// C [m, n] = start + A [m, k] B, with B packed; A has row stride `lda`. `tiled` is for tests. O(m n k).
  package static func multiply(
    m: Int, n: Int, k: Int, _ a: UnsafePointer<Float>, lda: Int, packed b: UnsafePointer<Float>, _ start: Start,
    into c: UnsafeMutablePointer<Float>, ldc: Int, tiled: Bool = hasTiles
  ) {
    let size = count(outer: m, inner: k)
    let left = ThreadScratch.floats(size + blocks(n, of: rows) * rows)
    foresight_pack_left(a, lda, 0, m, k, words(left))
    multiply(m: m, n: n, k: k, left, b, start, spare: left + size, into: c, ldc: ldc, tiled: tiled)
  }

  /// The same with B, or B' stored [n, k] if `transposed`, as it is stored: packed for this product alone.
  package static func multiply(
    m: Int, n: Int, k: Int, _ a: UnsafePointer<Float>, lda: Int, _ b: UnsafePointer<Float>, ldb: Int,
    transposed: Bool, _ start: Start, into c: UnsafeMutablePointer<Float>, ldc: Int, tiled: Bool = hasTiles
  ) {
    let (size, other) = (count(outer: m, inner: k), count(outer: n, inner: k))
    let left = ThreadScratch.floats(size + other + blocks(n, of: rows) * rows)
    foresight_pack_left(a, lda, 0, m, k, words(left))
    foresight_pack_right(b, ldb, transposed ? 1 : 0, k, n, words(left + size))
    multiply(m: m, n: n, k: k, left, left + size, start, spare: left + size + other, into: c, ldc: ldc, tiled: tiled)
  }

  /// C [m, n] = A' B, or C += A' B if `accumulate`, for A [k, m] and B [k, n] as stored: the gradient of a layer's weights.
  /// O(m n k).
  package static func multiply(
    m: Int, n: Int, k: Int, transposed a: UnsafePointer<Float>, lda: Int, _ b: UnsafePointer<Float>, ldb: Int,
    accumulate: Bool, into c: UnsafeMutablePointer<Float>, ldc: Int, tiled: Bool = hasTiles
  ) {
    let size = count(outer: m, inner: k)
    let left = ThreadScratch.floats(size + count(outer: n, inner: k))
    foresight_pack_left(a, lda, 1, m, k, words(left))
    foresight_pack_right(b, ldb, 0, k, n, words(left + size))
    multiply(
      m: m, n: n, k: k, left, left + size, accumulate ? .result : .zero, spare: left, into: c, ldc: ldc, tiled: tiled)
  }

  /// C = start + A B of packed operands. `spare` has room for a row of C with columns up to a whole tile.
  private static func multiply(
    m: Int, n: Int, k: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ start: Start,
    spare: UnsafeMutablePointer<Float>, into c: UnsafeMutablePointer<Float>, ldc: Int, tiled: Bool
  ) {
    var (bias, accumulates): (UnsafePointer<Float>?, Int32) = (nil, 0)
    switch start {
    case .zero: break
    case .bias(let numbers) where n % rows == 0: bias = numbers
    case .bias(let numbers):
      // whole tiles are read
      spare.update(from: numbers, count: n)
      (spare + n).update(repeating: 0, count: rows - n % rows)
      bias = UnsafePointer(spare)
    case .result: accumulates = 1
    }
    foresight_multiply_tiles(m, n, k, words(a), words(b), bias, accumulates, c, ldc, tiled ? 1 : 0)
  }

  private static func words(_ floats: UnsafePointer<Float>) -> UnsafePointer<UInt32> {
    UnsafeRawPointer(floats).assumingMemoryBound(to: UInt32.self)
  }

  private static func words(_ floats: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<UInt32> {
    UnsafeMutableRawPointer(floats).assumingMemoryBound(to: UInt32.self)
  }
}
