internal import Archive
import Foundation

/// Slurm: a job array, whose elements requeue themselves.
public struct SlurmLauncher: Launcher {
  /// Takes the commands `sbatch`, `squeue`, `scancel` and `scontrol` from `PATH`.
  public init() {}

  public var name: String { "slurm" }

  public func mostTasks() throws -> Int? {
    let shown = try Self.call("scontrol", ["show", "config"])
    let line = shown.split(separator: "\n").first { $0.hasPrefix("MaxArraySize") }
    return line?.split(separator: "=").last.flatMap { Int($0.filter(\.isNumber)) }.map { $0 - 1 }
  }

  public func submit(_ job: Job) throws -> JobHandle {
    let settings = job.settings
    var options = ["--array=0-\(job.count - 1)" + (settings.maxParallel.map { "%\($0)" } ?? "")]
    if let seconds = settings.seconds {
      options.append("--time=\(TimeLimit.text(seconds))")
      // the own clock counts as well: the signal may come early, late or never
      options.append("--signal=B:USR1@\(settings.lead)")
    }
    options += ["--cpus-per-task=\(settings.cpus)", "--requeue", "--output=\(job.folder.path)/logs/%a.log"]
    let command = job.command.map(Tool.quoted).joined(separator: " ") + " \"$SLURM_ARRAY_TASK_ID\""
    try Self.write(job, job.folder.script, options, command)
    var handle = JobHandle(ids: [try Self.sbatch(job.folder.script)])
    if let gather = job.gather {
      let script = job.folder.path + "/gather.sh"
      let options = [
        "--dependency=afterany:\(handle.ids[0])", "--output=\(job.folder.path)/logs/gather.log", "--time=1:00:00",
      ]
      do {
        try Self.write(job, script, options, gather.map(Tool.quoted).joined(separator: " "))
        handle.gather = try Self.sbatch(script)
      } catch {
        // the runs are on their way: keep their id
        try job.folder.write(handle)
        throw error
      }
    }
    return handle
  }

  private static func write(_ job: Job, _ path: String, _ options: [String], _ command: String) throws {
    let settings = job.settings
    var options = ["--job-name=\(job.name)", "--open-mode=append"] + options
    if let partition = settings.partition { options.append("--partition=\(partition)") }
    if let account = settings.account { options.append("--account=\(account)") }
    if let memory = settings.memory { options.append("--mem=\(memory)") }
    let lines =
      ["#!/bin/bash"] + (options + settings.further).map { "#SBATCH \($0)" } + ["exec \(command)"]
    try FileSystem.replace(path, with: Array((lines.joined(separator: "\n") + "\n").utf8))
  }

  private static func sbatch(_ script: String) throws -> String {
    let said = try call("sbatch", ["--parsable", script])
    // id, perhaps followed by a semicolon and the cluster's name
    let id = said.split(whereSeparator: { $0 == ";" || $0.isNewline }).first.map(String.init) ?? ""
    guard Int(id) != nil else { throw LaunchError.refused(command: "sbatch", reason: "it answered '\(said)'") }
    return id
  }

  public func states(of handle: JobHandle, count: Int, in folder: JobFolder) throws -> [QueueState]? {
    let result = try Tool.run(
      "squeue", ["--noheader", "--array", "--states=all", "--jobs=\(handle.ids[0])", "--format=%K|%T|%r"])
    var states = [QueueState](repeating: .ended(""), count: count)
    if result.status != 0 {
      if result.status == 127 || !result.errors.contains("Invalid job id") { return nil }
      return states
    }
    for line in result.output.split(separator: "\n") {
      let parts = line.split(separator: "|", omittingEmptySubsequences: false)
      guard parts.count == 3, let task = Int(parts[0]), (0..<count).contains(task) else { continue }
      states[task] = Self.state(String(parts[1]), reason: String(parts[2]))
    }
    return states
  }

  package static func state(_ name: String, reason: String) -> QueueState {
    switch name {
    case "PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT", "CONFIGURING":
      .waiting(reason)
    case "RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING": .running
    default: .ended(name)
    }
  }

  public func cancel(_ handle: JobHandle, in folder: JobFolder) throws {
    _ = try Self.call("scancel", handle.ids + [handle.gather].compactMap { $0 })
  }

  /// The element's own id, `<array>_<task>`: that of the array alone would start all of it again.
  package static func element(_ environment: [String: String]) -> String? {
    if let array = environment["SLURM_ARRAY_JOB_ID"], let task = environment["SLURM_ARRAY_TASK_ID"] {
      return "\(array)_\(task)"
    }
    return environment["SLURM_JOB_ID"]
  }

  public func requeue(task: Int) throws -> Bool {
    guard let id = Self.element(ProcessInfo.processInfo.environment) else { return false }
    var reason = ""
    for attempt in 0..<3 {
      if attempt > 0 { sleep(2) }
      let result = try Tool.run("scontrol", ["requeue", id])
      if result.status == 0 { return true }
      reason = result.reason
    }
    throw LaunchError.refused(command: "scontrol requeue \(id)", reason: reason)
  }

  public func deadline() -> Double? {
    let environment = ProcessInfo.processInfo.environment
    if let end = environment["SLURM_JOB_END_TIME"].flatMap({ Double($0) }) { return end }
    guard let id = environment["SLURM_JOB_ID"], let left = try? Tool.run("squeue", ["-h", "-j", id, "-o", "%L"]),
      left.status == 0,
      let seconds = Self.left(left.output.trimmingCharacters(in: .whitespacesAndNewlines))
    else { return nil }
    return Date.now.timeIntervalSince1970 + Double(seconds)
  }

  /// Seconds in what `squeue` says is left, `[days-][[hours:]minutes:]seconds`.
  package static func left(_ text: String) -> Int? {
    let parts = text.split(separator: "-")
    guard let clock = parts.last, parts.count <= 2 else { return nil }
    let numbers = clock.split(separator: ":").map { Int($0) }
    guard !numbers.isEmpty, numbers.count <= 3, !numbers.contains(nil) else { return nil }
    let days = parts.count == 2 ? Int(parts[0]) : 0
    return days.map { $0 * 86_400 + numbers.compactMap { $0 }.reduce(0) { $0 * 60 + $1 } }
  }

  private static func call(_ command: String, _ arguments: [String]) throws -> String {
    let result = try Tool.run(command, arguments)
    if result.status == 127 { throw LaunchError.noScheduler(command: command) }
    guard result.status == 0 else { throw LaunchError.refused(command: command, reason: result.reason) }
    return result.output
  }
}
