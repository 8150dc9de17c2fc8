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
      names to steps and settings, and for agents also to agent, seeds and environments; steps; settings; thresholds. More \
      specific entries override more general ones.

      Example:
        foresight study run Experiments/demo/study.yaml --jobs 2
      """)

  @Argument(help: "The study file (YAML).")
  var file: String
  @Option(help: "Folder of the results; 'results' beside the file unless given.")
  var out: String?
  @Option(parsing: .unconditional, help: "Runs at a time; as many as cores unless given.", transform: wholeNumber)
  var jobs: Int?
  @Flag(help: "Start runs anew whose folder holds a run with other settings.")
  var force = false
  @Flag(
    help: "Go on in other users' folders though their checkpoints hold pickled Python environments, which are code.")
  var trust = false

  mutating func validate() throws {
    if let out { try refuseEmpty(out, "out") }
    if let jobs, !(1...1024).contains(jobs) { throw ValidationError("jobs = \(jobs): must be in 1...1024") }
  }

  func run() throws {
    try reportingErrors {
      let study = try Study(contentsOf: file, in: Catalog.registry)
      let jobs = min(jobs ?? Host.cores, study.runs.count)
      let parent = (file as NSString).deletingLastPathComponent
      let beside = (parent as NSString).appendingPathComponent("results")
      let folder = StudyFolder(out ?? beside)
      Signals.install(grace: nil)
      var runner = try StudyRunner(
        study, in: folder, executable: PackageRoot.executable, jobs: jobs, threads: max(1, Host.cores / jobs),
        force: force, trusts: trust)
      print("study \(study.name): \(study.runs.count) runs, \(jobs) at a time, into \(folder.path)")
      let board = StudyBoard()
      let summary = try runner.run(stop: Signals.stop, show: board.show, say: board.say)
      board.finish()
      try conclude(summary, folder)
    }
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
