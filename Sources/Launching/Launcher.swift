/// What a launcher called the tasks that it took.
public struct JobHandle: Codable, Sendable, Equatable {
  /// An id for all tasks (an array), or one for each.
  public var ids: [String]
  /// Id of the job that gathers results when all tasks have ended.
  public var gather: String?

  /// One id, or one a task.
  public init(ids: [String], gather: String? = nil) { (self.ids, self.gather) = (ids, gather) }
}

/// A task as the scheduler sees it.
public enum QueueState: Sendable, Equatable {
  /// It waits, for that reason.
  case waiting(String)
  /// A machine is at it.
  case running
  /// It is over, as the scheduler calls that (`COMPLETED`, `NODE_FAIL`); empty where it has forgotten it.
  case ended(String)
}

/// A job for a launcher: `count` tasks, numbered from 0.
public struct Job: Sendable {
  /// Name for the scheduler's lists.
  public let name: String
  /// Its folder.
  public let folder: JobFolder
  /// Tasks.
  public let count: Int
  /// The command of a task but for its number, which follows.
  public let command: [String]
  /// A command to run when all tasks have ended; nil for none.
  public let gather: [String]?
  /// What is asked for.
  public let settings: JobSettings
}

/// Something that runs tasks: this machine, or a scheduler.
///
/// A launcher only starts commands. Which runs there are, how far they are and what failed is on disk, so that whoever
/// submits can leave, and one failure touches nothing else.
public protocol Launcher: Sendable {
  /// Name in records.
  var name: String { get }
  /// The most tasks of a job; nil for no limit.
  func mostTasks() throws -> Int?
  /// Hands the tasks over and returns at once. Throws `LaunchError` or `ArchiveError`.
  func submit(_ job: Job) throws -> JobHandle
  /// How the tasks stand; nil where the scheduler cannot be asked, so that the folders alone must tell.
  func states(of handle: JobHandle, count: Int, in folder: JobFolder) throws -> [QueueState]?
  /// Ends all tasks; their runs are saved. Throws `LaunchError`.
  func cancel(_ handle: JobHandle, in folder: JobFolder) throws
  /// Has the task that this process is started again, and ends this process if need be. False where the launcher cannot
  /// do that.
  func requeue(task: Int) throws -> Bool
  /// When the scheduler will end the task that this process is, in seconds since 1970; nil where it does not say.
  func deadline() -> Double?
}
