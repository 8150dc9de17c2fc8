import Interfaces
import Kernels

/// How much the members of a world may disagree on a step.
public struct DisagreementLimit: Sendable {
  /// Largest root mean square over components of the standard deviation of the members' expected next states, each
  /// component in units of its scale.
  public let spread: Float
  /// Scales, [D] > 0.
  public let scale: [Float]

  /// A limit in units of `scale` [D].
  public init(spread: Float, scale: [Float]) {
    precondition(scale.allSatisfy { $0 > 0 }, "scales \(scale)")
    (self.spread, self.scale) = (spread, scale)
  }
}

/// How much members of a world disagree on imagined steps: each member predicts the step again at its expectation. Serves one
/// thread.
final class MemberSpread<Rollout: WorldRollout> {
  private var members: [Rollout]
  private let inverse: [Float]
  private var means: Vector
  private var squares: Vector
  private var spreads: Vector
  private let times: FixedBuffer<Int>

  init(_ members: [Rollout], _ limit: DisagreementLimit, _ rows: Int) {
    self.members = members
    inverse = limit.scale.map { 1 / $0 }
    means = Vector(count: rows * limit.scale.count)
    squares = Vector(count: rows * limit.scale.count)
    spreads = Vector(count: rows)
    times = FixedBuffer(0, count: rows)
  }

  /// The spread of each of `count` rows of `step`, the `after`th of trajectories that began at `starts`; valid until the next
  /// call. Does not allocate.
  func measure(
    _ step: PredictedStep, count: Int, times starts: UnsafePointer<Int>?, after: Int
  ) -> UnsafePointer<Float> {
    let (size, elements) = (inverse.count, count * inverse.count)
    let (mean, square, spread) = (means.mutablePointer, squares.mutablePointer, spreads.mutablePointer)
    mean.update(repeating: 0, count: elements)
    square.update(repeating: 0, count: elements)
    if let starts { for row in 0..<count { times.pointer[row] = starts[row] + after } }
    let rolled = RolloutStarts(
      count: count, states: step.states, times: starts == nil ? nil : UnsafePointer(times.pointer))
    for index in members.indices {
      members[index].reset(rolled, using: RandomStream(seed: 0))
      let next = members[index].step(step.actions).next
      // Welford's update: means and sums of squared gaps
      let share = 1 / Float(index + 1)
      for i in 0..<elements {
        let gap = next[i] - mean[i]
        mean[i] += gap * share
        square[i] += gap * (next[i] - mean[i])
      }
    }
    let share = 1 / Float(members.count * size)
    for row in 0..<count {
      var sum: Float = 0
      for i in 0..<size { sum += square[row * size + i] * inverse[i] * inverse[i] }
      spread[row] = (sum * share).squareRoot()
    }
    return UnsafePointer(spread)
  }
}
