internal import Archive
import Foundation
import Synchronization

/// The claim of a process to a folder that other machines see: the file `.owner`, with a word that only this claim has.
final class FolderLease: Sendable {
  /// Seconds between touches, and after which a lease that nobody touches is void.
  static let beat = 15.0
  static let patience = 90.0

  private let path: String
  private let word: String
  private let touched: Mutex<ContinuousClock.Instant>
  private let isOver = Atomic<Bool>(false)
  private let isLost = Atomic<Bool>(false)

  private init(path: String, word: String) {
    (self.path, self.word) = (path, word)
    touched = Mutex(.now)
  }

  /// Every claim of this process, and whether a thread touches them.
  private static let all = Mutex<(leases: [String: FolderLease], isBeating: Bool)>(([:], false))

  private static func beatForEver() {
    Thread.detachNewThread {
      while true {
        usleep(UInt32(beat * 1e6))
        for lease in all.withLock({ Array($0.leases.values) }) { lease.touch() }
      }
    }
  }

  private static func file(_ folder: String) -> String { folder + "/.owner" }

  /// What tells this start of this machine from all others.
  private static let machine: String = {
    let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    return boot?.trimmingCharacters(in: .whitespacesAndNewlines) ?? Host.name
  }()

  /// Claims a folder whose lock this process has; nil if another machine's claim counts.
  static func take(_ folder: String) throws(ArchiveError) -> FolderLease? {
    let path = file(folder)
    if isHeldElsewhere(folder) { return nil }
    let word = "\(machine) \(Host.name) \(getpid()) \(UUID().uuidString)"
    let own = "\(path).\(UUID().uuidString)"
    let made = open(own, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard made >= 0 else { throw FileSystem.failure("create", own) }
    defer {
      close(made)
      unlink(own)
    }
    try FileSystem.write(Array(word.utf8), to: made, path: own)
    // A void claim is moved away, which only one of several processes can do, and the own one linked, which fails if
    // there is one again: both are done at once on every file system.
    if let earlier = read(path) {
      let aside = "\(path).\(UUID().uuidString)"
      guard rename(path, aside) == 0 || errno == ENOENT else { throw FileSystem.failure("replace", path) }
      let moved = read(aside)
      unlink(aside)
      // another process was faster, and what was moved is its new claim: it finds out by itself that this is gone
      if let moved, moved != earlier { return nil }
    }
    guard link(own, path) == 0 else {
      if errno == EEXIST { return nil }
      // a file system without links has the lock alone
      let lease = FolderLease(path: path, word: word)
      lease.isOver.store(true, ordering: .relaxed)
      return lease
    }
    let lease = FolderLease(path: path, word: word)
    let isFirst = all.withLock { all in
      all.leases[word] = lease
      defer { all.isBeating = true }
      return !all.isBeating
    }
    if isFirst { beatForEver() }
    return lease
  }

  /// Whether a claim of another machine counts.
  static func isHeldElsewhere(_ folder: String) -> Bool {
    let path = file(folder)
    guard let text = read(path), text.split(separator: " ").first.map(String.init) != machine else { return false }
    return age(of: path, in: folder) < patience
  }

  /// Seconds since a file was touched, by the clock of the file system, which a new file tells; by this machine's where
  /// none can be made. Infinite for a file that is gone.
  private static func age(of path: String, in folder: String) -> Double {
    var status = stat()
    guard stat(path, &status) == 0 else { return .infinity }
    let probe = "\(folder)/.now.\(UUID().uuidString)"
    var now = timespec()
    let descriptor = open(probe, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    if descriptor >= 0 {
      var made = stat()
      if fstat(descriptor, &made) == 0 { now = made.st_mtim }
      close(descriptor)
      unlink(probe)
    } else {
      clock_gettime(CLOCK_REALTIME, &now)
    }
    return Double(now.tv_sec - status.st_mtim.tv_sec) + Double(now.tv_nsec - status.st_mtim.tv_nsec) * 1e-9
  }

  private static func read(_ path: String) -> String? {
    (try? FileSystem.read(path)).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Says to others that this process is alive, unless the claim has been taken away.
  func touch() {
    guard FolderLease.read(path) == word else {
      if access((path as NSString).deletingLastPathComponent, F_OK) == 0 { isLost.store(true, ordering: .relaxed) }
      return
    }
    if utimes(path, nil) == 0 { touched.withLock { $0 = .now } }
  }

  /// Whether the claim still counts.
  var isValid: Bool {
    if isOver.load(ordering: .relaxed) { return true }
    if ContinuousClock.now - touched.withLock({ $0 }) > .seconds(FolderLease.patience / 2) { touch() }
    return !isLost.load(ordering: .relaxed)
  }

  /// Gives the claim up.
  func end() {
    isOver.store(true, ordering: .relaxed)
    FolderLease.all.withLock { _ = $0.leases.removeValue(forKey: word) }
    if FolderLease.read(path) == word { unlink(path) }
  }
}
