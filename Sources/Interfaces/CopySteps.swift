import Kernels

/// One step of N copies of an environment, structure of arrays: owned by whoever steps them and reused from step to
/// step.
public struct CopySteps {
  /// Number of copies, N.
  public let count: Int
  /// Observations to act on, [N, D].
  public var observations: Matrix
  /// Actions, [N, A], in the environment's units.
  public var actions: Matrix
  /// Rewards of the step, [N].
  public var rewards: Vector
  /// Whether and why each copy's episode ended with the step, [N].
  public var endings: [Ending]
  /// Observations after the step, [N, D]; where an episode ended its last one, never the first one of the next.
  public var next: Matrix
  /// Steps between the start of each copy's episode and the observation, [N].
  public var times: [Int]
  /// Rows to act on, [N]. Collected steps are always of all copies; in an evaluation a row whose episodes are over
  /// rests.
  public var isActive: [Bool]
  /// Scratch, shared by copies of this value.
  let row: StepRow

  /// Zeros for `count` copies of an environment with those sizes, all active.
  public init(count: Int, observationSize: Int, actionSize: Int) {
    precondition(count > 0, "\(count) copies")
    self.count = count
    observations = Matrix(rows: count, columns: observationSize)
    actions = Matrix(rows: count, columns: actionSize)
    rewards = Vector(count: count)
    endings = Array(repeating: .none, count: count)
    next = Matrix(rows: count, columns: observationSize)
    times = Array(repeating: 0, count: count)
    isActive = Array(repeating: true, count: count)
    row = StepRow(observationSize: observationSize, actionSize: actionSize)
  }

  /// Zeros for `count` copies of an environment of `spec`, all active.
  public init(count: Int, spec: EnvironmentSpec) {
    self.init(count: count, observationSize: spec.observationSize, actionSize: spec.action.size)
  }

  /// Overwrites this step with the contents of `other`, one of as many copies and of the same sizes. Does not allocate.
  public mutating func copy(from other: CopySteps) {
    precondition(count == other.count, "steps of \(other.count) copies")
    observations.mutablePointer.update(from: other.observations.pointer, count: observations.count)
    actions.mutablePointer.update(from: other.actions.pointer, count: actions.count)
    rewards.copy(from: other.rewards)
    next.mutablePointer.update(from: other.next.pointer, count: next.count)
    for index in 0..<count {
      endings[index] = other.endings[index]
      times[index] = other.times[index]
      isActive[index] = other.isActive[index]
    }
  }

  /// Reward and ending of copy `index`.
  public func outcome(_ index: Int) -> StepOutcome { StepOutcome(reward: rewards[index], ending: endings[index]) }
}

/// One row of a step as arrays.
final class StepRow {
  var observation: [Float]
  var action: [Float]
  var next: [Float]

  init(observationSize: Int, actionSize: Int) {
    observation = Array(repeating: 0, count: observationSize)
    action = Array(repeating: 0, count: actionSize)
    next = observation
  }

  /// Copies row `index` of `matrix` to `target`.
  static func copy(_ index: Int, of matrix: Matrix, to target: inout [Float]) {
    let size = target.count
    target.withUnsafeMutableBufferPointer { target in
      target.baseAddress?.update(from: matrix.pointer + index * size, count: size)
    }
  }
}
