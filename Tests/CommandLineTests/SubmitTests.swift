import Archive
import Foundation
import Laboratory
import Launching
import Testing
import TestSupport

/// `foresight study submit` and the tasks that it starts, with commands that stand in for Slurm's.
@Suite struct SubmitTests {
  private let root: ScratchFolder
  private let slurm: FakeSlurm
  private var results: String { root.path + "/results" }
  private var job: JobFolder { JobFolder(results + "/jobs/1") }

  init() throws {
    root = try ScratchFolder()
    slurm = try FakeSlurm(in: root.path + "/bin")
    try write(
      """
      name: tiny
      environments: [Pendulum-v1]
      seeds: 2
      settings: {evaluation.interval: 100, evaluation.episodes: 2}
      agents: {random: {steps: 300}}
      """)
  }

  private func write(_ yaml: String) throws {
    try Data(yaml.utf8).write(to: URL(fileURLWithPath: root.path + "/study.yaml"))
  }

  /// A study of one agent that takes some seconds.
  private func writeLong(seeds: Int = 1, steps: Int = 4000) throws {
    try write(
      """
      name: long
      environments: [Pendulum-v1]
      seeds: \(seeds)
      settings:
        learner.hidden: [64, 64]
        agent: {batch_size: 64, random_steps: 50}
        evaluation.episodes: 1
        checkpoint: {best: false, interval: 500}
      agents: {sac: {steps: \(steps)}}
      """)
  }

  private func submit(_ arguments: String...) throws -> Program.Result {
    try Program.run(
      ["study", "submit", "study.yaml", "--slurm"] + arguments, in: root.path, environment: slurm.environment)
  }

  private func study(_ arguments: String...) throws -> Program.Result {
    try Program.run(["study"] + arguments, in: root.path, environment: slurm.environment)
  }

  private func record(_ task: Int, _ job: JobFolder? = nil) throws -> TaskRecord {
    let bytes = try FileSystem.read((job ?? self.job).record(of: task))
    return try JSONDecoder().decode(TaskRecord.self, from: Data(bytes))
  }

  /// Shortens what can only be given in whole minutes, in the submission's file and the script that names its checksum.
  private func edit(_ id: Int, _ change: (inout Submission) -> Void) throws {
    var submission = try Submission(contentsOf: job.submission)
    let before = try Submission.Program(at: job.submission).checksum
    change(&submission)
    try submission.write(to: job.submission)
    let after = try Submission.Program(at: job.submission).checksum
    let script = "\(root.path)/bin/script-\(id)"
    let text = try String(contentsOfFile: script, encoding: .utf8)
    try Data(text.replacing("\(before)", with: "\(after)").utf8).write(to: URL(fileURLWithPath: script))
  }

  /// One array, which is asked for what the options say; only this process gets its signals. A job that depends on it
  /// gathers. Nothing waits.
  @Test func aStudyIsOneArrayAndAJobThatGathers() throws {
    let result = try submit(
      "--time", "30", "--cpus", "2", "--mem", "4G", "--partition", "cpu", "--account", "lab", "--max-parallel", "8",
      "--option", "--constraint=avx512")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("submitted 2 runs as 2 tasks of job 71"), "\(result.output)")
    let script = slurm.script(71)
    for option in [
      "--array=0-1%8", "--time=0:30:00", "--signal=B:USR1@120", "--cpus-per-task=2", "--mem=4G", "--partition=cpu",
      "--account=lab", "--requeue", "--open-mode=append", "--constraint=avx512",
    ] { #expect(script.contains("#SBATCH \(option)"), "\(option) in \(script)") }
    #expect(slurm.script(72).contains("#SBATCH --dependency=afterany:71"))
    #expect(!FileManager.default.fileExists(atPath: results + "/Pendulum-v1"))
  }

  /// What is queued or finished is not submitted again, and what the elements leave is what `study run` leaves.
  @Test func elementsDoTheStudyAndFinishedRunsAreNotRunTwice() throws {
    #expect(try submit("--no-gather").status == 0)
    try slurm.setQueue(["0|PENDING|Priority", "1|RUNNING|None"])
    let again = try submit()
    #expect(again.output.contains("0 to submit, 0 finished, 2 under way"), "\(again.output)")
    let queued = try study("status", "results")
    #expect(queued.output.contains("2 runs: 2 queued"), "\(queued.output)")
    try slurm.setQueue(nil)
    for element in 0..<2 { #expect(try slurm.start(71, element: element).finish().status == 0) }
    let done = try submit()
    #expect(done.output.contains("0 to submit, 2 finished"), "\(done.output)")
    #expect(try study("gather", "results").status == 0)
    #expect(try study("run", "study.yaml", "--out", "straight").status == 0)
    for table in ["results.csv", "study.json"] {
      #expect(try FileSystem.read("\(results)/\(table)") == FileSystem.read("\(root.path)/straight/\(table)"))
    }
    #expect(slurm.calls.count == 1, "\(slurm.calls)")
  }

  /// Out of time by the clock, without any signal: saved, requeued by the element's own id, started again in the same
  /// folder, and in the end as if it had never been interrupted.
  @Test func anElementSavesAndRequeuesItselfUntilItIsDone() throws {
    try writeLong(seeds: 2, steps: 20_000)
    #expect(try submit("--no-gather", "--time", "10").status == 0)
    try edit(71) { $0.settings.lead = 2 }
    let folder = RunFolder(results + "/Pendulum-v1/sac/seed-1")
    #expect(try slurm.start(71, element: 1, endingIn: 3).finish().status == 0)
    let first = try record(1)
    #expect(first.state == .requeued && first.deadline != nil)
    // now by Slurm's signal, which only the task gets
    let second = try slurm.start(71, element: 1)
    let before = folder.checkpoints().first ?? 0
    while (folder.checkpoints().first ?? 0) <= before, second.isRunning { usleep(10_000) }
    second.signal(SIGUSR1)
    #expect(second.finish().status == 0)
    let again = try record(1)
    #expect(again.state == .requeued && again.starts == 2)
    #expect(slurm.calls.dropFirst() == ["scontrol requeue 71_1", "scontrol requeue 71_1"])
    #expect(try Manifest(contentsOf: folder.manifest).status == .interrupted)
    #expect(try slurm.start(71, element: 1).finish().status == 0)
    let last = try record(1)
    #expect(last.state == .finished && last.starts == 3)
    #expect(try study("run", "study.yaml", "--out", "straight", "--only", "seed-1").status == 0)
    let run = "Pendulum-v1/sac/seed-1"
    #expect(reproducibleTables("\(results)/\(run)") == reproducibleTables("\(root.path)/straight/\(run)"))
  }

  /// Killed with its processes, as with a machine: the last save of the timer is there, and no farewell was needed.
  @Test func afterADeathTheLastTimedSaveIsThere() throws {
    try writeLong(steps: 200_000)
    #expect(try submit("--no-gather").status == 0)
    try edit(71) { submission in
      submission.settings.saveInterval = 1
      submission.configurations[0].settings = submission.configurations[0].settings.replacing(
        "\"checkpoint\": {\"interval\": 1000", with: "\"checkpoint\": {\"interval\": 100000000")
    }
    let task = try slurm.start(71, element: 0)
    let folder = RunFolder(results + "/Pendulum-v1/sac/seed-0")
    while (folder.checkpoints().first ?? 0) == 0, task.isRunning { usleep(20_000) }
    let children = try String(
      contentsOfFile: "/proc/\(task.identifier)/task/\(task.identifier)/children", encoding: .utf8)
    for process in children.split(separator: " ").compactMap({ pid_t($0) }) + [task.identifier] {
      kill(process, SIGKILL)
    }
    #expect(task.finish().status == 128 + SIGKILL)
    let status = try study("status", "results")
    #expect(status.output.contains("failed") && status.output.contains("ended without a word"), "\(status.output)")
    #expect(status.output.contains("log: results/jobs/1/logs/0.log"), "\(status.output)")
    #expect(try submit().output.contains("1 to submit, of which 1 failed before"))
    let saved = try #require(folder.checkpoints().first)
    #expect(saved > 0 && !saved.isMultiple(of: 1000), "\(saved)")
  }

  /// SIGTERM means that the scheduler has decided: saved, not requeued, and submitted again by the same command.
  @Test func atSigtermARunIsSavedAndNotRequeued() throws {
    try writeLong(steps: 200_000)
    #expect(try submit("--no-gather").status == 0)
    let task = try slurm.start(71, element: 0)
    let folder = RunFolder(results + "/Pendulum-v1/sac/seed-0")
    while folder.checkpoints().isEmpty, task.isRunning { usleep(20_000) }
    task.signal(SIGTERM)
    #expect(task.finish().status == 128 + SIGTERM)
    #expect(try record(0).state == .left)
    #expect(try Manifest(contentsOf: folder.manifest).status == .interrupted)
    #expect(slurm.calls.count == 1)
    #expect(try study("status", "results").output.contains("1 interrupted"))
    #expect(try submit().output.contains("1 to submit"))
  }

  @Test func requeuesAreCountedAndTheLastOneSaysWhatToDo() throws {
    try writeLong(steps: 200_000)
    #expect(try submit("--no-gather", "--time", "10", "--max-requeues", "1").status == 0)
    try edit(71) { $0.settings.lead = 2 }
    #expect(try slurm.start(71, element: 0, endingIn: 3.5).finish().status == 0)
    #expect(try slurm.start(71, element: 0, endingIn: 3.5).finish().status == 1)
    #expect(slurm.calls.filter { $0.hasPrefix("scontrol") }.count == 1)
    let status = try study("status", "results")
    #expect(status.output.contains("not finished after 1 requeues"), "\(status.output)")
    #expect(status.output.contains("--time"), "\(status.output)")
  }

  /// A failed run leaves the others alone, is named with its error and log, and only it is submitted again.
  @Test func aFailedRunIsNamedAndTheSameCommandSubmitsOnlyIt() throws {
    #expect(try submit("--no-gather").status == 0)
    try FileManager.default.createDirectory(
      atPath: results + "/Pendulum-v1/random", withIntermediateDirectories: true)
    let obstacle = results + "/Pendulum-v1/random/seed-1"
    try Data().write(to: URL(fileURLWithPath: obstacle))
    #expect(try slurm.start(71, element: 0).finish().status == 0)
    #expect(try slurm.start(71, element: 1).finish().status == 1)
    let status = try study("status", "results", "--log-lines", "3")
    #expect(status.output.contains("2 runs: 1 finished, 1 failed"), "\(status.output)")
    #expect(status.output.contains("a file has that name"), "\(status.output)")
    #expect(status.output.contains("log: results/jobs/1/logs/1.log"), "\(status.output)")
    try FileManager.default.removeItem(atPath: obstacle)
    #expect(try submit("--no-gather").output.contains("submitted 1 runs as 1 tasks of job 72"))
    #expect(try slurm.start(72, element: 0).finish().status == 0)
    #expect(try study("status", "results").output.contains("2 runs: 2 finished"))
  }

  /// Other settings are refused before anything is submitted.
  @Test func anotherConfigurationsRunIsRefused() throws {
    #expect(try submit("--no-gather").status == 0)
    #expect(try slurm.start(71, element: 0).finish().status == 0)
    try write(
      "{name: tiny, environments: [Pendulum-v1], seeds: 2, agents: {random: {steps: 300}}}")
    let refused = try submit()
    #expect(refused.status == 73 && refused.errors.contains("evaluation.interval"), "\(refused.errors)")
    #expect(slurm.calls.count == 1)
  }

  /// A program or a submission that is no more what it was is not run.
  @Test func whatHasChangedSinceTheSubmissionIsNotRun() throws {
    #expect(try submit("--no-gather").status == 0)
    try edit(71) { $0.program.checksum &+= 1 }
    let changed = try slurm.start(71, element: 0)
    #expect(changed.finish().status == 73)
    #expect(try record(0).message?.contains("the program") == true)
    var submission = try Submission(contentsOf: job.submission)
    submission.configurations[0].steps = 5
    try submission.write(to: job.submission)
    #expect(try slurm.start(71, element: 1).finish().status == 73)
    #expect(try record(1).message?.contains("submission.json has changed") == true)
    #expect(!FileManager.default.fileExists(atPath: results + "/Pendulum-v1"))
  }

  @Test func cancellingEndsTheArrayAndTheJobThatGathers() throws {
    #expect(try submit().status == 0)
    try slurm.setQueue(["0|PENDING|Priority", "1|PENDING|Priority"])
    let cancelled = try study("cancel", "results")
    #expect(cancelled.status == 0 && slurm.calls.last == "scancel 71 72", "\(slurm.calls)")
    #expect(try study("cancel", "results").output.contains("no job"))
  }

  /// More runs than the scheduler takes elements share elements.
  @Test func aLargeStudyIsStillOneArray() throws {
    try write("{name: large, environments: [Pendulum-v1], seeds: 2500, steps: 10, agents: [random]}")
    let result = try submit("--no-gather")
    #expect(result.output.contains("submitted 2500 runs as 834 tasks"), "\(result.output) \(result.errors)")
    #expect(slurm.script(71).contains("#SBATCH --array=0-833"))
    #expect(try submit("--dry-run", "--only", "seed-7").output.contains("Pendulum-v1/random/seed-7"))
  }

  /// A scheduler known by its commands alone: one job a run.
  @Test func anySchedulerByItsCommands() throws {
    let template = "echo job-{index} {time} >>\(root.path)/said; bash {script}; echo Your job id is {index}"
    let result = try Program.run(
      ["study", "submit", "study.yaml", "--command", template, "--time", "5", "--status-command", "false"],
      in: root.path)
    #expect(result.status == 0, "\(result.errors)")
    #expect(try String(contentsOfFile: root.path + "/said", encoding: .utf8) == "job-0 0:05:00\njob-1 0:05:00\n")
    #expect(job.readHandle()?.ids == ["0", "1"])
    #expect(try study("status", "results").output.contains("2 runs: 2 finished"))
  }

  /// Processes of this machine's background, of which the terminal's end takes none along.
  @Test func thisMachinesBackground() throws {
    let result = try Program.run(
      ["study", "submit", "study.yaml", "--local", "--no-gather", "--tensorboard"], in: root.path)
    #expect(result.status == 0, "\(result.errors)")
    let deadline = Date.now.addingTimeInterval(60)
    var status = ""
    while !status.contains("2 finished"), Date.now < deadline {
      usleep(100_000)
      status = try study("status", "results").output
    }
    #expect(status.contains("2 runs: 2 finished"), "\(status)")
    for entry in try StudyFolder(root.path + "/results").readList() {
      let names = try FileManager.default.contentsOfDirectory(atPath: "\(root.path)/results/\(entry.folder)")
      #expect(names.filter { $0.contains("tfevents") }.count == 1)
    }
  }
}
