import Archive
import ArgumentParser
import Catalog
import Foundation
import Laboratory

/// `foresight study run`.
struct StudyRunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a study: every agent x environment x seed, as parallel processes.",
    discussion: """
      Finished runs are skipped and interrupted ones continued, so the same command can be given again at any time. The \
      whole file is checked before anything starts. A failed run does not keep the others from running; the exit status \
      is then 1. Results do not depend on --jobs.

      Keys of the file: name; seeds, how many or a list; environments and agents, each a list of names, or a mapping from \
      names to steps and settings, and for agents also to agent, seeds, environments and sweep; steps; settings; thresholds; \
      sweep; figures. More specific entries override more general ones. Documentation/studies.md describes every key.

      Example:
        foresight study run Experiments/demo/study.yaml --jobs 2
      """)

  @Argument(help: "The study file (YAML).")
  var file: String
  @Option(help: "Folder of the results; 'results' beside the file unless given.")
  var out: String?
  @Option(parsing: .unconditional, help: "Runs at a time; as many as cores unless given.", transform: wholeNumber)
  var jobs: Int?
  @OptionGroup var filter: RunFilter
  @Flag(help: "Only show what would be run.")
  var dryRun = false
  @Flag(help: "Start runs anew whose folder holds a run with other settings.")
  var force = false
  @Flag(
    help: "Go on in other users' folders though their checkpoints hold pickled Python environments, which are code.")
  var trust = false
  @Flag(help: "Write TensorBoard's event files into the runs' folders, as the runs go on.")
  var tensorboard = false

  mutating func validate() throws {
    if let out { try refuseEmpty(out, "out") }
    if let jobs, !(1...1024).contains(jobs) { throw ValidationError("jobs = \(jobs): must be in 1...1024") }
  }

  func run() throws {
    try reportingErrors {
      let study = try Study(contentsOf: file, in: Catalog.registry)
      let entries = StudyFolder.entries(of: study)
      try filter.check(entries)
      let count = entries.count(where: filter.matches)
      let jobs = min(jobs ?? Host.cores, count)
      let folder = StudyFolder(out ?? Self.besides(file))
      Signals.install(grace: nil)
      var runner = try StudyRunner(
        study, in: folder, executable: PackageRoot.executable, jobs: jobs, threads: max(1, Host.cores / jobs),
        force: force, trusts: trust, writesEvents: tensorboard, only: filter.matches)
      if dryRun { return show(runner.lines, of: study, folder) }
      let meant = count == entries.count ? "\(count) runs" : "\(count) of \(entries.count) runs"
      print("study \(study.name): \(meant), \(jobs) at a time, into \(folder.path)")
      let board = StudyBoard(jobs: jobs)
      let summary = try runner.run(stop: Signals.stop, show: board.show, say: board.say)
      board.finish()
      try conclude(summary, folder)
    }
  }

  /// Shows what would be run, and nothing more.
  private func show(_ lines: [StudyRunner.Line], of study: Study, _ folder: StudyFolder) {
    let width = lines.map(\.title.count).max() ?? 0
    for line in lines {
      let (state, steps) = (line.status.state, ProgressText.grouped(line.status.progress.budget))
      print(
        "\(ProgressText.padded(line.title, width))  \(ProgressText.padded("\(steps) steps", 18))  \(state.rawValue)")
    }
    let left = lines.count { $0.status.state != .finished }
    print("\(left) of \(lines.count) runs would be run, into \(folder.path)")
  }

  /// The folder of results beside a study file.
  static func besides(_ file: String) -> String {
    ((file as NSString).deletingLastPathComponent as NSString).appendingPathComponent("results")
  }

  private func conclude(_ summary: StudyRunner.Summary, _ folder: StudyFolder) throws {
    if let signal = summary.signal {
      printError("stopped; every run is saved, and the same command continues")
      throw ExitCode(128 + signal)
    }
    let unfinished = summary.lines.filter { $0.status.state != .finished }
    guard unfinished.isEmpty else {
      for line in unfinished { printError("\(line.title): \(line.status.reason ?? line.status.state.rawValue)") }
      printError("error: \(unfinished.count) of \(summary.lines.count) runs did not finish")
      throw ExitCode(FailureStatus.failed)
    }
    print("all \(summary.lines.count) runs are finished; evaluations in \(folder.results)")
    print("draw them with: foresight plot \(folder.path)")
  }
}
