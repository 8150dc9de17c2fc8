/// N rows in blocks of fixed size, the last perhaps shorter: the unit of parallel work, which does not depend on the number
/// of threads, and of passes whose activations stay in cache.
struct RowBlocks {
  /// Rows in a block: two blocks of a batch of 256 keep two threads even at full speed of the matrix products.
  static let size = 128

  /// Number of rows, N.
  let rows: Int

  /// Number of blocks.
  var count: Int { (rows + RowBlocks.size - 1) / RowBlocks.size }

  /// Rows of one block.
  subscript(block: Int) -> Range<Int> {
    let first = block * RowBlocks.size
    return first..<min(first + RowBlocks.size, rows)
  }

  /// Calls `body` with the first row and the number of rows of each block, of `size` rows at most.
  static func forEach(of rows: Int, size: Int = RowBlocks.size, _ body: (_ first: Int, _ count: Int) -> Void) {
    precondition(rows >= 0, "\(rows) rows")
    for first in stride(from: 0, to: rows, by: size) { body(first, min(size, rows - first)) }
  }
}
