extension ConfigurationTree {
  /// The tree as JSON, which `parse(yaml:file:)` reads back to an equal tree.
  ///
  /// Keys keep their order, so equal settings give equal bytes. Lists of scalars stay on one line. Characters that YAML
  /// would alter are escaped as well as those that JSON forbids.
  ///
  /// - Parameters:
  ///   - indent: spaces per level; 0 puts everything on one line.
  ///   - style: how numbers that are not finite are written, for which JSON has no form.
  public func json(indent: Int = 2, nonFinite style: NonFiniteStyle = .text) -> String {
    precondition(indent >= 0, "an indentation must not be negative")
    var text = ""
    appendJSON(to: &text, indent: indent, depth: 0, style)
    return text
  }

  /// How numbers that are not finite are written among JSON.
  public enum NonFiniteStyle: Sendable {
    /// As texts, `".inf"`, which is JSON.
    case text
    /// As YAML has them, `.inf`, which `parse(yaml:file:)` reads back as it was.
    case yaml
    /// As Python's `json` has them, `Infinity`.
    case python
  }

  /// What YAML's names of numbers that are not finite are in Python; nil for any other text.
  static func pythonNumber(_ name: String) -> String? {
    switch name {
    case ".inf", "+.inf", ".Inf", "+.Inf", ".INF", "+.INF": "Infinity"
    case "-.inf", "-.Inf", "-.INF": "-Infinity"
    case ".nan", ".NaN", ".NAN": "NaN"
    default: nil
    }
  }

  private func appendJSON(to text: inout String, indent: Int, depth: Int, _ style: NonFiniteStyle) {
    switch content {
    case .scalar(.number, let written) where Self.pythonNumber(written) != nil:
      switch style {
      case .text: text += Self.quoted(written)
      case .yaml: text += written
      case .python: text += Self.pythonNumber(written) ?? ""
      }
    case .scalar(.null, _): text += "null"
    case .scalar(.bool, let written): text += written.lowercased()
    case .scalar(.number, let written): text += NumberText(written)?.canonical ?? Self.quoted(written)
    case .scalar(_, let written): text += Self.quoted(written)
    case .list(let elements):
      let onOneLine = indent == 0 || elements.allSatisfy { $0.scalarText != nil }
      Self.appendItems(elements, "[", "]", to: &text, indent: onOneLine ? 0 : indent, depth: depth) { text, element in
        element.appendJSON(to: &text, indent: indent, depth: depth + 1, style)
      }
    case .mapping(let entries):
      Self.appendItems(entries, "{", "}", to: &text, indent: indent, depth: depth) { text, entry in
        text += Self.quoted(entry.key) + ": "
        entry.value.appendJSON(to: &text, indent: indent, depth: depth + 1, style)
      }
    }
  }

  /// Appends items between brackets, each on its own line unless `indent` is 0.
  private static func appendItems<Item>(
    _ items: [Item], _ opening: String, _ closing: String, to text: inout String, indent: Int, depth: Int,
    append: (inout String, Item) -> Void
  ) {
    func lineBreak(_ depth: Int) -> String { "\n" + String(repeating: " ", count: indent * depth) }
    text += opening
    for (index, item) in items.enumerated() {
      if index > 0 { text += indent == 0 ? ", " : "," }
      if indent > 0 { text += lineBreak(depth + 1) }
      append(&text, item)
    }
    if indent > 0, !items.isEmpty { text += lineBreak(depth) }
    text += closing
  }

  private static func quoted(_ string: String) -> String {
    var text = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}", "\u{FEFF}", "\u{FFFE}", "\u{FFFF}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}
