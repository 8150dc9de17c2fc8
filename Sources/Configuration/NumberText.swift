/// A decimal number as people write it in a configuration: `15`, `10_000`, `1e4`, `.5`, `-2.5e-3`.
struct NumberText {
  /// The same number in the JSON grammar: no underscores, no plus sign, a digit on each side of the point.
  let canonical: String
  /// Whether it was written with neither point nor exponent.
  let isWhole: Bool

  /// Reads an integer of YAML's other bases, `0x10` and `0o20`, after a sign; nil for anything else.
  private init?(based text: String) {
    var rest = Substring(text)
    let sign = rest.hasPrefix("-") ? "-" : ""
    if rest.hasPrefix("-") || rest.hasPrefix("+") { rest.removeFirst() }
    let bases = [("0x", 16), ("0o", 8)]
    guard let (prefix, base) = bases.first(where: { rest.hasPrefix($0.0) }) else { return nil }
    let digits = rest.dropFirst(prefix.count)
    guard digits.allSatisfy(\.isHexDigit), let value = UInt64(digits, radix: base) else { return nil }
    canonical = (value == 0 ? "" : sign) + "\(value)"
    isWhole = true
  }

  /// Reads a sign, digits (single underscores allowed between two), a fraction and an exponent; `nil` for anything else.
  init?(_ text: String) {
    if let based = NumberText(based: text) {
      self = based
      return
    }
    var scanner = DigitScanner(text.utf8)
    let sign = scanner.sign()
    let integer = scanner.digits()
    let point = scanner.take(".")
    let fraction = point ? scanner.digits() : ""
    guard !(integer.isEmpty && fraction.isEmpty) else { return nil }
    var exponent = ""
    let hasExponent = scanner.take("e") || scanner.take("E")
    if hasExponent {
      let exponentSign = scanner.sign()
      exponent = scanner.digits()
      if exponent.isEmpty { return nil }
      exponent = "e" + exponentSign + exponent
    }
    guard scanner.isAtEnd else { return nil }
    let significant = integer.drop { $0 == "0" }
    isWhole = !point && !hasExponent
    canonical =
      sign + (significant.isEmpty ? "0" : significant) + (point ? "." + (fraction.isEmpty ? "0" : fraction) : "")
      + exponent
  }

  /// The value when it is integral and exactly representable, otherwise `nil`; `1e4` and `2.0` are integral.
  var integer: Int? {
    if isWhole { return Int(canonical) }
    guard let value = Double(canonical), value.magnitude <= 0x1p53 else { return nil }
    return Int(exactly: value)
  }

  /// The nearest `Double`, infinite when it is too large.
  var double: Double { Double(canonical) ?? .nan }

  /// The nearest `Float`, rounded once and infinite when it is too large.
  var float: Float { Float(canonical) ?? .nan }

  /// Whether two numbers are equal in value, compared as integers where both are written so.
  static func == (a: NumberText, b: NumberText) -> Bool {
    if a.canonical == b.canonical { return true }
    if let x = a.integer, let y = b.integer { return x == y }
    return !(a.isWhole && b.isWhole) && a.double == b.double
  }

  /// The shortest text that reads back as the same number, with a plain exponent: `1e-5` rather than `1e-05`.
  static func shortest(_ value: some BinaryFloatingPoint & CustomStringConvertible) -> String {
    let text = value.description
    guard let mark = text.firstIndex(of: "e"), let exponent = Int(text[text.index(after: mark)...]) else { return text }
    return text[..<mark] + "e\(exponent)"
  }

  /// Whether the text names an infinity or a not-a-number, in YAML's or in C's spelling.
  static func namesNonFinite(_ text: String) -> Bool {
    var name = Substring(text.lowercased())
    if name.hasPrefix("-") || name.hasPrefix("+") { name.removeFirst() }
    if name.hasPrefix(".") { name.removeFirst() }
    return ["inf", "infinity", "nan"].contains(String(name))
  }
}

/// Takes the parts of a number from the front of a text.
private struct DigitScanner {
  private var rest: Substring.UTF8View

  init(_ text: String.UTF8View) { rest = text[...] }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard let first = rest.first, UInt32(first) == character.value else { return false }
    rest.removeFirst()
    return true
  }

  /// `-` or nothing; a plus sign is dropped.
  mutating func sign() -> String {
    if take("-") { return "-" }
    _ = take("+")
    return ""
  }

  mutating func digits() -> String {
    var digits = ""
    while let first = rest.first {
      if isDigit(first) {
        digits.unicodeScalars.append(Unicode.Scalar(first))
      } else if first != UInt8(ascii: "_") || digits.isEmpty || !(rest.dropFirst().first.map(isDigit) ?? false) {
        break
      }
      rest.removeFirst()
    }
    return digits
  }

  private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}
