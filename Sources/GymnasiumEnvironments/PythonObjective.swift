public import Interfaces
import Synchronization

/// Rewards and terminations of imagined steps as a Python environment tells them in batches, by its functions `rewards` and
/// `terminations`: scored in a process of its own, which is started when it is first needed.
///
/// What goes wrong there cannot be thrown from where plans are scored: the steps of the batch get NaN, and the next step of
/// an environment of the same task throws it.
public final class PythonObjective: Objective {
  public let knowsReward: Bool
  public let knowsTermination: Bool
  private let task: GymnasiumTask
  private let group = Mutex<EnvironmentGroup?>(nil)
  /// Steps that travel at once.
  private let batch: Int
  private let sizes: (state: Int, action: Int)

  /// What `task` tells of its steps, by its worker's description; nil if nothing.
  init?(_ task: GymnasiumTask, _ description: GroupDescription) {
    guard description.known.rewards || description.known.terminations, description.spec.imageShape == nil else {
      return nil
    }
    self.task = task
    knowsReward = description.known.rewards
    knowsTermination = description.known.terminations
    sizes = (description.spec.observationSize, description.spec.action.size)
    batch = max(1, min(4096, (1 << 20) / (2 * sizes.state + sizes.action)))
  }

  public func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    group.withLock { group in
      do throws(GymnasiumError) {
        let own: EnvironmentGroup
        if let made = group, made.worker.isAlive {
          own = made
        } else {
          own = try EnvironmentGroup(of: 1, in: PythonWorker(for: task), renews: false, scores: batch)
          group = own
        }
        for first in stride(from: 0, to: count, by: batch) {
          try own.score(
            min(batch, count - first), states: states + first * sizes.state, actions: actions + first * sizes.action,
            next: next + first * sizes.state, rewards: rewards + first, terminated: terminated + first)
        }
      } catch {
        ObjectiveFailures.add(error, of: task)
        rewards.update(repeating: .nan, count: count)
        terminated.update(repeating: false, count: count)
      }
    }
  }
}

/// What has gone wrong where steps were scored, until an environment of the same task is stepped.
enum ObjectiveFailures {
  private static let hasSome = Atomic<Bool>(false)
  private static let failures = Mutex<[GymnasiumTask: GymnasiumError]>([:])

  static func add(_ error: GymnasiumError, of task: GymnasiumTask) {
    failures.withLock { if $0[task] == nil { $0[task] = error } }
    hasSome.store(true, ordering: .releasing)
  }

  /// Throws the first failure of `task` since the last call, and forgets it.
  static func throwNext(of task: GymnasiumTask) throws(GymnasiumError) {
    guard hasSome.load(ordering: .acquiring) else { return }
    let failure = failures.withLock { failures in
      defer { hasSome.store(!failures.isEmpty, ordering: .releasing) }
      return failures.removeValue(forKey: task)
    }
    if let failure { throw failure }
  }
}
