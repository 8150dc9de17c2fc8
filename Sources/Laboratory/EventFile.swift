import Archive
import Foundation

/// Values of one instant for TensorBoard.
struct Event {
  /// Steps of the run.
  var step: Int
  /// Seconds since 1970.
  var time: Double
  /// Names, as `evaluation/return`, with their values.
  var values: [(tag: String, value: Double)]
}

/// A file of TensorBoard's events.
///
/// A file is a sequence of records: the length of the data (8 bytes, little-endian), its checksum, the data, their
/// checksum; the data of each are an `Event` in protocol buffers' wire format (`tensorboard/compat/proto/event.proto`),
/// the first of which names the version of the format.
struct EventFile {
  /// Where it is.
  let path: String

  /// Makes a file in `folder`, in place of all those of earlier processes, whose values it will have too.
  ///
  /// It has a name of its own that sorts after theirs: a TensorBoard that is open reads it as the run's next file.
  init(creatingIn folder: String, at time: Double) throws(ArchiveError) {
    try FileSystem.makeFolder(folder)
    let earlier = Self.names(in: folder)
    let newest = earlier.compactMap { Int($0.dropFirst(Self.prefix.count).prefix { $0 != "." }) }.max() ?? 0
    for name in earlier { unlink("\(folder)/\(name)") }
    let number = max(Int(time), newest + 1)
    let digits = String(number)
    path = "\(folder)/\(Self.prefix)\(String(repeating: "0", count: max(0, 10 - digits.count)))\(digits)\(Self.suffix)"
    var first = Message()
    first.number(1, time)
    first.text(3, "brain.Event:2")
    try write(Self.record(first.bytes), O_CREAT | O_TRUNC)
  }

  /// Appends events with one write.
  func append(_ events: [Event]) throws(ArchiveError) {
    if events.isEmpty { return }
    try write(events.flatMap { Self.record(Self.encode($0)) })
  }

  /// Opened each time: a study may have more runs than a process may have open files.
  private func write(_ bytes: [UInt8], _ mode: Int32 = 0) throws(ArchiveError) {
    let descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | mode, 0o644)
    guard descriptor >= 0 else { throw FileSystem.failure("open", path) }
    defer { close(descriptor) }
    try FileSystem.write(bytes, to: descriptor, path: path)
  }

  /// Names of the files in a folder that this type has made.
  static func names(in folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }.sorted()
  }

  private static let prefix = "events.out.tfevents."
  private static let suffix = ".foresight"

  private static func encode(_ event: Event) -> [UInt8] {
    var summary = Message()
    for (tag, value) in event.values {
      var entry = Message()
      entry.text(1, tag)
      entry.single(2, Float(value))
      summary.bytes(1, entry.bytes)
    }
    var message = Message()
    message.number(1, event.time)
    message.integer(2, event.step)
    message.bytes(5, summary.bytes)
    return message.bytes
  }

  private static func record(_ data: [UInt8]) -> [UInt8] {
    let length = Message.littleEndian(UInt64(data.count))
    return length + Message.littleEndian(masked(length)) + data + Message.littleEndian(masked(data))
  }

  /// The checksum as the format has it: turned right by 15 bits, and a constant added.
  private static func masked(_ bytes: [UInt8]) -> UInt32 {
    var checksum = Checksum()
    bytes.withUnsafeBytes { checksum.update($0) }
    let value = checksum.value
    return (value >> 15 | value << 17) &+ 0xA282_EAD8
  }
}

/// A message in protocol buffers' wire format, field by field.
private struct Message {
  var bytes: [UInt8] = []

  mutating func integer(_ field: Int, _ value: Int) {
    variable(UInt64(field << 3))
    variable(UInt64(bitPattern: Int64(value)))
  }

  mutating func number(_ field: Int, _ value: Double) {
    variable(UInt64(field << 3 | 1))
    bytes += Self.littleEndian(value.bitPattern)
  }

  mutating func single(_ field: Int, _ value: Float) {
    variable(UInt64(field << 3 | 5))
    bytes += Self.littleEndian(value.bitPattern)
  }

  mutating func bytes(_ field: Int, _ value: [UInt8]) {
    variable(UInt64(field << 3 | 2))
    variable(UInt64(value.count))
    bytes += value
  }

  mutating func text(_ field: Int, _ value: String) { bytes(field, Array(value.utf8)) }

  /// Seven bits a byte, the lowest first; the eighth says that more follow.
  private mutating func variable(_ value: UInt64) {
    var rest = value
    while rest > 127 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}
