/// `count` plain values at an address that never changes, for pointers that outlive a call. One owner; not copied on write.
public final class FixedBuffer<Element: BitwiseCopyable> {
  /// Number of elements.
  public let count: Int
  /// The first element; valid while the buffer lives.
  public let pointer: UnsafeMutablePointer<Element>

  /// `count` elements of value `value`.
  public init(_ value: Element, count: Int) {
    precondition(count >= 0, "\(count) elements")
    self.count = count
    pointer = .allocate(capacity: count)
    pointer.initialize(repeating: value, count: count)
  }

  deinit { pointer.deallocate() }
}
