/// Heap block of `count` floats, aligned to 64 bytes (a cache line, an AVX-512 register), zeroed at birth.
///
/// The one owner of numeric memory: `Vector` and `Matrix` share it copy-on-write.
@usableFromInline
package final class Storage: @unchecked Sendable {
  // Sendable: mutation goes through `Vector` and `Matrix`, which copy a block that is not uniquely referenced.
  @usableFromInline package let pointer: UnsafeMutablePointer<Float>
  @usableFromInline package let count: Int

  @usableFromInline
  package init(count: Int) {
    precondition(count >= 0, "negative element count \(count)")
    self.count = count
    let raw = UnsafeMutableRawPointer.allocate(byteCount: Swift.max(count, 1) * 4, alignment: 64)
    pointer = raw.bindMemory(to: Float.self, capacity: Swift.max(count, 1))
    pointer.initialize(repeating: 0, count: Swift.max(count, 1))
  }

  @usableFromInline
  package convenience init(copying other: Storage) {
    self.init(count: other.count)
    pointer.update(from: other.pointer, count: other.count)
  }

  deinit { UnsafeMutableRawPointer(pointer).deallocate() }
}
