internal import Archive
import Foundation
internal import Laboratory

/// Processes of this machine, some at a time, that go on when the terminal is closed.
public struct LocalLauncher: Launcher {
  /// Runs as many tasks at a time as cores allow, unless told otherwise.
  public init() {}

  public var name: String { "local" }

  public func mostTasks() -> Int? { nil }

  public func submit(_ job: Job) throws -> JobHandle {
    let atOnce = job.settings.maxParallel ?? max(1, Host.cores / job.settings.cpus)
    let task = job.command.map(Tool.quoted).joined(separator: " ")
    let logs = Tool.quoted(job.folder.path + "/logs")
    var lines = [
      "#!/bin/bash",
      "seq 0 \(job.count - 1) | xargs -P \(atOnce) -I{} bash -c '\(task.replacing("'", with: "'\\''")) {} >>"
        + "\(logs.replacing("'", with: "'\\''"))/{}.log 2>&1'",
    ]
    if let gather = job.gather {
      lines.append(gather.map(Tool.quoted).joined(separator: " ") + " >>\(logs)/gather.log 2>&1")
    }
    try FileSystem.replace(job.folder.script, with: Array((lines.joined(separator: "\n") + "\n").utf8))
    let null = open("/dev/null", O_RDWR | O_CLOEXEC)
    defer { close(null) }
    // a session of its own: neither the terminal's end nor its signals reach it
    let started = try Subprocess.start("setsid", ["bash", job.folder.script], input: null, output: null, errors: null)
    return JobHandle(ids: ["\(started) \(Self.startTime(of: started) ?? "0") \(Host.name)"])
  }

  public func states(of handle: JobHandle, count: Int, in folder: JobFolder) throws -> [QueueState]? {
    guard let process = Self.process(of: handle) else { return nil }
    let isAlive = Self.isAlive(process)
    return (0..<count).map { task in
      switch TaskRecord.read(folder.record(of: task))?.state {
      case .running where isAlive: .running
      case nil where isAlive: .waiting("Resources")
      default: .ended("")
      }
    }
  }

  public func cancel(_ handle: JobHandle, in folder: JobFolder) throws {
    guard let process = Self.process(of: handle) else {
      throw LaunchError.settings("its processes are on another machine: cancel it there")
    }
    if Self.isAlive(process) { kill(-process.identifier, SIGTERM) }
  }

  public func requeue(task: Int) -> Bool { false }

  public func deadline() -> Double? { nil }

  /// The process of a job of this machine; nil for another machine's.
  private static func process(of handle: JobHandle) -> (identifier: pid_t, start: String)? {
    let words = handle.ids.first?.split(separator: " ").map(String.init) ?? []
    guard words.count == 3, let identifier = pid_t(words[0]), words[2] == Host.name else {
      return nil
    }
    return (identifier, words[1])
  }

  private static func isAlive(_ process: (identifier: pid_t, start: String)) -> Bool {
    startTime(of: process.identifier) == process.start
  }

  /// When a process started, in ticks since the machine did; nil if there is none, or only what is left of one.
  private static func startTime(of identifier: pid_t) -> String? {
    guard let text = try? String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8),
      let name = text.lastIndex(of: ")")
    else { return nil }
    let fields = text[name...].split(separator: " ")
    return fields.count > 20 && fields[1] != "Z" ? String(fields[20]) : nil
  }
}
