extension ConfigurationTree {
  /// Parses a file's bytes: UTF-8, or UTF-16 with a byte order mark.
  ///
  /// - Throws: `ConfigurationError` with the place of the first byte that is no such text, and as `parse(yaml:file:)` does.
  public static func parse(bytes: [UInt8], file: String) throws(ConfigurationError) -> ConfigurationTree {
    try parse(yaml: text(of: bytes, file: file), file: file)
  }

  private static func text(of bytes: [UInt8], file: String) throws(ConfigurationError) -> String {
    if let text = utf16(bytes) { return text }
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let content = bytes.starts(with: mark) ? bytes.dropFirst(3) : bytes[...]
    if let text = String(validating: content, as: UTF8.self) { return text }
    // What comes before the first wrong byte is the longest part that is text.
    var (valid, invalid) = (0, content.count)
    while invalid - valid > 1 {
      let middle = (valid + invalid) / 2
      // a part may end within a character, of up to four bytes
      let isText = (0..<4).contains { String(validating: content.prefix(max(0, middle - $0)), as: UTF8.self) != nil }
      if isText { valid = middle } else { invalid = middle }
    }
    let start = (0..<4).lazy.map { valid - $0 }.first {
      $0 >= 0 && String(validating: content.prefix($0), as: UTF8.self) != nil
    }
    let read = String(decoding: content.prefix(start ?? 0), as: UTF8.self)
    let lines = read.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    let byte = content.dropFirst(start ?? 0).first ?? 0
    throw ConfigurationError(
      kind: .syntax,
      location: SourceLocation(source: file, line: lines.count, column: 1 + (lines.last?.unicodeScalars.count ?? 0)),
      problem: "the byte 0x\(String(byte, radix: 16, uppercase: true)) is not UTF-8; save the file as UTF-8")
  }

  /// The text of UTF-16 with a byte order mark; nil for anything else.
  private static func utf16(_ bytes: [UInt8]) -> String? {
    guard bytes.count >= 2, bytes.count.isMultiple(of: 2) else { return nil }
    let isLittle = bytes[0] == 0xFF && bytes[1] == 0xFE
    guard isLittle || bytes[0] == 0xFE && bytes[1] == 0xFF else { return nil }
    let units = stride(from: 2, to: bytes.count, by: 2).map { place in
      let (first, second) = (UInt16(bytes[place]), UInt16(bytes[place + 1]))
      return isLittle ? second << 8 | first : first << 8 | second
    }
    return String(validating: units, as: UTF16.self)
  }
}
