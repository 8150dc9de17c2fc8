import Synchronization

/// The Python processes that environments outside of vectors share: one for each task, started when it is first needed.
///
/// An environment is asked for its spec before it is used, by several parts of a program; that must not start Python anew
/// each time.
enum SharedWorkers {
  private struct Entry {
    let task: GymnasiumTask
    let worker: PythonWorker
    /// An environment that has been made and not used yet.
    var unused: EnvironmentGroup?
  }

  /// The most recently used last.
  private static let entries = Mutex<[Entry]>([])
  private static let capacity = 4

  /// What the worker says about the environment.
  static func description(of task: GymnasiumTask) throws(GymnasiumError) -> GroupDescription {
    try entries.withLock { entries throws(GymnasiumError) in
      let index = try place(task, in: &entries)
      if let group = entries[index].unused { return group.description }
      let group = try EnvironmentGroup(of: 1, in: entries[index].worker, renews: false)
      entries[index].unused = group
      return group.description
    }
  }

  /// An environment of its own, in the worker of its task.
  static func makeEnvironment(_ task: GymnasiumTask) throws(GymnasiumError) -> EnvironmentGroup {
    try entries.withLock { entries throws(GymnasiumError) in
      let index = try place(task, in: &entries)
      if let group = entries[index].unused {
        entries[index].unused = nil
        return group
      }
      return try EnvironmentGroup(of: 1, in: entries[index].worker, renews: false)
    }
  }

  /// Index of the entry of `task` with a worker that is alive.
  private static func place(_ task: GymnasiumTask, in entries: inout [Entry]) throws(GymnasiumError) -> Int {
    if let index = entries.firstIndex(where: { $0.task == task }) {
      let entry = entries.remove(at: index)
      if entry.worker.isAlive {
        entries.append(entry)
        return entries.count - 1
      }
    }
    entries.append(Entry(task: task, worker: try PythonWorker(for: task), unused: nil))
    if entries.count > capacity { entries.removeFirst() }
    return entries.count - 1
  }
}
