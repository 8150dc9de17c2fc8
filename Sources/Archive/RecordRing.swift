import Synchronization

/// The newest of records that are numbered in the order in which they are appended and never change afterwards, such as
/// transitions: a checkpoint need only add those that are new since the one before.
public protocol RecordRing: Sendable {
  /// The series that these numbers belong to.
  var lineage: RecordLineage { get }
  /// Numbers of the records held.
  var heldRecords: Range<Int> { get }
  /// Bytes that a record takes in a block, at most.
  var recordSize: Int { get }
  /// Appends the bytes of a block of records to `bytes`. A block can be read without the others.
  func encode(_ numbers: Range<Int>, into bytes: inout [UInt8])
}

/// A series of numbered records. A ring takes a new one when it starts to number anew, forgets records or reads them from a
/// file; of copies that share one, only one may append.
public struct RecordLineage: Sendable, Hashable {
  private static let last = Atomic<UInt64>(0)
  private let number: UInt64

  /// One that no other value in this process has.
  public init() { number = Self.last.add(1, ordering: .relaxed).newValue }
}

/// Consecutive records as `RecordRing.encode` wrote them.
public struct RecordBlock {
  /// Numbers of its records.
  public let numbers: Range<Int>
  /// What was encoded.
  public let bytes: UnsafeRawBufferPointer
  /// Names the place of a failure.
  public let path: String

  /// A block that was read from `path`.
  public init(numbers: Range<Int>, bytes: UnsafeRawBufferPointer, path: String) {
    (self.numbers, self.bytes, self.path) = (numbers, bytes, path)
  }
}

/// Where records are that were set aside from a checkpoint's tensors.
public protocol RecordSource: AnyObject, Sendable {
  /// Whether the records of that name were set aside.
  func has(_ name: String) -> Bool

  /// Hands the blocks that hold records `numbers` to `take` in their order; the first may begin before them. `lineage`
  /// is that of the ring they are read into, which can then append to them. False, and no blocks, where nobody wants
  /// the records. Throws `ArchiveError` when a block is damaged or missing.
  func read(
    _ name: String, _ numbers: Range<Int>, lineage: RecordLineage,
    _ take: (RecordBlock) throws(ArchiveError) -> Void
  ) throws(ArchiveError) -> Bool
}
