import Archive

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

  /// Looks at a run that should take `steps` steps. A missing or unreadable manifest means that it has not begun.
  public init(of folder: RunFolder, steps: Int) {
    self.init(waitingFor: steps)
    guard let manifest = try? Manifest(contentsOf: folder.manifest) else { return }
    failure = manifest.failure
    if FolderLock.isHeld(folder.path) {
      state = .running
    } else {
      switch manifest.status {
      case .finished: state = manifest.steps >= steps ? .finished : .interrupted
      case .failed: state = .failed
      case .interrupted, .running: state = .interrupted
      }
    }
    let evaluations = Self.rows(of: folder, .evaluations)
    let timing = Self.rows(of: folder, .timing)
    let last = [evaluations.last, timing.last].compactMap { $0?.first.flatMap { Int($0) } }.max() ?? 0
    progress.steps = state == .finished ? steps : last
    let returns = evaluations.filter { $0.first == evaluations.last?.first }.compactMap {
      $0.count > 2 ? Double($0[2]) : nil
    }
    if !returns.isEmpty { progress.evaluation = returns.reduce(0, +) / Double(returns.count) }
  }

  private static func rows(of folder: RunFolder, _ table: RunTable) -> [[String]] {
    guard let bytes = try? FileSystem.read(folder.path(of: table)) else { return [] }
    return Array(CSV.records(bytes).dropFirst())
  }
}
