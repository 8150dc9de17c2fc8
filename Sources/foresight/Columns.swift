import Foundation

/// How wide and high what is written to may be.
enum Columns {
  /// Columns of the terminal that standard output is; nil for a file or a pipe, which any line fits.
  static var ofOutput: Int? { size.map { $0.columns } }

  /// Columns and rows of the terminal that standard output is; nil for none.
  static var size: (columns: Int, rows: Int)? {
    var size = winsize()
    guard isatty(STDOUT_FILENO) != 0 else { return nil }
    let isKnown = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1 && size.ws_row > 1
    return isKnown ? (Int(size.ws_col), Int(size.ws_row)) : (100, 24)
  }

  /// A name with no more than that many characters, cut in its middle: its end tells it from others.
  static func cutMiddle(_ name: String, to columns: Int) -> String {
    guard name.count > columns, columns > 4 else { return name }
    let end = min(name.count, columns * 2 / 3)
    return name.prefix(columns - end - 1) + "…" + name.suffix(end)
  }

  /// A line with no more than that many characters, the last one of which says that something was cut off.
  static func cut(_ line: String, to columns: Int) -> String {
    line.count <= columns ? line : line.prefix(max(0, columns - 1)) + "…"
  }
}
