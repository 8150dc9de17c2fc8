import Foundation
import Synchronization

/// The Python processes that this program has started and not yet seen the end of.
public enum WorkerProcesses {
  private static let running = Mutex<Set<pid_t>>([])

  static func add(_ process: pid_t) { running.withLock { _ = $0.insert(process) } }

  static func remove(_ process: pid_t) { running.withLock { _ = $0.remove(process) } }

  /// Ends all of them at once, whatever they are doing; for a program that is about to leave without saying goodbye.
  public static func killAll() {
    for process in running.withLock({ $0 }) { kill(process, SIGKILL) }
  }
}
