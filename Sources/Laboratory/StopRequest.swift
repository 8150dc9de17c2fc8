import Synchronization

/// Asks a run to save itself at the next step, and to leave or to go on. Safe to set from a signal handler or another
/// thread.
public final class StopRequest: Sendable {
  private let number = Atomic<Int32>(0)
  private let isSaveRequested = Atomic<Bool>(false)
  private let saving = Mutex(())

  /// Nothing asked yet.
  public init() {}

  /// The signal that asked first, or nil.
  public var signal: Int32? {
    let value = number.load(ordering: .relaxed)
    return value == 0 ? nil : value
  }

  /// Whether to stop.
  public var isRaised: Bool { number.load(ordering: .relaxed) != 0 }

  /// Asks to save and go on.
  public func requestSave() { isSaveRequested.store(true, ordering: .relaxed) }

  /// Whether it was asked to save since this was called last.
  public func takeSaveRequest() -> Bool { isSaveRequested.exchange(false, ordering: .relaxed) }

  /// Runs `body`, such as saving, which `waitUntilFree` waits for.
  func holdingUp<Value: Sendable>(_ body: () throws -> Value) throws -> Value {
    try saving.withLock { _ in try body() }
  }

  /// Returns when nothing runs that must not be cut short, and says whether anything did. Not to be called from a
  /// signal handler.
  public func waitUntilFree() -> Bool {
    guard saving.withLockIfAvailable({ _ in true }) == nil else { return false }
    saving.withLock { _ in }
    return true
  }

  /// Asks to stop on account of `signal`; later calls change nothing.
  public func raise(_ signal: Int32) {
    _ = number.compareExchange(expected: 0, desired: signal, ordering: .relaxed)
  }
}
