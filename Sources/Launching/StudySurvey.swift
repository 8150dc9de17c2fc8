internal import Archive
import Foundation
public import Laboratory

/// How a study's runs stand, from their folders and from the queue.
public struct StudySurvey: Sendable {
  /// What is known of a run.
  public enum State: String, Sendable, CaseIterable {
    /// All steps taken.
    case finished
    /// A process is at it.
    case running
    /// In a scheduler's queue.
    case queued
    /// Left before the end; nothing will continue it by itself.
    case interrupted
    /// Stopped by an error.
    case failed
    /// Not begun.
    case waiting
  }

  /// One run.
  public struct Line: Sendable {
    /// Environment, agent and seed.
    public let title: String
    /// How it stands.
    public var state: State
    /// How far it is.
    public var progress: RunProgress
    /// Why it failed, or what it waits for, in a line.
    public var reason: String?
    /// The submission and task that had it last.
    public var task: (folder: JobFolder, index: Int)?
  }

  /// The runs, in the study's order.
  public private(set) var lines: [Line]
  /// Jobs that are in the queue, by submission.
  public private(set) var jobs: [(folder: JobFolder, handle: JobHandle, launcher: any Launcher)] = []
  /// What could not be asked, in words.
  public private(set) var remarks: [String] = []

  /// Looks at everything. Throws `ArchiveError` for a submission that cannot be read, and `RunError.occupied` for a
  /// folder with another run than that of `plans`, which are those of the entries; nil for no demand.
  public init(_ folder: StudyFolder, entries: [StudyFolder.Entry], plans: [RunPlan]? = nil) throws {
    let statuses = try Self.statuses(folder, entries, plans)
    lines = zip(entries, statuses).map { entry, status in
      let state: State =
        switch status.state {
        case .waiting: .waiting
        case .running: .running
        case .interrupted: .interrupted
        case .finished: .finished
        case .failed: .failed
        }
      return Line(title: entry.title, state: state, progress: status.progress, reason: status.reason, task: nil)
    }
    let places = Dictionary(entries.enumerated().map { ($1.folder, $0) }) { $1 }
    let own = lines
    for job in JobFolder.all(in: folder) { try join(job, places, own) }
  }

  /// Every run's status, on all cores: most of the time goes into opening small files.
  private static func statuses(
    _ folder: StudyFolder, _ entries: [StudyFolder.Entry], _ plans: [RunPlan]?
  ) throws -> [RunStatus] {
    let results = Results(count: entries.count)
    DispatchQueue.concurrentPerform(iterations: (entries.count + 63) / 64) { block in
      for index in block * 64..<min(entries.count, block * 64 + 64) {
        let (run, steps) = (folder.folder(of: entries[index]), entries[index].steps)
        guard let plans else {
          results.set(index, .success(RunStatus(of: run, steps: steps)))
          continue
        }
        results.set(
          index,
          Result { RunStatus(of: run, steps: steps, manifest: try run.heldManifest(for: plans[index])) })
      }
    }
    return try results.all.map { try $0.get() }
  }

  /// Lays over the lines, which say `own` by themselves, what a submission says of them; a later one wins.
  private mutating func join(_ job: JobFolder, _ places: [String: Int], _ own: [Line]) throws {
    guard let handle = job.readHandle() else { return }
    let submission = try Submission(contentsOf: job.submission)
    let launcher = try job.makeLauncher()
    let isOpen = submission.tasks.joined().contains { run in
      places[submission.runs[run].folder].map { lines[$0].state != .finished } ?? false
    }
    guard isOpen else { return }
    let states = try launcher.states(of: handle, count: submission.tasks.count, in: job)
    if states == nil { remarks.append("the queue of submission \(job.number) (\(launcher.name)) cannot be asked here") }
    var isInQueue = false
    for (task, runs) in submission.tasks.enumerated() {
      let queue = states?[task]
      if case .ended? = queue {} else if queue != nil { isInQueue = true }
      let record = TaskRecord.read(job.record(of: task))
      for run in runs {
        guard let place = places[submission.runs[run].folder], lines[place].state != .finished else { continue }
        lines[place] = own[place]
        lines[place].task = (job, task)
        describe(place, run, queue, record, job, task)
      }
    }
    if isInQueue { jobs.append((job, handle, launcher)) }
  }

  private mutating func describe(
    _ place: Int, _ run: Int, _ queue: QueueState?, _ record: TaskRecord?, _ job: JobFolder, _ task: Int
  ) {
    if let failure = record?.failures[run] {
      (lines[place].state, lines[place].reason) = (.failed, failure)
      return
    }
    switch queue {
    case .waiting(let reason):
      lines[place].state = .queued
      lines[place].reason = record?.state == .requeued ? "requeued after start \(record?.starts ?? 0)" : reason
    case .running:
      // of several runs of a task one is at work
      if lines[place].state != .running { lines[place].state = .queued }
      lines[place].reason = nil
    case .ended(let name):
      if lines[place].state == .running { return }
      if Self.isSchedulersDoing(name), record?.state != .failed, record?.state != .finished {
        if lines[place].progress.steps > 0 || record != nil { lines[place].state = .interrupted }
        lines[place].reason = "the task ended as \(name); submit again to continue"
        return
      }
      switch record?.state {
      case .failed:
        lines[place].state = .failed
        lines[place].reason = record?.message ?? name
      case .running, .requeued:
        // it said nothing at its end: killed, with its machine or without
        lines[place].state = .failed
        let end = job.logEnd(of: task, lines: 1).last
        lines[place].reason =
          "the task ended without a word" + (name.isEmpty ? "" : " (\(name))")
          + (end.map { ": \($0)" } ?? "")
      case .left:
        if lines[place].state != .failed { lines[place].state = .interrupted }
        lines[place].reason = lines[place].reason ?? record?.message
      case .finished: break
      case nil:
        let end = job.logEnd(of: task, lines: 1).last
        if end != nil || !name.isEmpty {
          (lines[place].state, lines[place].reason) = (.failed, end ?? "the task ended as \(name)")
        }
      }
    case nil:
      if record?.state == .requeued || record == nil { lines[place].state = .queued }
      if record?.state == .failed { (lines[place].state, lines[place].reason) = (.failed, record?.message) }
    }
  }

  /// Whether a task that ended so was ended by the scheduler, or with its machine, so that nothing is wrong with its
  /// run.
  private static func isSchedulersDoing(_ name: String) -> Bool {
    ["CANCELLED", "PREEMPTED", "NODE_FAIL", "BOOT_FAIL", "TIMEOUT", "DEADLINE", "REVOKED"].contains(name)
  }

  /// Runs of each state, for those that have any.
  public var counts: [(state: State, count: Int)] {
    State.allCases.compactMap { state in
      let count = lines.count { $0.state == state }
      return count == 0 ? nil : (state, count)
    }
  }
}

/// Places that threads fill, each its own.
private final class Results: @unchecked Sendable {
  typealias Place = Result<RunStatus, any Error>
  private let places: UnsafeMutablePointer<Place>
  private let count: Int

  init(count: Int) {
    self.count = count
    places = .allocate(capacity: count)
    places.initialize(repeating: .success(RunStatus(waitingFor: 0)), count: count)
  }

  deinit {
    places.deinitialize(count: count)
    places.deallocate()
  }

  func set(_ index: Int, _ status: Place) { places[index] = status }
  var all: [Place] { Array(UnsafeBufferPointer(start: places, count: count)) }
}
