import Interfaces
import Kernels

/// States of a rollout's rows, N of at most `capacity`, after each of its steps: [kept steps + 1, capacity, D], or the
/// present ones alone, [capacity, D], where no steps are kept for derivatives. Does not allocate after `init`.
struct RolloutStates {
  let capacity: Int
  /// Floats of a state, D.
  let size: Int
  /// Most steps of a rollout, all of which are kept; 0 keeps none and limits none.
  let keptSteps: Int
  /// Rows since the last `begin`, N.
  private(set) var count = 0
  /// Steps since the last `begin`.
  private(set) var steps = 0
  private var values: Vector

  /// Room for `capacity` rows of `size` floats.
  init(capacity: Int, size: Int, keptSteps: Int) {
    (self.capacity, self.size, self.keptSteps) = (capacity, size, keptSteps)
    values = Vector(count: (keptSteps + 1) * capacity * size)
  }

  /// The present states, [N, D].
  var present: UnsafePointer<Float> { values.pointer + place(of: steps) }

  /// Those after `step` steps, [N, D], of a rollout that keeps them.
  func after(_ step: Int) -> UnsafePointer<Float> {
    precondition(keptSteps > 0 && step >= 0 && step <= steps, "step \(step) of \(steps), \(keptSteps) kept")
    return values.pointer + place(of: step)
  }

  /// Starts a rollout.
  mutating func begin(_ starts: RolloutStarts) {
    precondition(starts.count <= capacity, "\(starts.count) rows in a rollout of \(capacity)")
    (count, steps) = (starts.count, 0)
    values.mutablePointer.update(from: starts.states, count: count * size)
  }

  /// The present states and where the next ones belong, [N, D] both: one place where none are kept.
  mutating func next() -> (before: UnsafeMutablePointer<Float>, after: UnsafeMutablePointer<Float>) {
    precondition(keptSteps == 0 || steps < keptSteps, "step \(steps + 1) of a rollout that keeps \(keptSteps)")
    let base = values.mutablePointer
    return (base + place(of: steps), base + place(of: steps + 1))
  }

  /// The next states are there.
  mutating func finishStep() { steps += 1 }

  /// First element of the states after `step` steps.
  private func place(of step: Int) -> Int { keptSteps > 0 ? step * capacity * size : 0 }
}
