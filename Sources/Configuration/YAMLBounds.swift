/// Bounds of what a text may stand for: a few hundred bytes of aliases to aliases can mean more nodes than any memory holds,
/// and a text that only opens brackets more calls than any stack.
struct YAMLBounds {
  /// Most levels of lists and mappings.
  static let deepest = 500
  private let most: Int
  private var nodes = 0

  init(for text: String) { most = max(10_000, text.utf8.count) }

  /// Counts a node, of which there are no more than bytes unless aliases repeat some.
  mutating func count(at location: SourceLocation) throws(ConfigurationError) {
    nodes += 1
    guard nodes <= most else {
      throw ConfigurationError(
        kind: .syntax, location: location, problem: "aliases stand for more than \(most) values")
    }
  }

  /// Throws for a text that may nest too deeply for the parser: by brackets, by indentation, or by dashes on one line. What
  /// is quoted counts as well.
  static func checkNesting(of text: String, file: String) throws(ConfigurationError) {
    var (line, open, indentation, markers) = (1, 0, 0, 0)
    var isLeading = true
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\n"): (line, indentation, markers, isLeading) = (line + 1, 0, 0, true)
      case UInt8(ascii: " ") where isLeading: indentation += 1
      case UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":"):
        if isLeading { markers += 1 }
      case UInt8(ascii: "["), UInt8(ascii: "{"): (open, isLeading) = (open + 1, false)
      case UInt8(ascii: "]"), UInt8(ascii: "}"): (open, isLeading) = (max(0, open - 1), false)
      default: isLeading = false
      }
      guard open <= deepest, markers <= deepest, !isLeading || indentation <= 4 * deepest else {
        throw ConfigurationError(
          kind: .syntax, location: SourceLocation(source: file, line: line), problem: "nests more than \(deepest) deep")
      }
    }
  }
}
