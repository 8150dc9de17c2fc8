import Archive
import Foundation
import Kernels

/// Facts about this machine and this source tree.
public enum Host {
  /// Cores that this process may use.
  public static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

  /// Facts for a manifest of a run on `threads` threads.
  public static func facts(threads: Int) -> HostFacts {
    HostFacts(
      cores: cores, threads: threads, blas: BLAS.coreName, system: system,
      commit: PackageRoot.find().flatMap { commit(of: $0) })
  }

  /// Name and version of the operating system.
  public static var system: String { ProcessInfo.processInfo.operatingSystemVersionString }

  /// The commit that a source tree's `HEAD` names, read from the files of git; nil if there is none.
  private static func commit(of root: String) -> String? {
    func text(_ path: String) -> String? {
      (try? String(contentsOfFile: "\(root)/.git/\(path)", encoding: .utf8))?
        .trimmingCharacters(in: .whitespacesAndNewlines)
    }
    guard let head = text("HEAD") else { return nil }
    guard head.hasPrefix("ref: ") else { return head }
    let reference = String(head.dropFirst(5))
    if let commit = text(reference) { return commit }
    let packed = text("packed-refs")?.split(separator: "\n").first { $0.hasSuffix(" " + reference) }
    return packed.map { String($0.prefix { $0 != " " }) }
  }
}
