public import Archive
import Foundation

/// A table on disk that only ever grows by whole lines: each batch of lines is one `write` at the end of the file, and
/// a write that fails is taken back.
public final class CSVWriter {
  /// Where the table is.
  public let path: String
  /// Names in the header line.
  public let columns: [String]
  /// Bytes written, the header included; the table's part of a checkpoint.
  public private(set) var length: Int
  /// Bytes of the header line.
  var headerLength: Int { CSV.line(columns.map { .text($0) }).count }
  private let descriptor: Int32

  /// A table with nothing but its header, in place of any earlier one.
  public init(creating path: String, columns: [String]) throws(ArchiveError) {
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileSystem.failure("create", path) }
    self.path = path
    self.columns = columns
    length = 0
    try write(CSV.line(columns.map { .text($0) }))
  }

  /// A table as it was when `length` bytes had been written; lines after them are dropped.
  ///
  /// - Throws: `ArchiveError.damaged` when the file is shorter than that or has another header, before anything is
  ///   dropped.
  public init(resuming path: String, columns: [String], length: Int) throws(ArchiveError) {
    descriptor = open(path, O_RDWR | O_APPEND | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileSystem.failure("open", path) }
    self.path = path
    self.columns = columns
    self.length = length
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileSystem.failure("read", path) }
    guard Int(status.st_size) >= length else {
      throw .damaged(path: path, reason: "it has \(status.st_size) bytes, and had \(length) when the run was saved")
    }
    let header = CSV.line(columns.map { .text($0) })
    var found = [UInt8](repeating: 0, count: header.count)
    guard pread(descriptor, &found, found.count, 0) == found.count, found == header else {
      throw .damaged(path: path, reason: "its header is not \(columns.joined(separator: ","))")
    }
  }

  deinit { close(descriptor) }

  /// Drops what was written after the length given to `init(resuming:columns:length:)`.
  public func dropTail() throws(ArchiveError) {
    guard ftruncate(descriptor, off_t(length)) == 0 else { throw FileSystem.failure("shorten", path) }
  }

  /// Appends one row.
  public func append(_ row: [CSVField]) throws(ArchiveError) { try append([row]) }

  /// Appends rows, all or none of them.
  public func append(_ rows: [[CSVField]]) throws(ArchiveError) {
    for row in rows { precondition(row.count == columns.count, "\(row.count) fields for \(columns.count) columns") }
    try write(rows.flatMap(CSV.line))
  }

  /// Waits until the disk has everything, so that a checkpoint written next never refers to lines that a power cut
  /// took away.
  public func synchronize() throws(ArchiveError) {
    guard fdatasync(descriptor) == 0 else { throw FileSystem.failure("flush", path) }
  }

  private func write(_ bytes: [UInt8]) throws(ArchiveError) {
    do throws(ArchiveError) {
      try FileSystem.write(bytes, to: descriptor, path: path)
    } catch {
      ftruncate(descriptor, off_t(length))  // not possible on a device, which holds no half lines either
      throw error
    }
    length += bytes.count
  }
}
