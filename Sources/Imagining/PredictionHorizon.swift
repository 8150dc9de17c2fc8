public import Experience
public import Interfaces
import Kernels

/// How far a world's predictions can be followed, by what really happened.
public enum PredictionHorizon {
  /// What was measured.
  public struct Measurement: Sendable, Equatable {
    /// Root mean square error of the states after 1, 2, ... steps, each component in units of its `scale`; shorter than asked
    /// where no real trajectory goes on so long.
    public var errors: [Float]

    /// The most steps in a row, from the first on, whose error is at most `limit`; at least 1.
    public func steps(within limit: Float) -> Int { max(1, errors.prefix { $0 <= limit }.count) }
  }

  /// Follows the real actions from each of the `newest` transitions of `replay` for at most `steps` steps at the world's
  /// expectation, and compares with the states that followed in reality, as long as the trajectory goes on. `scale` [D] > 0.
  /// Measured on transitions that the world was not fitted to, before it is, this says what the next rollouts may expect.
  /// O(newest * steps) predictions; allocates.
  public static func measure<W: World>(
    _ world: W, on replay: ReplayBuffer, newest: Int, steps: Int, scale: [Float]
  ) -> Measurement {
    precondition(scale.count == world.stateSize && steps > 0, "scales of \(scale.count) components")
    let rows = min(newest, replay.count)
    guard rows > 0 else { return Measurement(errors: []) }
    let (size, first) = (world.stateSize, replay.count - rows)
    var batch = TransitionBatch(
      count: rows, observationSize: size, actionSize: world.actionSize, keepsTimes: world.isTimed)
    var rollout = world.expectation.makeRollout(capacity: rows, keeping: 0)
    var (goesOn, before, errors) = ([Bool](repeating: true, count: rows), [Float](), [Float]())
    for t in 0..<steps {
      (0..<rows).map { Int32(min(first + $0 + t, replay.count - 1)) }
        .withUnsafeBufferPointer { replay.gather($0, into: &batch) }
      for row in 0..<rows where goesOn[row] {
        goesOn[row] =
          first + row + t < replay.count
          && (t == 0 || (0..<size).allSatisfy { before[row * size + $0] == batch.observations[row, $0] })
      }
      guard goesOn.contains(true) else { break }
      if t == 0 {
        let times = batch.times.isEmpty ? nil : batch.times
        start(&rollout, at: batch.observations, times)
      }
      let step = rollout.step(batch.actions.pointer)
      var (sum, count) = (0.0, 0)
      for row in 0..<rows where goesOn[row] {
        count += size
        for i in 0..<size {
          let gap = Double((step.next[row * size + i] - batch.nextObservations[row, i]) / scale[i])
          sum += gap * gap
        }
        // the buffer's next row is another episode's after the end of one
        if batch.continues[row] == 0 { goesOn[row] = false }
      }
      errors.append(Float((sum / Double(count)).squareRoot()))
      before = batch.nextObservations.elements
    }
    return Measurement(errors: errors)
  }

  private static func start(_ rollout: inout some WorldRollout, at states: Matrix, _ times: [Int]?) {
    withExtendedLifetime(states) {
      if let times {
        times.withUnsafeBufferPointer {
          rollout.reset(
            RolloutStarts(count: states.rows, states: states.pointer, times: $0.baseAddress),
            using: RandomStream(seed: 0))
        }
      } else {
        rollout.reset(RolloutStarts(count: states.rows, states: states.pointer), using: RandomStream(seed: 0))
      }
    }
  }
}
