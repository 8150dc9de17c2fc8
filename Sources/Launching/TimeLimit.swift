/// Time limits as Slurm writes them: `90` (minutes), `90:00`, `1:30:00`, `2-12`, `2-12:30`, `2-12:30:00`.
public enum TimeLimit {
  /// Seconds of a limit; nil for a text that is none.
  public static func seconds(_ text: String) -> Int? {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), let clock = parts.last else { return nil }
    let numbers = clock.split(separator: ":", omittingEmptySubsequences: false).map { number($0) }
    guard !numbers.contains(nil), (1...3).contains(numbers.count) else { return nil }
    let values = numbers.compactMap { $0 }
    let total: Int
    if parts.count == 2 {
      guard let days = number(parts[0]) else { return nil }
      let filled = values + Array(repeating: 0, count: 3 - values.count)
      total = days * 86_400 + filled[0] * 3600 + filled[1] * 60 + filled[2]
    } else {
      switch values.count {
      case 1: total = values[0] * 60
      case 2: total = values[0] * 60 + values[1]
      default: total = values[0] * 3600 + values[1] * 60 + values[2]
      }
    }
    return total > 0 ? total : nil
  }

  private static func number(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.count <= 6, text.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
    return Int(text)
  }

  /// A limit in whole minutes and seconds, as `h:mm:ss`.
  public static func text(_ seconds: Int) -> String {
    func pair(_ value: Int) -> String { (value < 10 ? "0" : "") + "\(value)" }
    return "\(seconds / 3600):\(pair(seconds / 60 % 60)):\(pair(seconds % 60))"
  }
}
