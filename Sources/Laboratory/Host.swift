import Archive
import Foundation
import Kernels

/// Facts about this machine and this source tree.
public enum Host {
  /// Cores that this process may use (`CoreShare`).
  public static var cores: Int { CoreShare.available().count }

  /// Whether this build multiplies and adds in one instruction: numbers are those of all processors that do.
  public static var fusesMultiplyAdd: Bool { BLAS.isFused }

  /// Name of this machine, without asking anybody else for it.
  public static var name: String {
    var bytes = [CChar](repeating: 0, count: 256)
    guard gethostname(&bytes, bytes.count - 1) == 0 else { return "unknown" }
    return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Facts for a manifest of a run on `threads` threads.
  public static func facts(threads: Int) -> HostFacts {
    let root = PackageRoot.find()
    return HostFacts(
      cores: cores, threads: threads, blas: BLAS.coreName, system: system, commit: root.flatMap { commit(of: $0) },
      isChanged: root.flatMap { isChanged($0) })
  }

  /// Name and version of the operating system.
  public static var system: String { ProcessInfo.processInfo.operatingSystemVersionString }

  /// Whether git knows of changes to tracked files of a source tree that no commit has; nil where there is no git, or
  /// no answer within two seconds.
  private static func isChanged(_ root: String) -> Bool? {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "timeout", "2", "git", "-C", root, "--no-optional-locks", "diff-index", "--quiet", "HEAD", "--", "Sources",
      "Package.swift",
    ]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    process.waitUntilExit()
    return switch process.terminationStatus {
    case 0: false
    case 1: true
    default: nil
    }
  }

  /// The commit that a source tree's `HEAD` names, read from the files of git; nil if there is none.
  private static func commit(of root: String) -> String? {
    func read(_ path: String) -> String? {
      (try? String(contentsOfFile: path, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
    }
    // of a further working tree `.git` is a file that names the folder, and that one names the one with the branches
    var folder = "\(root)/.git"
    if let link = read(folder), link.hasPrefix("gitdir: ") { folder = String(link.dropFirst(8)) }
    let common = read("\(folder)/commondir").map { $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" } ?? folder
    func text(_ path: String) -> String? { read("\(folder)/\(path)") ?? read("\(common)/\(path)") }
    guard let head = text("HEAD") else { return nil }
    guard head.hasPrefix("ref: ") else { return head }
    let reference = String(head.dropFirst(5))
    if let commit = text(reference) { return commit }
    let packed = text("packed-refs")?.split(separator: "\n").first { $0.hasSuffix(" " + reference) }
    return packed.map { String($0.prefix { $0 != " " }) }
  }
}
