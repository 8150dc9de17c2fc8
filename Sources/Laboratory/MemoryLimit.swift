import Foundation
internal import Kernels

/// How much memory this process can have, and what says so.
public struct MemoryLimit: Sendable, Equatable {
  /// Bytes.
  public var bytes: Double
  /// What sets the limit, in words that follow "of".
  public var source: String

  /// The least of what the machine has left, the limits of this process's control groups (versions 1 and 2) and its limits
  /// of addresses and data; nil where none can be read.
  ///
  /// - Parameter root: the folder in which `proc` and `sys` are.
  public static func available(root: String = "") -> MemoryLimit? {
    let candidates = [machine(root), process(root)] + controlGroups(root)
    return candidates.compactMap { $0 }.min { $0.bytes < $1.bytes }
  }

  /// The memory of the machine, and of its control groups, whether or not others use it now; nil where it cannot be read.
  public static func most(root: String = "") -> Double? {
    let total = number(after: "MemTotal:", in: ControlGroups.text("\(root)/proc/meminfo")).map { $0 * 1024 }
    let groups = ControlGroups.folders(of: "memory", root: root).compactMap { limit(of: $0) }
    return ([total].compactMap { $0 } + groups).min()
  }

  private static func machine(_ root: String) -> MemoryLimit? {
    number(after: "MemAvailable:", in: ControlGroups.text("\(root)/proc/meminfo")).map {
      MemoryLimit(bytes: $0 * 1024, source: "this machine's memory")
    }
  }

  private static func process(_ root: String) -> MemoryLimit? {
    let lines = ControlGroups.text("\(root)/proc/self/limits").split(separator: "\n")
    let limits = lines.filter { $0.hasPrefix("Max address space ") || $0.hasPrefix("Max data size ") }
    let least = limits.compactMap { $0.split(separator: " ").dropFirst(3).first.flatMap { Double($0) } }.min()
    return least.map { MemoryLimit(bytes: $0, source: "the limit of this process (ulimit)") }
  }

  private static func controlGroups(_ root: String) -> [MemoryLimit] {
    ControlGroups.folders(of: "memory", root: root).compactMap { folder in
      guard let limit = limit(of: folder) else { return nil }
      let used =
        Double(ControlGroups.text("\(folder)/memory.current").trimmed) ?? Double(
          ControlGroups.text("\(folder)/memory.usage_in_bytes").trimmed) ?? 0
      // pages of files that the system gives up first
      let statistics = ControlGroups.text("\(folder)/memory.stat")
      let cache = number(after: "total_inactive_file", in: statistics) ?? number(after: "inactive_file", in: statistics)
      let left = max(0, limit - max(0, used - (cache ?? 0)))
      return MemoryLimit(bytes: left, source: "the limit of this control group, \(Memory.gigabytes(limit))")
    }
  }

  /// The limit of a control group; nil if it has none.
  private static func limit(of folder: String) -> Double? {
    let written = [ControlGroups.text("\(folder)/memory.max"), ControlGroups.text("\(folder)/memory.limit_in_bytes")]
    guard let limit = written.lazy.compactMap({ Double($0.trimmed) }).first, limit < 0x1p60 else { return nil }
    return limit
  }

  /// The number that follows a word at the start of a line.
  private static func number(after word: String, in text: String) -> Double? {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count >= 2, words[0] == word { return Double(words[1]) }
    }
    return nil
  }
}

extension String {
  fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
