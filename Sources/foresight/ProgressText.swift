import Foundation
import Laboratory

/// Words for how far a run is.
enum ProgressText {
  /// `2,000/10,000 steps  evaluation -183.2  212 steps/s  0:27 left`, parts in columns; while it does something else
  /// than stepping, that before the time left.
  static func line(_ progress: RunProgress) -> String {
    let steps = "\(grouped(progress.steps))/\(grouped(progress.budget)) steps"
    let evaluation = progress.evaluation.map { "evaluation \(fixed($0, digits: 1))" } ?? "not evaluated yet"
    let rate = progress.rate.map { "\(short($0)) steps/s" } ?? ""
    let left = progress.secondsLeft.map { "\(duration($0)) left" }
    let last = [progress.activity, left].compactMap { $0 }.joined(separator: ", ")
    return [padded(steps, 22), padded(evaluation, 20), padded(rate, 13), last].joined(separator: "  ").trimmedEnd
  }

  /// Digits in groups of three: `10,000`.
  static func grouped(_ number: Int) -> String {
    var text = ""
    for (index, digit) in String(number.magnitude).reversed().enumerated() {
      if index > 0, index.isMultiple(of: 3) { text.append(",") }
      text.append(digit)
    }
    return (number < 0 ? "-" : "") + String(text.reversed())
  }

  /// `m:ss`, or `h:mm:ss` from an hour on.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "very long" }
    let whole = Int(seconds.rounded())
    let pair = { (value: Int) in (value < 10 ? "0" : "") + String(value) }
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    return hours > 0 ? "\(hours):\(pair(minutes)):\(pair(rest))" : "\(minutes):\(pair(rest))"
  }

  /// A number with that many decimals.
  static func fixed(_ value: Double, digits: Int) -> String { String(format: "%.\(digits)f", value) }

  /// Two or three significant digits of a rate.
  static func short(_ value: Double) -> String {
    value >= 100 ? grouped(Int(value.rounded())) : fixed(value, digits: value >= 10 ? 0 : 1)
  }

  /// Text widened with spaces at its end.
  static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}

extension String {
  /// Without spaces at the end.
  var trimmedEnd: String { String(reversed().drop { $0 == " " }.reversed()) }
}
