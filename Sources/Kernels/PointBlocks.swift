/// Points cut into blocks of a fixed number, each block transposed: [W, stride] for points of W numbers, of which the
/// first `rows` columns are points and the others zeros that make up whole vectors.
///
/// A pass over all points then goes along contiguous rows, many points at a time, and blocks can be worked on side by
/// side.
package struct PointBlocks {
  /// Points in every block but the last: whole vectors, but no power of two, whose rows would fall on the same lines of
  /// the cache.
  package static let rows = 248

  private let values: AlignedBuffer
  private let width: Int
  private let points: Int

  /// Of `points` [N, W].
  package init(_ points: [Double], width: Int) {
    self.width = width
    self.points = points.count / width
    values = AlignedBuffer(count: SmallMatrixKernels.padded(self.points) * width)
    for block in 0..<count {
      let (first, stride) = (first(block), stride(block))
      for row in 0..<rows(block) {
        for j in 0..<width { values.pointer[first * width + j * stride + row] = points[(first + row) * width + j] }
      }
    }
  }

  /// Number of blocks.
  package var count: Int { (points + Self.rows - 1) / Self.rows }

  /// The first point of `block`.
  package func first(_ block: Int) -> Int { block * Self.rows }

  /// Points in `block`.
  package func rows(_ block: Int) -> Int { min(Self.rows, points - block * Self.rows) }

  /// Columns of `block`.
  package func stride(_ block: Int) -> Int { SmallMatrixKernels.padded(rows(block)) }

  /// Lends the numbers of `block`, [W, stride].
  package func withBlock(_ block: Int, _ body: (UnsafePointer<Double>) -> Void) {
    withExtendedLifetime(values) { body(values.pointer + block * Self.rows * width) }
  }

  /// `points` [N, D], each followed by a one: [N, D + 1].
  package static func extended(_ points: [Double], size: Int) -> [Double] {
    let count = points.count / size
    var extended: [Double] = []
    extended.reserveCapacity(count * (size + 1))
    for row in 0..<count {
      extended.append(contentsOf: points[row * size..<(row + 1) * size])
      extended.append(1)
    }
    return extended
  }
}
