import Archive
import Configuration
import Experience
import Interfaces
import Kernels

/// A line on which every step leads one to the right, and rewards are twice the state: x' = x + 1, r = 2 x + a. At `poison` the
/// next state is no number.
struct Line: DynamicsModel {
  var poison: Float = .infinity
  var rows = 64
  let stateSize = 1
  let actionSize = 1

  var preferredRows: Int { rows }
  var predictsRewards: Bool { true }
  func makeRollout(capacity: Int, keeping steps: Int) -> Walk { Walk(poison: poison, capacity: capacity) }

  final class Walk: ModelRollout {
    private let poison: Float
    private var position: Vector
    private var rewards: Vector
    private(set) var count = 0
    private(set) var steps = 0

    init(poison: Float, capacity: Int) {
      self.poison = poison
      position = Vector(count: capacity)
      rewards = Vector(count: capacity)
    }

    var states: UnsafePointer<Float> { position.pointer }
    var predictedRewards: UnsafePointer<Float>? { rewards.pointer }

    func reset(_ starts: RolloutStarts, using random: RandomStream) {
      (count, steps) = (starts.count, 0)
      position.mutablePointer.update(from: starts.states, count: count)
    }

    func advance(_ actions: UnsafePointer<Float>) {
      steps += 1
      let (x, r) = (position.mutablePointer, rewards.mutablePointer)
      for row in 0..<count {
        r[row] = 2 * x[row] + actions[row]
        x[row] = x[row] == poison ? .nan : x[row] + 1
      }
    }
  }
}

/// The line as something to be fitted, which notes how much data each fit had.
struct FittedLine: LearnedDynamics {
  static let metricNames = ["line_transitions"]
  private(set) var fits: [Int] = []
  private let line = Line()

  var isFitted: Bool { !fits.isEmpty }
  var stateSize: Int { 1 }
  var actionSize: Int { 1 }
  var preferredRows: Int { line.preferredRows }
  var predictsRewards: Bool { true }
  func makeRollout(capacity: Int, keeping steps: Int) -> Line.Walk {
    line.makeRollout(capacity: capacity, keeping: steps)
  }

  mutating func fit(
    to data: some TransitionSource, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    fits.append(data.count)
    metrics.record("line_transitions", Float(data.count))
  }

  func save(to writer: inout StateWriter) { writer.write("fits", fits) }
  mutating func restore(from reader: StateReader) throws(ArchiveError) { fits = try reader.integers("fits") }
}

/// The end of the line: steps to `end` or beyond terminate. Rewards are the model's.
struct EndOfLine: Objective {
  var end: Float = .infinity
  var knowsReward: Bool { false }

  func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    for row in 0..<count {
      rewards[row] = .nan
      terminated[row] = next[row] >= end
    }
  }
}

/// Acts by gain * state, and with exploration noise on top.
struct LinearPolicy: Policy {
  final class Workspace {}
  var gains: [Float]
  let observationSize: Int
  let actionSize: Int
  var noise: Float = 0

  func makeWorkspace() -> Workspace { Workspace() }

  func act(
    count: Int, on observations: UnsafePointer<Float>, explore: Bool, using random: inout RandomStream,
    actions: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) {
    for row in 0..<count {
      for i in 0..<actionSize {
        var sum: Float = 0
        for j in 0..<observationSize { sum += gains[i * observationSize + j] * observations[row * observationSize + j] }
        actions[row * actionSize + i] = sum + (explore ? noise * random.uniform(-1, 1) : 0)
      }
    }
  }
}

extension RolloutStates {
  /// Points on the line, with replayed actions 100 more.
  static func line(_ states: [Float]) -> RolloutStates {
    var points = RolloutStates(count: states.count, observationSize: 1, actionSize: 1)
    for (row, state) in states.enumerated() {
      points.states[row, 0] = state
      points.actions[row, 0] = state + 100
    }
    return points
  }
}

extension ReplayBuffer {
  /// Everything held, oldest first.
  var all: TransitionBatch {
    var batch = TransitionBatch(count: count, observationSize: observationSize, actionSize: actionSize)
    (0..<Int32(count)).map { $0 }.withUnsafeBufferPointer { gather($0, into: &batch) }
    return batch
  }
}
