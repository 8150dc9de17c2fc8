/// Reads a text that is plain JSON, some thirty times as fast as the YAML parser does, into the same tree.
///
/// Whatever is not plain JSON, or gives a key twice, makes `read` return nil: the YAML parser then says what is wrong,
/// or that it is no mistake in YAML.
struct JSONReader {
  private let bytes: [UInt8]
  private let file: String
  private var place = 0
  private var line = 1
  /// The last place of which the column was asked for, and that column.
  private var counted = (place: 0, column: 1)
  private var depth = 0
  private var hasDottedKey = false

  private init(_ bytes: [UInt8], file: String) { (self.bytes, self.file) = (bytes, file) }

  /// The tree of a text that begins with a bracket, and whether any key has a dot. Complexity: O(bytes).
  static func read(_ text: String, file: String) -> (tree: ConfigurationTree, hasDottedKey: Bool)? {
    guard let first = text.utf8.first(where: { !isSpace($0) }), first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    else { return nil }
    var reader = JSONReader(Array(text.utf8), file: file)
    reader.skipSpaces()
    guard let tree = reader.value() else { return nil }
    reader.skipSpaces()
    return reader.place == reader.bytes.count ? (tree, reader.hasDottedKey) : nil
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D }

  private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

  private mutating func here() -> SourceLocation {
    // columns count characters, not the bytes that go on one
    for byte in bytes[counted.place..<place] where byte & 0xC0 != 0x80 { counted.column += 1 }
    counted.place = place
    return SourceLocation(source: file, line: line, column: counted.column)
  }

  private mutating func skipSpaces() {
    while let byte = next, Self.isSpace(byte) {
      place += 1
      if byte == 0x0A { (line, counted) = (line + 1, (place, 1)) }
    }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    place += 1
    return true
  }

  private mutating func value() -> ConfigurationTree? {
    let location = here()
    switch next {
    case UInt8(ascii: "{"): return mapping(at: location)
    case UInt8(ascii: "["): return list(at: location)
    case UInt8(ascii: "\""): return string().map { ConfigurationTree(.scalar(.string, $0), at: location) }
    default: return word().flatMap { Self.scalar($0, at: location) }
    }
  }

  private static func scalar(_ word: String, at location: SourceLocation) -> ConfigurationTree? {
    switch word {
    case "null": return ConfigurationTree(.scalar(.null, word), at: location)
    case "true", "false": return ConfigurationTree(.scalar(.bool, word), at: location)
    default:
      guard let first = word.utf8.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first),
        NumberText(word) != nil
      else { return nil }
      return ConfigurationTree(.scalar(.number, word), at: location)
    }
  }

  private mutating func mapping(at location: SourceLocation) -> ConfigurationTree? {
    guard take("{"), enter() else { return nil }
    defer { depth -= 1 }
    var entries: [ConfigurationTree.Entry] = []
    skipSpaces()
    if take("}") { return ConfigurationTree(.mapping([]), at: location) }
    while true {
      skipSpaces()
      let keyLocation = here()
      guard let key = string(), key.utf8.count(where: { $0 == UInt8(ascii: ".") }) < YAMLBounds.deepest else {
        return nil
      }
      hasDottedKey = hasDottedKey || key.utf8.contains(UInt8(ascii: "."))
      skipSpaces()
      guard take(":") else { return nil }
      skipSpaces()
      guard let value = value() else { return nil }
      entries.append(ConfigurationTree.Entry(key: key, keyLocation: keyLocation, value: value))
      skipSpaces()
      if take("}") { break }
      guard take(",") else { return nil }
    }
    guard Set(entries.map(\.key)).count == entries.count else { return nil }
    return ConfigurationTree(.mapping(entries), at: location)
  }

  private mutating func list(at location: SourceLocation) -> ConfigurationTree? {
    guard take("["), enter() else { return nil }
    defer { depth -= 1 }
    var elements: [ConfigurationTree] = []
    skipSpaces()
    if take("]") { return ConfigurationTree(.list([]), at: location) }
    while true {
      skipSpaces()
      guard let value = value() else { return nil }
      elements.append(value)
      skipSpaces()
      if take("]") { break }
      guard take(",") else { return nil }
    }
    return ConfigurationTree(.list(elements), at: location)
  }

  private mutating func enter() -> Bool {
    depth += 1
    return depth < YAMLBounds.deepest
  }

  /// Letters and digits up to what ends them.
  private mutating func word() -> String? {
    let start = place
    while let byte = next, !Self.isSpace(byte), byte != UInt8(ascii: ","), byte != UInt8(ascii: "]"),
      byte != UInt8(ascii: "}")
    { place += 1 }
    return String(validating: bytes[start..<place], as: UTF8.self)
  }

  private mutating func string() -> String? {
    guard take("\"") else { return nil }
    var text: [UInt8] = []
    while let byte = next {
      place += 1
      switch byte {
      case UInt8(ascii: "\""): return String(validating: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        guard let character = escape() else { return nil }
        text += Array(String(Character(character)).utf8)
      case 0..<0x20, 0x7F: return nil
      default: text.append(byte)
      }
    }
    return nil
  }

  /// What follows a backslash; nil for half of a pair of UTF-16, which the YAML parser joins.
  private mutating func escape() -> Unicode.Scalar? {
    guard let byte = next else { return nil }
    place += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      guard place + 4 <= bytes.count, let digits = String(validating: bytes[place..<place + 4], as: UTF8.self),
        let code = UInt32(digits, radix: 16)
      else { return nil }
      place += 4
      return Unicode.Scalar(code)
    default: return nil
    }
  }
}
