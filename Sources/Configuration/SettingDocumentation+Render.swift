extension [SettingDocumentation] {
  private static var titles: [String] { ["Setting", "Type", "Default", "Range", "Meaning"] }

  /// A Markdown table with one row per setting.
  public func markdownTable() -> String {
    func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }
    func escaped(_ text: String) -> String { text.replacing("|", with: "\\|") }
    func code(_ text: String) -> String { text.isEmpty ? "" : "`\(escaped(text))`" }
    let rows = map { item in
      row([
        code(item.key), item.typeName, code(item.defaultText), escaped(item.rangeText), escaped(item.help),
      ])
    }
    return row(Self.titles) + "|" + String(repeating: " --- |", count: Self.titles.count) + "\n" + rows.joined()
  }

  /// Plain text for a terminal: aligned columns, and each group under its own heading.
  public func alignedText() -> String {
    let rows = map { [$0.key, $0.typeName, $0.defaultText, $0.rangeText, $0.help] }
    let widths = Self.titles.indices.map { column in
      ([Self.titles] + rows).map { $0[column].count }.max() ?? 0
    }
    func line(_ cells: [String]) -> String {
      let padded = zip(cells, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
      return String(padded.joined(separator: "  ").reversed().drop { $0 == " " }.reversed()) + "\n"
    }
    var text = line(Self.titles.map { $0.lowercased() })
    var group = first?.group
    for (item, row) in zip(self, rows) {
      if item.group != group {
        text += item.group.help.isEmpty ? "\n" : "\n\(item.group.help) (\(item.group.key))\n"
        group = item.group
      }
      text += line(row)
    }
    return text
  }
}
