import Foundation
import Synchronization

/// What happens when there is no memory: a sentence and an exit status, as for any other mistake, instead of a trap.
public enum Memory {
  private static let status = Atomic<Int32>(1)
  private static let most = Atomic<Int>(.max)

  /// Sets the exit status of a program that finds no memory, and how much there is at most, in bytes, so that a block that
  /// can never be filled is not promised.
  public static func configure(exitStatus: Int32, most bytes: Int? = nil) {
    status.store(exitStatus, ordering: .relaxed)
    if let bytes { most.store(bytes, ordering: .relaxed) }
  }

  /// Ends the program for want of `bytes` bytes.
  package static func exhausted(_ bytes: Int) -> Never {
    let line =
      "error: there is no memory for another \(gigabytes(Double(bytes))); settings that need less are smaller batches, "
      + "networks, plans and replays, and fewer copies\n"
    _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    exit(status.load(ordering: .relaxed))
  }

  /// Ends the program if a block of `bytes` bytes is larger than all memory there is.
  static func check(_ bytes: Int) {
    if bytes > most.load(ordering: .relaxed) { exhausted(bytes) }
  }

  /// A number of bytes in words, such as `27.6 GB`.
  public static func gigabytes(_ bytes: Double) -> String {
    let (number, unit) = bytes < 1e9 ? (bytes / 1e6, "MB") : bytes < 1e15 ? (bytes / 1e9, "GB") : (bytes / 1e15, "PB")
    let tenths = min((number * 10).rounded(), 1e15)
    return "\(Int(tenths / 10)).\(Int(tenths) % 10) \(unit)"
  }
}
