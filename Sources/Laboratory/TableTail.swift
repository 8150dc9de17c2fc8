import Archive
import Foundation

/// Reads the lines of a table as they are added.
struct TableTail {
  /// A line of numbers: the step of its first column, and the others by name; empty cells and texts are left out.
  struct Row {
    var step: Int
    var values: [(column: String, value: Double)]
  }

  private let path: String
  private var columns: [String]?
  private var offset = 0
  private var lines = 0
  private var lastStep = 0

  /// The table at `path`, which need not be there yet.
  init(_ path: String) { self.path = path }

  /// The rows that were added since the last time; nil when the table is another one now, shorter or with other lines.
  ///
  /// - Throws: `ArchiveError.damaged` with the line when its first cell is no step or goes back, or cells are missing.
  mutating func takeRows() throws(ArchiveError) -> [Row]? {
    guard let bytes = try newBytes() else { return nil }
    guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
    let isFirst = offset == 0
    var rows: [Row] = []
    for record in CSV.records(bytes[...end]) {
      lines += 1
      guard let columns else {
        columns = record
        continue
      }
      guard record.count == columns.count else {
        throw damage("\(columns.count) cells are expected, found \(record.count)")
      }
      guard let step = Int(record[0]), step >= 0 else {
        throw damage("\(columns[0]) must be a whole number, 0 or more, found '\(record[0])'")
      }
      if step < lastStep {
        if isFirst { throw damage("step \(step) comes after \(lastStep)") }
        return nil
      }
      lastStep = step
      let values = zip(columns, record).dropFirst().compactMap { column, text in Double(text).map { (column, $0) } }
      rows.append(Row(step: step, values: values))
    }
    offset += end + 1
    return rows
  }

  private func damage(_ reason: String) -> ArchiveError { .damaged(path: path, reason: "line \(lines): \(reason)") }

  /// What the file has beyond the lines read so far; nil when it does not have these any more.
  private func newBytes() throws(ArchiveError) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return offset == 0 ? [] : nil }
      throw FileSystem.failure("open", path)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileSystem.failure("read", path) }
    // the end of the last line read is read again
    let start = max(0, offset - 1)
    var bytes = [UInt8](repeating: 0, count: max(0, Int(status.st_size) - start))
    var done = 0
    while done < bytes.count {
      let got = bytes.withUnsafeMutableBytes { raw in
        pread(descriptor, raw.baseAddress.map { $0 + done }, raw.count - done, off_t(start + done))
      }
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw FileSystem.failure("read", path) }
      if got == 0 { break }
      done += got
    }
    bytes.removeLast(bytes.count - done)
    if offset == 0 { return bytes }
    guard bytes.first == UInt8(ascii: "\n") else { return nil }
    bytes.removeFirst()
    return bytes
  }
}
