import Archive
import ArgumentParser
import Catalog
import Foundation
import Laboratory
import Launching

/// `foresight study submit`.
struct StudySubmitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "submit",
    abstract: "Hand a study's runs to Slurm, to another scheduler, or to this machine's background.",
    discussion: """
      Submits every run that is neither finished nor in the queue, and returns. With --slurm they are one job array, each \
      element a run, which saves itself before its time limit and requeues itself until it is done; a dependent job gathers \
      the results and draws them. The same command submits again what has failed or was cancelled; finished runs are never \
      run twice. 'foresight study status' shows how it stands, 'foresight study cancel' ends it.

      Example:
        foresight study submit study.yaml --slurm --time 4:00:00 --cpus 2 --mem 4G --max-parallel 100
        foresight study submit study.yaml --command 'qsub -l walltime={time} {script}' --status-command 'qstat {id}'
        foresight study submit study.yaml --local --max-parallel 2
      """)

  @Argument(help: "The study file (YAML).")
  var file: String
  @Option(help: "Folder of the results; 'results' beside the file unless given.")
  var out: String?
  @Flag(help: "Submit to Slurm.")
  var slurm = false
  @Flag(help: "Run in the background of this machine.")
  var local = false
  @Option(
    help: ArgumentHelp("Submit by a command with {script}; see the page on clusters.", valueName: "template"))
  var command: String?
  @Option(help: "With --command: the command is an array's; the variable with a task's number.")
  var indexVariable: String?
  @Option(help: "With --command: a command that succeeds while job {id} waits or runs.")
  var statusCommand: String?
  @Option(help: "With --command: a command that ends job {id}.")
  var cancelCommand: String?
  @Option(help: "Partition or queue.")
  var partition: String?
  @Option(help: "Account to charge.")
  var account: String?
  @Option(help: "Time limit of a task at a time: minutes, h:mm:ss or days-hours.")
  var time: String?
  @Option(parsing: .unconditional, help: "Cores, and threads, of a task.", transform: wholeNumber)
  var cpus = 1
  @Option(help: "Memory of a task, such as 4G.")
  var mem: String?
  @Option(parsing: .unconditional, help: "Tasks at a time.", transform: wholeNumber)
  var maxParallel: Int?
  @Option(
    name: .customLong("option"), parsing: .unconditionalSingleValue,
    help: "A further option for sbatch, such as --constraint=avx512. May be repeated.")
  var further: [String] = []
  @Option(parsing: .unconditional, help: "Runs of a task, one after the other.", transform: wholeNumber)
  var runsPerTask = 1
  @Option(
    parsing: .unconditional, help: "Seconds before the time limit at which a run saves itself and leaves.",
    transform: wholeNumber)
  var lead = 120
  @Option(parsing: .unconditional, help: "Minutes between saves of a run, in case of a death.", transform: wholeNumber)
  var saveEvery = 10
  @Option(parsing: .unconditional, help: "How often a task may be requeued.", transform: wholeNumber)
  var maxRequeues = 50
  @Option(
    parsing: .unconditional,
    help: "Exit status of a task that is out of time, for schedulers that start it again then.",
    transform: wholeNumber)
  var unfinishedStatus = 75
  @OptionGroup var filter: RunFilter
  @Flag(help: "Submit no job that gathers the results and draws them.")
  var noGather = false
  @Flag(help: "Only say what would be submitted.")
  var dryRun = false
  @Flag(
    help: "Go on in other users' folders though their checkpoints hold pickled Python environments, which are code.")
  var trust = false
  @Flag(help: "Write TensorBoard's event files into the runs' folders, as the runs go on.")
  var tensorboard = false

  mutating func validate() throws {
    if let out { try refuseEmpty(out, "out") }
    let chosen = [slurm, local, command != nil].count { $0 }
    guard chosen == 1 else { throw ValidationError("give one of --slurm, --local and --command") }
    for (name, value, range) in [
      ("cpus", cpus, 1...1024), ("max-parallel", maxParallel ?? 1, 1...1_000_000),
      ("runs-per-task", runsPerTask, 1...1_000_000), ("lead", lead, 1...65_000), ("save-every", saveEvery, 1...100_000),
      ("max-requeues", maxRequeues, 0...1_000_000), ("unfinished-status", unfinishedStatus, 1...255),
    ] where !range.contains(value) {
      throw ValidationError("\(name) = \(value): must be in \(range.lowerBound)...\(range.upperBound)")
    }
    if let time {
      guard let seconds = TimeLimit.seconds(time) else {
        throw ValidationError("time = \(time): expected minutes, h:mm:ss or days-hours")
      }
      guard seconds > lead else {
        throw ValidationError(
          "time = \(time): must be more than the \(lead) s before its end at which runs leave (--lead)")
      }
    }
  }

  func run() throws {
    try reportingErrors {
      let study = try Study(contentsOf: file, in: Catalog.registry)
      let folder = StudyFolder(out ?? StudyRunCommand.besides(file))
      try filter.check(StudyFolder.entries(of: study))
      let submitter = try StudySubmitter(study, in: folder, program: PackageRoot.executable, only: filter.matches)
      let outline = submitter.outline
      var facts = ["\(outline.runs.count) to submit", "\(outline.finished) finished", "\(outline.underWay) under way"]
      if outline.failed > 0 { facts[0] += ", of which \(outline.failed) failed before" }
      print("study \(study.name): \(study.runs.count) runs: \(facts.joined(separator: ", "))")
      guard !outline.runs.isEmpty else {
        if !dryRun { try submitter.writeList() }
        return print("nothing to submit")
      }
      if dryRun {
        let entries = StudyFolder.entries(of: study)
        for run in outline.runs { print("  \(entries[run].title)") }
        return
      }
      let (job, tasks, handle) = try submitter.submit(
        to: choice(), settings(), perTask: runsPerTask, gathers: !noGather)
      let first = "\(local ? "process" : "job") \(handle.ids[0].prefix { $0 != " " })"
      let shown = handle.ids.count == 1 ? first : "\(handle.ids.count) jobs"
      print("submitted \(outline.runs.count) runs as \(tasks) tasks of \(shown) (\(job.path))")
      if let gather = handle.gather { print("job \(gather) gathers and draws the results when they have ended") }
      print("how they stand: foresight study status \(folder.path)")
    }
  }

  private func choice() -> LauncherChoice {
    var choice = LauncherChoice(name: slurm ? "slurm" : local ? "local" : "command")
    choice.template = command
    choice.indexVariable = indexVariable
    choice.statusTemplate = statusCommand
    choice.cancelTemplate = cancelCommand
    return choice
  }

  private func settings() -> JobSettings {
    var settings = JobSettings()
    settings.partition = partition
    settings.account = account
    settings.memory = mem
    settings.cpus = cpus
    settings.seconds = time.flatMap { TimeLimit.seconds($0) }
    settings.maxParallel = maxParallel
    settings.further = further
    settings.lead = lead
    settings.saveInterval = saveEvery * 60
    settings.maxRequeues = maxRequeues
    settings.trusts = trust
    settings.writesEvents = tensorboard ? true : nil
    settings.unfinishedStatus = Int32(unfinishedStatus)
    return settings
  }
}
