/// N rows in blocks of fixed size, the last perhaps shorter: the unit of parallel work, which does not depend on the number
/// of threads, and of passes whose activations stay in cache.
struct RowBlocks {
  /// Rows in a block: two blocks of a batch of 256 keep two threads even at full speed of the matrix products.
  static let size = 128

  /// Rows in a block of images: a batch of 32 keeps two threads, and the maps of a block are some megabytes.
  static let imageSize = 16

  /// Number of rows, N.
  let rows: Int
  /// Rows in a block of these.
  let size: Int

  /// Blocks of `size` rows.
  init(rows: Int, size: Int = RowBlocks.size) {
    self.rows = rows
    self.size = size
  }

  /// Number of blocks.
  var count: Int { (rows + size - 1) / size }

  /// Rows of one block.
  subscript(block: Int) -> Range<Int> {
    let first = block * size
    return first..<min(first + size, rows)
  }

  /// Calls `body` with the first row and the number of rows of each block, of `size` rows at most.
  static func forEach(of rows: Int, size: Int = RowBlocks.size, _ body: (_ first: Int, _ count: Int) -> Void) {
    precondition(rows >= 0, "\(rows) rows")
    for first in stride(from: 0, to: rows, by: size) { body(first, min(size, rows - first)) }
  }
}
