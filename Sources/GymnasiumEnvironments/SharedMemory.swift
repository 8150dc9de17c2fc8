import Foundation
import Synchronization

/// A memory file of another process, mapped into this one.
final class SharedMemory {
  /// Its first byte.
  let base: UnsafeMutableRawPointer
  private let size: Int

  /// Whether stores and loads of the processor keep their order, so that counters may be watched instead of waking up
  /// the other process.
  static var isStronglyOrdered: Bool {
    #if arch(x86_64)
    true
    #else
    false
    #endif
  }

  /// Maps `size` bytes of the file that `process` has open as `descriptor`.
  init(of process: pid_t, descriptor: Int32, size: Int) throws(GymnasiumError) {
    let path = "/proc/\(process)/fd/\(descriptor)"
    let file = open(path, O_RDWR | O_CLOEXEC)
    guard file >= 0 else { throw .cannotStart(reason: "cannot open \(path): \(String(cString: strerror(errno)))") }
    defer { close(file) }
    let address = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
    guard let address, address != MAP_FAILED else {
      throw .cannotStart(reason: "cannot map \(path): \(String(cString: strerror(errno)))")
    }
    base = address
    self.size = size
  }

  deinit { munmap(base, size) }

  /// The word at `index` of a file of 64-bit words.
  func load(_ index: Int) -> UInt64 { word(index).pointee.load(ordering: .acquiring) }

  /// Stores a word such that everything stored before is seen first.
  func store(_ value: UInt64, _ index: Int) { word(index).pointee.store(value, ordering: .sequentiallyConsistent) }

  private func word(_ index: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    base.assumingMemoryBound(to: Atomic<UInt64>.self) + index
  }
}
