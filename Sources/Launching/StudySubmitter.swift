internal import Archive
import Foundation
public import Laboratory

/// Hands the unfinished runs of a study to a launcher and returns at once.
public struct StudySubmitter {
  /// What will be handed over.
  public struct Outline: Sendable, Equatable {
    /// Indices of the study's runs to submit.
    public var runs: [Int] = []
    /// Runs that are finished.
    public var finished = 0
    /// Runs that an earlier submission still has in the queue, or that a process is at.
    public var underWay = 0
    /// Runs that are submitted again although they failed.
    public var failed = 0
  }

  private let study: Study
  private let folder: StudyFolder
  private let program: String
  /// What there is to do.
  public let outline: Outline

  /// Looks at what is there. Runs are told apart by environment, label and seed, so the same command submits what is
  /// not finished, and never what is finished or in the queue.
  ///
  /// - Parameters:
  ///   - only: whether a run may be submitted, by its title.
  ///   - program: the path of this program.
  /// - Throws: `RunError.occupied` where a folder holds a run with other settings, before anything is submitted;
  ///   `LaunchError` when the queue cannot be asked.
  public init(
    _ study: Study, in folder: StudyFolder, program: String, only: (StudyFolder.Entry) -> Bool = { _ in true }
  ) throws {
    (self.study, self.folder, self.program) = (study, folder, program)
    let entries = StudyFolder.entries(of: study)
    let survey = try StudySurvey(folder, entries: entries, plans: study.runs)
    var outline = Outline()
    for (index, line) in survey.lines.enumerated() where only(entries[index]) {
      switch line.state {
      case .finished: outline.finished += 1
      case .running, .queued: outline.underWay += 1
      case .failed:
        outline.failed += 1
        outline.runs.append(index)
      case .waiting, .interrupted: outline.runs.append(index)
      }
    }
    self.outline = outline
  }

  /// Writes the study's list of runs, as `submit` does. Throws `ArchiveError`.
  public func writeList() throws {
    try FileSystem.makeFolder(folder.path)
    try folder.writeList(of: study)
  }

  /// Submits the runs of `outline`, `perTask` of them a task or more where the launcher takes fewer tasks.
  ///
  /// - Parameters:
  ///   - draws: whether the job that gathers results draws them too.
  ///   - gathers: whether there is such a job.
  /// - Returns: the submission's folder, and its tasks.
  /// - Throws: `LaunchError`, `ArchiveError`.
  public func submit(
    to choice: LauncherChoice, _ settings: JobSettings, perTask: Int = 1, gathers: Bool = true, draws: Bool = true
  ) throws -> (folder: JobFolder, tasks: Int, handle: JobHandle) {
    let launcher = try choice.make()
    try FileSystem.makeFolder(JobFolder.root(of: folder))
    guard let lock = try FolderLock.acquire(JobFolder.root(of: folder), patience: 5) else {
      throw LaunchError.busy(folder: folder.path)
    }
    return try withExtendedLifetime(lock) {
      let most = try launcher.mostTasks() ?? outline.runs.count
      let perTask = max(perTask, (outline.runs.count + most - 1) / max(1, most))
      try folder.writeList(of: study)
      let root = StudyFolder(Self.absolute(folder.path))
      let job = try JobFolder.make(in: root)
      let submission = Submission(
        study, runs: outline.runs, perTask: perTask, in: root, launcher: launcher.name, settings: settings,
        program: try Submission.Program(at: program))
      try submission.write(to: job.submission)
      try Records.write(choice, to: job.launcher)
      let checksum = try Submission.Program(at: job.submission).checksum
      let handle = try launcher.submit(
        Job(
          name: "foresight-\(study.name)", folder: job, count: submission.tasks.count,
          command: [program, "study", "task", job.path, "--checksum", "\(checksum)", "--index"],
          gather: gathers ? [program, "study", "gather", root.path] + (draws ? ["--draw"] : []) : nil,
          settings: settings))
      try job.write(handle)
      return (job, submission.tasks.count, handle)
    }
  }

  private static func absolute(_ path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.path
  }
}

extension JobFolder {
  /// Which launcher it went to.
  var launcher: String { path + "/launcher.json" }

  /// The launcher that it went to. Throws `ArchiveError`, `LaunchError`.
  public func makeLauncher() throws -> any Launcher {
    let choice: LauncherChoice = try Records.read(launcher)
    return try choice.make()
  }
}
