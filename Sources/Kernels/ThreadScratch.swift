import Glibc

/// Memory of the calling thread for operands packed during one call. Grows to the largest request and then stays, so that
/// passes do not allocate after their first; freed when the thread ends.
enum ThreadScratch {
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    let status = pthread_key_create(&key) { free($0) }
    precondition(status == 0, "no thread-specific key left")
    return key
  }()

  /// Bytes before the floats, holding how many there are.
  private static let header = 64

  /// At least `count` floats, aligned to 64 bytes, with anything in them; valid until the thread's next call.
  static func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
    if let block = pthread_getspecific(key) {
      if block.load(as: Int.self) >= count { return (block + header).assumingMemoryBound(to: Float.self) }
      free(block)
    }
    guard let block = aligned_alloc(64, header + (count * 4 + 63) / 64 * 64) else {
      preconditionFailure("out of memory for \(count) floats")
    }
    block.storeBytes(of: count, as: Int.self)
    pthread_setspecific(key, block)
    return (block + header).bindMemory(to: Float.self, capacity: count)
  }
}
