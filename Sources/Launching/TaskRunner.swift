internal import Archive
import Foundation
public import Laboratory

/// One task of a submission: runs processes of this program, one after the other, until they are finished or the time
/// is up.
///
/// Only this process gets the scheduler's signals; it passes them on. A run is saved before the time is up, by the
/// clock as well as by the signal, and every `JobSettings.saveInterval` seconds, so that after a death without warning
/// the last save is near.
public struct TaskRunner {
  /// How a task ended.
  public enum Ending: Sendable, Equatable {
    /// All of its runs are finished.
    case finished
    /// Saved; the scheduler starts it again.
    case requeued
    /// Saved; whoever submits again continues it.
    case left
    /// A run failed, or it could not start.
    case failed
  }

  private let folder: JobFolder
  private let submission: Submission
  private let index: Int
  private let launcher: any Launcher
  private let say: (String) -> Void
  private var record: TaskRecord

  /// Counts a start of a task, and checks that program and submission are what they were.
  ///
  /// - Parameters:
  ///   - checksum: that of the submission's file when it was written.
  ///   - executable: the path of this program.
  ///   - say: told what belongs into the log.
  /// - Throws: `RunError.changed`, `ArchiveError`, `LaunchError`.
  public init(
    _ folder: JobFolder, index: Int, checksum: UInt32, executable: String, say: @escaping (String) -> Void
  ) throws {
    self.folder = folder
    self.index = index
    self.say = say
    let earlier = TaskRecord.read(folder.record(of: index))
    record = TaskRecord(
      state: .running, starts: (earlier?.starts ?? 0) + 1, host: Host.name,
      failures: earlier?.failures ?? [:])
    launcher = try folder.makeLauncher()
    submission = try Submission(contentsOf: folder.submission)
    guard submission.tasks.indices.contains(index) else {
      throw LaunchError.settings("\(folder.path) has no task \(index)")
    }
    let limit = submission.settings.seconds.map { Date.now.timeIntervalSince1970 + Double($0) }
    record.deadline = [launcher.deadline(), limit].compactMap { $0 }.min()
    try write(.running)
    do {
      guard try Submission.Program(at: folder.submission).checksum == checksum else {
        throw RunError.changed(reason: "\(folder.submission) has changed")
      }
      let now = try Submission.Program(at: executable)
      guard (now.bytes, now.checksum) == (submission.program.bytes, submission.program.checksum) else {
        throw RunError.changed(reason: "the program \(executable) has changed")
      }
    } catch {
      record.message = "\(error)"
      try? write(.failed)
      throw error
    }
  }

  private mutating func write(_ state: TaskRecord.State) throws {
    record.state = state
    try Records.write(record, to: folder.record(of: index))
  }

  /// Runs until everything is done or the time is up. Throws `ArchiveError` when a process cannot be started.
  public mutating func run(stop: StopRequest, executable: String) throws -> Ending {
    say("start \(record.starts) on \(record.host)" + (leavingAt.map { ", until \(Self.clock($0))" } ?? ""))
    if record.starts > submission.settings.maxRequeues + 1 { return try giveUp() }
    for run in submission.tasks[index] {
      let runFolder = RunFolder("\(submission.folder)/\(submission.runs[run].folder)")
      let steps = submission.configurations[submission.runs[run].configuration].steps
      if record.failures[run] != nil || RunStatus(of: runFolder, steps: steps).state == .finished { continue }
      // the time may be up between two runs
      if isTimeUp || stop.isRaised { return try leave(stop) }
      let (status, failure) = try execute(run, stop: stop, executable: executable)
      switch status {
      case 0: continue
      case 128 + SIGTERM, 128 + SIGINT, 128 + SIGHUP: return try leave(stop)
      default:
        let reason = failure ?? (status > 128 ? "killed by signal \(status - 128)" : "exit status \(status)")
        record.failures[run] = reason
        say("\(submission.title(of: run)) failed: \(reason)")
        try write(.running)
      }
    }
    if let failure = record.failures.values.first {
      record.message = failure
      try write(.failed)
      return .failed
    }
    try write(.finished)
    say("finished")
    return .finished
  }

  /// Seconds since 1970 at which to save and leave.
  private var leavingAt: Double? { record.deadline.map { $0 - Double(submission.settings.lead) } }

  private var isTimeUp: Bool { leavingAt.map { Date.now.timeIntervalSince1970 >= $0 } ?? false }

  private static func clock(_ time: Double) -> String {
    Date(timeIntervalSince1970: time).formatted(.iso8601)
  }

  private mutating func giveUp() throws -> Ending {
    let most = submission.settings.maxRequeues
    record.message =
      "not finished after \(most) requeues: give it longer (--time) or more of them (--max-requeues); "
      + "the same command submits it again from its last checkpoint"
    say("error: \(record.message ?? "")")
    try write(.failed)
    return .failed
  }

  /// The time is up, or a signal came: to be started again where the launcher can, and the scheduler does not do it
  /// itself.
  private mutating func leave(_ stop: StopRequest) throws -> Ending {
    // After SIGTERM the scheduler has decided: it cancels, or preempts and requeues by itself.
    guard stop.signal == nil || stop.signal == SIGUSR1 else {
      record.message = "ended by signal \(stop.signal ?? 0); submit again to continue"
      try write(.left)
      return .left
    }
    if record.starts > submission.settings.maxRequeues { return try giveUp() }
    say("out of time after start \(record.starts); saved, and to be started again")
    // written before: the scheduler may end this process within its command
    try write(.requeued)
    do {
      if try launcher.requeue(task: index) { return .requeued }
      record.message = "out of time; submit again to continue"
    } catch {
      record.message = "\(error); submit again to continue"
      say("error: \(record.message ?? "")")
    }
    try write(.left)
    return .left
  }

  /// Runs one run's process: its exit status, and its error if it said one.
  private func execute(_ run: Int, stop: StopRequest, executable: String) throws -> (Int32, String?) {
    let configuration = submission.configurations[submission.runs[run].configuration]
    let settings = submission.settings
    var arguments = [
      "train", configuration.agent, configuration.environment, "--label", configuration.label, "--seed",
      "\(submission.runs[run].seed)", "--steps", "\(configuration.steps)", "--out", submission.folder, "--threads",
      "\(settings.cpus)", "--settings-json", configuration.settings, "--report-to-study", "--grace",
      "\(max(4, settings.lead - 10))", "--patience", "120", "--made-of",
      Self.json(configuration.provenance),
    ]
    if settings.trusts { arguments.append("--trust") }
    if settings.writesEvents == true { arguments.append("--tensorboard") }
    say("\(submission.title(of: run)) begins")
    var child = try ChildProcess(executable: executable, arguments: arguments)
    var failure: String?
    var saved = ContinuousClock.now
    var isAsked = false
    while true {
      var polls = child.pipes.filter { $0 >= 0 }.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      poll(&polls, nfds_t(polls.count), child.isDrained ? 10 : 200)
      let status = child.poll()
      if let progress = child.readLines(of: 0).compactMap({ StudyReport.parse($0) }).last, isDue(&saved, settings) {
        child.signal(SIGUSR1)
        say("\(submission.title(of: run)) is at step \(progress.steps) of \(progress.budget)")
      }
      for line in child.readLines(of: 1) + (status == nil ? [] : child.close()) {
        if line.hasPrefix("error: ") { failure = String(line.dropFirst(7)) }
        say(line)
      }
      if let status { return (status, failure) }
      if !isAsked, stop.isRaised || stop.takeSaveRequest() || isTimeUp {
        isAsked = true
        child.signal(SIGTERM)
      }
    }
  }

  private func isDue(_ saved: inout ContinuousClock.Instant, _ settings: JobSettings) -> Bool {
    guard ContinuousClock.now - saved > .seconds(settings.saveInterval) else { return false }
    saved = .now
    return true
  }

  private static func json(_ provenance: [String: String]) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return (try? encoder.encode(provenance)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}
