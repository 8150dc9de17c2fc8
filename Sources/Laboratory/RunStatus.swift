import Archive
import Foundation

/// How a run's folder stands, judged from its files.
public struct RunStatus: Sendable, Equatable {
  /// What is known of it.
  public enum State: String, Sendable {
    /// Not begun.
    case waiting
    /// A process is at it.
    case running
    /// Left before the end, to be continued.
    case interrupted
    /// All steps taken.
    case finished
    /// Stopped by an error.
    case failed
  }

  /// How it stands.
  public var state: State
  /// Steps taken and last evaluation, as far as the tables tell.
  public var progress: RunProgress
  /// Why it failed, if it did.
  public var failure: String?

  /// The first line of `failure`, which says it all but for a traceback.
  public var reason: String? {
    failure.map { $0.split(separator: "\n", maxSplits: 1).first.map(String.init) ?? $0 }
  }

  /// Not begun.
  public init(waitingFor steps: Int) {
    state = .waiting
    progress = RunProgress(steps: 0, budget: steps)
  }

  /// Looks at a run that should take `steps` steps. A missing manifest means that it has not begun, one that cannot be
  /// read that it failed. Reads the ends of the tables only: some tens of microseconds.
  public init(of folder: RunFolder, steps: Int) {
    do {
      let manifest = folder.hasManifest ? try Manifest(contentsOf: folder.manifest) : nil
      self.init(of: folder, steps: steps, manifest: manifest)
    } catch {
      self.init(waitingFor: steps)
      (state, failure) = (.failed, "\(error)")
    }
  }

  /// The same of a run whose manifest was read before; nil for one that has none.
  package init(of folder: RunFolder, steps: Int, manifest: Manifest?) {
    self.init(waitingFor: steps)
    guard let manifest else { return }
    failure = manifest.failure
    if manifest.status == .finished && manifest.steps >= steps {
      state = .finished
    } else if FolderLock.isHeld(folder.path) {
      state = .running
    } else {
      state = manifest.status == .failed ? .failed : .interrupted
    }
    let evaluations = Self.lastRows(of: folder, .evaluations)
    let timing = state == .finished ? [] : Self.lastRows(of: folder, .timing)
    let last = [evaluations.last, timing.last].compactMap { $0?.first.flatMap { Int($0) } }.max() ?? 0
    progress.steps = state == .finished ? steps : last
    let returns = evaluations.filter { $0.first == evaluations.last?.first }.compactMap {
      $0.count > 2 ? Double($0[2]) : nil
    }
    if !returns.isEmpty { progress.evaluation = returns.reduce(0, +) / Double(returns.count) }
  }

  /// The rows in the last 32 KB of a table, without its header: more than an evaluation of some hundred episodes.
  private static func lastRows(of folder: RunFolder, _ table: RunTable) -> [[String]] {
    let descriptor = open(folder.path(of: table), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    let size = Int(lseek(descriptor, 0, SEEK_END))
    var bytes = [UInt8](repeating: 0, count: min(max(0, size), 1 << 15))
    let start = max(0, size - bytes.count)
    let count = pread(descriptor, &bytes, bytes.count, off_t(start))
    // the first record is the header, or the rest of a line
    return Array(CSV.records(bytes.prefix(max(0, count))).dropFirst())
  }
}
