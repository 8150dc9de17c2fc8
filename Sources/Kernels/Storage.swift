import Foundation

/// Heap block of `count` floats, aligned to 64 bytes (a cache line, an AVX-512 register), zeroed at birth. Pages of a large
/// block take memory when they are first written to, so that a replay buffer costs what is in it.
///
/// The one owner of numeric memory: `Vector` and `Matrix` share it copy-on-write.
@usableFromInline
package final class Storage: @unchecked Sendable {
  // Sendable: mutation goes through `Vector` and `Matrix`, which copy a block that is not uniquely referenced.
  @usableFromInline package let pointer: UnsafeMutablePointer<Float>
  @usableFromInline package let count: Int
  private let block: UnsafeMutableRawPointer

  @usableFromInline
  package init(count: Int) {
    precondition(count >= 0, "negative element count \(count)")
    self.count = count
    let floats = Swift.max(count, 1)
    if floats > 1 << 24 { Memory.check(4 * floats) }
    guard let block = calloc(floats * 4 + 63, 1) else { Memory.exhausted(4 * floats) }
    self.block = block
    pointer = block.alignedUp(toMultipleOf: 64).bindMemory(to: Float.self, capacity: floats)
  }

  @usableFromInline
  package convenience init(copying other: Storage) {
    self.init(count: other.count)
    pointer.update(from: other.pointer, count: other.count)
  }

  deinit { free(block) }
}
