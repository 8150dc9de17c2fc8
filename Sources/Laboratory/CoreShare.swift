import Foundation

/// How many cores this process may use, and what says so.
public struct CoreShare: Sendable, Equatable {
  /// Cores, at least 1.
  public var count: Int
  /// What leaves it fewer than the machine has, in words; nil where nothing does.
  public var reason: String?

  /// For tests.
  package init(count: Int, reason: String?) { (self.count, self.reason) = (count, reason) }

  /// The machine's cores; fewer where this process is bound to some of them (`taskset`, Slurm) or its control groups
  /// have a quota (`docker run --cpus`), of which whole cores count.
  ///
  /// - Parameters:
  ///   - root: the folder in which `proc` and `sys` are.
  ///   - machine: cores of the machine.
  public static func available(root: String = "", machine: Int = sysconf(Int32(_SC_NPROCESSORS_ONLN))) -> CoreShare {
    var share = CoreShare(count: max(1, machine), reason: nil)
    let status = ControlGroups.text("\(root)/proc/self/status").split(separator: "\n")
    if let line = status.first(where: { $0.hasPrefix("Cpus_allowed:") }) {
      let mask = line.dropFirst("Cpus_allowed:".count).filter(\.isHexDigit)
      let bound = mask.reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) }
      share.lower(to: bound, "this process is bound to them")
    }
    for folder in ControlGroups.folders(of: "cpu", root: root) {
      guard let quota = quota(of: folder) else { continue }
      share.lower(to: max(1, Int(quota.rounded(.down))), "the quota of this control group")
    }
    return share
  }

  private mutating func lower(to other: Int, _ source: String) {
    guard other > 0, other < count else { return }
    self = CoreShare(count: other, reason: source)
  }

  /// Cores' worth of time that a control group may take; nil if it has no limit.
  private static func quota(of folder: String) -> Double? {
    let words = ControlGroups.text("\(folder)/cpu.max").split(whereSeparator: \.isWhitespace)
    if words.count == 2, let quota = Double(words[0]), let period = Double(words[1]), period > 0 {
      return quota / period
    }
    func number(_ name: String) -> Double? {
      Double(ControlGroups.text("\(folder)/\(name)").trimmingCharacters(in: .whitespacesAndNewlines))
    }
    guard let quota = number("cpu.cfs_quota_us"), let period = number("cpu.cfs_period_us"), quota > 0, period > 0 else {
      return nil
    }
    return quota / period
  }
}
