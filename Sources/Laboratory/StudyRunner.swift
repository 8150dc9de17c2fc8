public import Archive
internal import Configuration
import Foundation

/// Runs a study's runs as processes of their own, some at a time, the longest first, skipping those that are done.
public struct StudyRunner {
  /// One line of a display.
  public struct Line: Sendable, Equatable {
    /// Environment, agent and seed.
    public let title: String
    /// How the run stands.
    public var status: RunStatus
  }

  /// How a study ended.
  public struct Summary: Sendable, Equatable {
    /// How each run stands, in the study's order.
    public let lines: [Line]
    /// The signal that ended it early, if one did.
    public let signal: Int32?

    /// Runs that failed.
    public var failures: [Line] { lines.filter { $0.status.state == .failed } }
  }

  private let study: Study
  /// The runs that are meant.
  private let plans: [RunPlan]
  private let folder: StudyFolder
  private let executable: String
  private let jobs: Int
  private let threads: Int
  private let entries: [StudyFolder.Entry]
  /// How each run that is meant stands.
  public private(set) var lines: [Line]
  private var children: [Int: ChildProcess] = [:]
  private var restarts: Set<Int> = []
  private let trusts: Bool
  private let writesEvents: Bool

  /// Prepares a study and looks at what is there already.
  ///
  /// - Parameters:
  ///   - folder: made if need be.
  ///   - executable: this program, whose `train` command does the runs.
  ///   - jobs: processes at a time.
  ///   - threads: threads of each.
  ///   - force: start runs anew whose folder holds another configuration's run; without it that is an error.
  ///   - trusts: let runs go on from pickled environments that another user may have written.
  ///   - writesEvents: whether runs write TensorBoard's events too.
  ///   - only: whether a run is meant.
  /// - Throws: `RunError.occupied` before anything has been touched.
  public init(
    _ study: Study, in folder: StudyFolder, executable: String, jobs: Int, threads: Int, force: Bool,
    trusts: Bool = false, writesEvents: Bool = false, only: (StudyFolder.Entry) -> Bool = { _ in true }
  ) throws {
    precondition(jobs >= 1 && threads >= 1, "a study needs at least one job and one thread")
    self.study = study
    self.folder = folder
    self.executable = executable
    self.jobs = jobs
    self.threads = threads
    self.trusts = trusts
    self.writesEvents = writesEvents
    let all = StudyFolder.entries(of: study)
    let meant = all.indices.filter { only(all[$0]) }
    entries = meant.map { all[$0] }
    plans = meant.map { study.runs[$0] }
    lines = []
    for (index, entry) in entries.enumerated() {
      let runFolder = folder.folder(of: entry)
      do {
        _ = try runFolder.heldManifest(for: plans[index])
        lines.append(Line(title: entry.title, status: RunStatus(of: runFolder, steps: entry.steps)))
      } catch {
        guard force else { throw error }
        restarts.insert(index)
        lines.append(Line(title: entry.title, status: RunStatus(waitingFor: entry.steps)))
      }
    }
  }

  /// Runs everything that is not finished. A failed run does not keep the others from running.
  ///
  /// - Parameters:
  ///   - stop: when raised, its signal is passed on to the processes, which save their runs and leave.
  ///   - show: called with all lines a few times a second.
  ///   - say: called with what the processes write to their standard error output.
  /// - Throws: `ArchiveError` when the study's own files cannot be written or a process cannot be started.
  public mutating func run(
    stop: StopRequest, show: ([Line]) -> Void, say: (String) -> Void
  ) throws(ArchiveError) -> Summary {
    try FileSystem.makeFolder(folder.path)
    try folder.writeList(of: study)
    defer { for child in children.values { child.signal(SIGTERM) } }  // only after an error are there any left
    var waiting = order().makeIterator()
    var isSignaled = false
    while true {
      while !stop.isRaised, children.count < jobs, let index = waiting.next() { try start(index) }
      if children.isEmpty { break }
      if stop.takeSaveRequest() { for child in children.values { child.signal(SIGUSR1) } }
      if let signal = stop.signal, !isSignaled {
        isSignaled = true
        for child in children.values { child.signal(signal) }
      }
      listen(say)
      show(lines)
    }
    try folder.writeResults(of: study)
    show(lines)
    return Summary(lines: lines, signal: stop.signal)
  }

  /// Indices of the runs to do, by estimated duration, the longest first.
  private func order() -> [Int] {
    func cost(_ index: Int) -> Double {
      let left = entries[index].steps - lines[index].status.progress.steps
      return Double(left) * plans[index].agent.secondsPerStep
    }
    let todo = lines.indices.filter { lines[$0].status.state != .finished }
    return todo.sorted { (-cost($0), $0) < (-cost($1), $1) }
  }

  private mutating func start(_ index: Int) throws(ArchiveError) {
    let plan = plans[index]
    var arguments = [
      "train", plan.agent.name, plan.environment.name, "--label", plan.label, "--seed", "\(plan.seed)", "--steps",
      "\(plan.steps)", "--out", folder.path, "--threads", "\(threads)", "--settings-json",
      plan.resolved.json(indent: 0), "--report-to-study",
    ]
    if restarts.contains(index) { arguments.append("--force") }
    if trusts { arguments.append("--trust") }
    if writesEvents { arguments.append("--tensorboard") }
    children[index] = try ChildProcess(executable: executable, arguments: arguments)
    lines[index].status.state = .running
    lines[index].status.failure = nil
  }

  /// Waits a fifth of a second at most for the processes to say something, and for those that have left.
  private mutating func listen(_ say: (String) -> Void) {
    var polls = children.values.flatMap(\.pipes).filter { $0 >= 0 }.map {
      pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
    poll(&polls, nfds_t(polls.count), children.values.contains(where: \.isDrained) ? 10 : 200)
    for index in children.keys.sorted() {
      guard var child = children[index] else { continue }
      // asked before its last words are read
      let status = child.poll()
      if let progress = child.readLines(of: 0).compactMap({ StudyReport.parse($0) }).last {
        lines[index].status.progress = progress
      }
      for line in child.readLines(of: 1) + (status == nil ? [] : child.close()) {
        if line.hasPrefix("error: ") { lines[index].status.failure = String(line.dropFirst(7)) }
        say("\(lines[index].title): \(line)")
      }
      children[index] = status == nil ? child : nil
      if let status { conclude(index, status: status) }
    }
  }

  private mutating func conclude(_ index: Int, status: Int32) {
    switch status {
    case 0:
      lines[index].status.state = .finished
      lines[index].status.progress =
        RunStatus(
          of: folder.folder(of: entries[index]), steps: entries[index].steps
        ).progress
    case 128 + SIGHUP, 128 + SIGINT, 128 + SIGTERM: lines[index].status.state = .interrupted
    default:
      lines[index].status.state = .failed
      if lines[index].status.failure == nil {
        lines[index].status.failure = status > 128 ? "killed by signal \(status - 128)" : "exit status \(status)"
      }
    }
  }
}
