import Synchronization

/// Asks a run to save itself and leave at the next step. Safe to set from a signal handler or another thread.
public final class StopRequest: Sendable {
  private let number = Atomic<Int32>(0)

  /// Nothing asked yet.
  public init() {}

  /// The signal that asked first, or nil.
  public var signal: Int32? {
    let value = number.load(ordering: .relaxed)
    return value == 0 ? nil : value
  }

  /// Whether to stop.
  public var isRaised: Bool { number.load(ordering: .relaxed) != 0 }

  /// Asks to stop on account of `signal`; later calls change nothing.
  public func raise(_ signal: Int32) {
    _ = number.compareExchange(expected: 0, desired: signal, ordering: .relaxed)
  }
}
