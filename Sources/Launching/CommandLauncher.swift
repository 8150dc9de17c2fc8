internal import Archive
import Foundation

/// Any scheduler, by the command that submits to it, such as `qsub -l walltime={time},ncpus={cpus} {script}`.
///
/// In the template `{script}` is the script to submit, and `{name}`, `{time}` (`h:mm:ss`), `{seconds}`, `{cpus}`,
/// `{memory}`, `{partition}`, `{account}`, `{log}`, `{index}` and `{last}` stand for what they say. With
/// `indexVariable`, the template is an array's: it is run once for all tasks, `0` to `{last}`, each of which finds its
/// number in that variable of its environment. Without, it is run once a task. The last word that the command says is
/// the job's id.
public struct CommandLauncher: Launcher {
  /// The command that submits.
  public let template: String
  /// Variable with a task's number; nil for a job a task.
  public let indexVariable: String?
  /// The command that says by its exit status 0 that job `{id}` is waiting or running; nil if there is none.
  public let statusTemplate: String?
  /// The command that ends job `{id}`; nil if there is none.
  public let cancelTemplate: String?

  /// Throws `LaunchError.settings` for a template without `{script}`.
  public init(
    template: String, indexVariable: String? = nil, statusTemplate: String? = nil, cancelTemplate: String? = nil
  ) throws(LaunchError) {
    guard template.contains("{script}") else {
      throw .settings("--command '\(template)': it has no {script}, the file to submit")
    }
    self.template = template
    self.indexVariable = indexVariable
    self.statusTemplate = statusTemplate
    self.cancelTemplate = cancelTemplate
  }

  public var name: String { "command" }

  public func mostTasks() -> Int? { nil }

  public func submit(_ job: Job) throws -> JobHandle {
    let task = job.command.map(Tool.quoted).joined(separator: " ")
    if let indexVariable {
      // logs are named in the script: schedulers differ in how they name them
      try write(job.folder.script, task + " \"$\(indexVariable)\" >>\(log(job, "\"$\(indexVariable)\""))")
      return JobHandle(ids: [try run(job, job.folder.script, index: 0)])
    }
    let ids = try (0..<job.count).map { index in
      let script = "\(job.folder.path)/task-\(index).sh"
      try write(script, task + " \(index) >>\(log(job, "\(index)"))")
      return try run(job, script, index: index)
    }
    return JobHandle(ids: ids)
  }

  private func log(_ job: Job, _ index: String) -> String {
    Tool.quoted(job.folder.path + "/logs/") + "\(index).log 2>&1"
  }

  private func write(_ path: String, _ line: String) throws {
    try FileSystem.replace(path, with: Array("#!/bin/bash\nexec \(line)\n".utf8))
    chmod(path, 0o755)
  }

  private func run(_ job: Job, _ script: String, index: Int) throws -> String {
    let settings = job.settings
    let values = [
      ("script", script), ("name", job.name), ("time", settings.seconds.map(TimeLimit.text) ?? ""),
      ("seconds", settings.seconds.map(String.init) ?? ""), ("cpus", "\(settings.cpus)"),
      ("memory", settings.memory ?? ""), ("partition", settings.partition ?? ""), ("account", settings.account ?? ""),
      ("log", "\(job.folder.path)/logs/\(index).log"), ("index", "\(index)"), ("last", "\(job.count - 1)"),
    ]
    let result = try Tool.run("/bin/sh", ["-c", Self.filled(template, values)])
    guard result.status == 0 else { throw LaunchError.refused(command: template, reason: result.reason) }
    return result.output.split(whereSeparator: \.isWhitespace).last.map(String.init) ?? ""
  }

  package static func filled(_ template: String, _ values: [(String, String)]) -> String {
    values.reduce(template) { $0.replacing("{\($1.0)}", with: Tool.quoted($1.1)) }
  }

  public func states(of handle: JobHandle, count: Int, in folder: JobFolder) throws -> [QueueState]? {
    guard let statusTemplate else { return nil }
    let answers = try handle.ids.map { id in
      try Tool.run("/bin/sh", ["-c", Self.filled(statusTemplate, [("id", id)])]).status == 0
    }
    return (0..<count).map { task in
      guard answers.count == 1 ? answers[0] : answers[task] else { return .ended("") }
      return switch TaskRecord.read(folder.record(of: task))?.state {
      case .running: .running
      case nil, .requeued: .waiting("")
      default: .ended("")
      }
    }
  }

  public func cancel(_ handle: JobHandle, in folder: JobFolder) throws {
    guard let cancelTemplate else {
      throw LaunchError.settings("how to cancel is not known: give --cancel-command when submitting, with {id}")
    }
    for id in handle.ids {
      let result = try Tool.run("/bin/sh", ["-c", Self.filled(cancelTemplate, [("id", id)])])
      guard result.status == 0 else { throw LaunchError.refused(command: cancelTemplate, reason: result.reason) }
    }
  }

  public func requeue(task: Int) -> Bool { false }

  public func deadline() -> Double? { nil }
}
