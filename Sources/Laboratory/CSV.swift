/// One field of a table.
public enum CSVField: Sendable, Equatable {
  /// A whole number.
  case integer(Int)
  /// A finite number, written with the fewest digits that read back as the same value.
  case number(Double)
  /// Text, quoted where needed.
  case text(String)
  /// No value.
  case empty
}

/// Comma-separated values as RFC 4180 has them: CRLF line ends, a header line, quotes only where needed, `.` decimals.
public enum CSV {
  /// One line with its line end. Numbers must be finite.
  public static func line(_ fields: [CSVField]) -> [UInt8] {
    var line: [UInt8] = []
    for (index, field) in fields.enumerated() {
      if index > 0 { line.append(UInt8(ascii: ",")) }
      switch field {
      case .integer(let value): line.append(contentsOf: String(value).utf8)
      case .number(let value):
        precondition(value.isFinite, "a table has no place for \(value)")
        line.append(contentsOf: value.description.utf8)
      case .text(let value): line.append(contentsOf: quoted(value).utf8)
      case .empty: break
      }
    }
    line.append(contentsOf: "\r\n".utf8)
    return line
  }

  /// The records of a text, the header included, fields unquoted. A last line without a line end is left out, because
  /// only whole lines count; LF alone ends a line too.
  public static func records(_ bytes: some Sequence<UInt8>) -> [[String]] {
    var records: [[String]] = []
    var record: [String] = []
    var field: [UInt8] = []
    var isQuoted = false
    var justClosed = false
    for byte in bytes {
      defer { justClosed = byte == UInt8(ascii: "\"") && !isQuoted }
      switch byte {
      case UInt8(ascii: "\""):
        // The second quote of a pair inside a quoted field reopens it, and stands for itself.
        if justClosed { field.append(byte) }
        isQuoted.toggle()
      case _ where isQuoted: field.append(byte)
      case UInt8(ascii: ","), UInt8(ascii: "\n"):
        if byte == UInt8(ascii: "\n"), field.last == UInt8(ascii: "\r") { field.removeLast() }
        record.append(String(decoding: field, as: UTF8.self))
        field.removeAll(keepingCapacity: true)
        if byte == UInt8(ascii: "\n") {
          records.append(record)
          record.removeAll(keepingCapacity: true)
        }
      default: field.append(byte)
      }
    }
    return records
  }

  private static func quoted(_ text: String) -> String {
    guard text.utf8.contains(where: { [UInt8(ascii: ","), UInt8(ascii: "\""), 10, 13].contains($0) }) else {
      return text
    }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}
