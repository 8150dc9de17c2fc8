private import CSIMD
import Foundation

/// Numbers in one block that grows in place, with value semantics (copy-on-write): for buffers whose limit is far beyond
/// what most runs fill.
///
/// Addresses are set aside for the whole limit where the system gives them, memory is taken page by page as it is written
/// to. Where it does not (a limit of addresses, strict accounting), the block is moved as it grows.
public struct GrowingVector<Element: BitwiseCopyable & Sendable>: Sendable {
  @usableFromInline package var storage: GrowingStorage
  /// Most elements.
  public let limit: Int
  /// Elements there is room for.
  public private(set) var count = 0

  /// An empty vector. Nothing is allocated.
  public init(limit: Int) {
    self.limit = limit
    storage = GrowingStorage()
  }

  /// Read access to the elements; see `Vector.pointer`.
  @inlinable
  public var pointer: UnsafePointer<Element> {
    UnsafePointer(storage.base.assumingMemoryBound(to: Element.self))
  }

  /// Write access to the elements; see `Vector.mutablePointer`.
  @inlinable
  public var mutablePointer: UnsafeMutablePointer<Element> {
    mutating get {
      if !isKnownUniquelyReferenced(&storage) { copy() }
      return storage.base.assumingMemoryBound(to: Element.self)
    }
  }

  @usableFromInline
  mutating func copy() {
    let own = GrowingStorage()
    own.grow(to: count * MemoryLayout<Element>.stride, limit: limit * MemoryLayout<Element>.stride)
    own.base.copyMemory(from: storage.base, byteCount: count * MemoryLayout<Element>.stride)
    storage = own
  }

  /// Makes room for `count` elements, those that are new being zero; no more than the limit.
  public mutating func reserve(_ count: Int) {
    precondition(count <= limit, "\(count) elements, at most \(limit)")
    guard count > self.count else { return }
    if !isKnownUniquelyReferenced(&storage) { copy() }
    storage.grow(to: count * MemoryLayout<Element>.stride, limit: limit * MemoryLayout<Element>.stride)
    self.count = count
  }
}

/// Memory of a `GrowingVector`.
@usableFromInline
package final class GrowingStorage: @unchecked Sendable {
  // Sendable: mutation goes through `GrowingVector`, which copies a block that is not uniquely referenced.
  @usableFromInline package private(set) var base = UnsafeMutableRawPointer(mutating: GrowingStorage.nothing)
  /// Bytes of addresses.
  private var bytes = 0

  /// Where an empty block points to.
  nonisolated(unsafe) private static let nothing = UnsafeRawPointer(
    UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64))
  /// Bytes of addresses that are set aside at once.
  private static let most = 1 << 40

  @usableFromInline
  package init() {}

  deinit {
    if bytes > 0 { munmap(base, bytes) }
  }

  /// Has room for `count` bytes, and if possible addresses for `limit`.
  @usableFromInline
  package func grow(to count: Int, limit: Int) {
    guard count > bytes else { return }
    let page = Int(getpagesize())
    func rounded(_ count: Int) -> Int { (count + page - 1) / page * page }
    if bytes == 0, limit <= Self.most, map(rounded(limit)) { return }
    let wanted = rounded(max(count, min(2 * bytes, limit)))
    guard bytes > 0 else {
      if !map(wanted) { Memory.exhausted(wanted) }
      return
    }
    guard let moved = foresight_remap(base, bytes, wanted) else { Memory.exhausted(wanted - bytes) }
    (base, bytes) = (moved, wanted)
  }

  private func map(_ count: Int) -> Bool {
    let address = mmap(
      nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let address, address != MAP_FAILED else { return false }
    (base, bytes) = (address, count)
    return true
  }
}
