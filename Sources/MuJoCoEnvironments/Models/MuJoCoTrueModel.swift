#if MuJoCo

import Interfaces
import Kernels

/// The task itself as a dynamics model: planning in it separates what a planner can do from what a learned model knows.
///
/// Rollouts start at observations. What these leave out is set as `MuJoCoTask.pose` says: a position that neither dynamics
/// nor rewards depend on becomes 0, and forces follow from the rest. Three things are lost that the environment keeps: the
/// rounding to single precision, the solver's warm start (its answer then differs within its tolerance, about 1e-8), and
/// velocities beyond the bounds that some tasks clip them to. From there on rollouts keep the whole state and follow the
/// task exactly. Rewards and terminations are the task's own; a simulation that diverges goes on as NaN.
public struct MuJoCoTrueModel<Task: MuJoCoTask>: DynamicsModel {
  private let environment: MuJoCoEnvironment<Task>

  /// A model of `environment`, whose own episode plays no part.
  public init(_ environment: MuJoCoEnvironment<Task>) { self.environment = environment }

  /// Floats per observation.
  public var stateSize: Int { environment.spec.observationSize }
  /// Floats per action.
  public var actionSize: Int { environment.spec.action.size }

  /// Few: steps are long, so that small shards share the work among threads evenly.
  public var preferredRows: Int { 8 }

  public var predictsRewards: Bool { true }

  /// Room for `capacity` states, which take turns in one simulation.
  public func makeRollout(capacity: Int, keeping steps: Int) -> MuJoCoTrueRollout<Task> {
    precondition(steps == 0, "the steps of MuJoCo tasks have no gradients")
    return MuJoCoTrueRollout(environment, capacity: capacity)
  }
}

/// Simulated worlds that advance together in a task's true dynamics.
public struct MuJoCoTrueRollout<Task: MuJoCoTask>: ModelRollout {
  private let task: Task
  private let frameSkip: Int
  private let low: [Float]
  private let high: [Float]
  private let simulation: Simulation
  /// The whole state of every world, [capacity, stateSize].
  private var worlds: [Double]
  private let worldSize: Int
  private var marks: [Double]
  private var hasDiverged: [Bool]
  private var observations: Matrix
  private var rewards: Vector
  private let terminated: FixedBuffer<Bool>
  /// Worlds in use.
  public private(set) var count = 0
  public private(set) var steps = 0

  init(_ environment: MuJoCoEnvironment<Task>, capacity: Int) {
    task = environment.task
    frameSkip = environment.frameSkip
    (low, high) = (environment.low, environment.high)
    simulation = environment.makeSimulation()
    worldSize = simulation.stateSize
    worlds = Array(repeating: 0, count: capacity * worldSize)
    marks = Array(repeating: 0, count: capacity)
    hasDiverged = Array(repeating: false, count: capacity)
    observations = Matrix(rows: capacity, columns: task.observationSize)
    rewards = Vector(count: capacity)
    terminated = FixedBuffer(false, count: capacity)
  }

  /// Observations of all worlds [N, D].
  public var states: UnsafePointer<Float> { observations.pointer }

  /// The task's rewards of the last step [N].
  public var predictedRewards: UnsafePointer<Float>? { rewards.pointer }

  /// Whether the task terminated in the last step [N].
  public var predictedTerminations: UnsafePointer<Bool>? { UnsafePointer(terminated.pointer) }

  /// Starts at `states`, which must be observations of the task. The dynamics are deterministic: particles and `random`
  /// change nothing. Equal neighbors cost one evaluation of the dynamics together.
  public mutating func reset(_ starts: RolloutStarts, using random: RandomStream) {
    precondition(starts.count <= marks.count, "\(starts.count) states in a rollout for \(marks.count)")
    count = starts.count
    steps = 0
    let (size, states) = (task.observationSize, starts.states)
    observations.mutablePointer.update(from: states, count: count * size)
    for row in 0..<count {
      let observation = states + row * size
      hasDiverged[row] = false
      if row > 0,
        UnsafeBufferPointer(start: observation, count: size).elementsEqual(
          UnsafeBufferPointer(start: observation - size, count: size))
      {
        for index in 0..<worldSize { worlds[row * worldSize + index] = worlds[(row - 1) * worldSize + index] }
        marks[row] = marks[row - 1]
        continue
      }
      simulation.reset()
      task.pose(simulation.physics, from: observation)
      simulation.forward()
      marks[row] = task.mark(simulation.physics)
      keep(row)
    }
  }

  /// Advances all worlds by one step.
  public mutating func advance(_ actions: UnsafePointer<Float>) {
    for row in 0..<count where !hasDiverged[row] {
      hasDiverged[row] = !take(actions + row * low.count)
      if !hasDiverged[row] { step(row) }
      if hasDiverged[row] { lose(row) }
    }
    steps += 1
  }

  private mutating func step(_ row: Int) {
    worlds.withUnsafeBufferPointer { [simulation, worldSize] buffer in
      if let base = buffer.baseAddress { simulation.write(base + row * worldSize) }
    }
    simulation.step(
      frames: frameSkip, contactForces: task.readsContactForces, refreshing: Task.refreshesDerived)
    guard !simulation.hasDiverged else {
      hasDiverged[row] = true
      return
    }
    let physics = simulation.physics
    let (before, after) = (marks[row], task.mark(physics))
    let score = task.score(physics, before: before, after: after, action: simulation.action)
    rewards[row] = Float(score.reward)
    terminated.pointer[row] = score.terminated
    marks[row] = after
    task.observe(physics, before: before, into: simulation.observation)
    let target = observations.mutablePointer + row * task.observationSize
    for index in 0..<task.observationSize { target[index] = Float(simulation.observation[index]) }
    keep(row)
  }

  private mutating func keep(_ row: Int) {
    worlds.withUnsafeMutableBufferPointer { [simulation, worldSize] buffer in
      if let base = buffer.baseAddress { simulation.read(into: base + row * worldSize) }
    }
  }

  /// Clips an action to the bounds; false if it is not a number.
  private func take(_ action: UnsafePointer<Float>) -> Bool {
    for index in low.indices {
      guard !action[index].isNaN else { return false }
      simulation.action[index] = Double(min(max(action[index], low[index]), high[index]))
    }
    return true
  }

  private mutating func lose(_ row: Int) {
    simulation.reset()
    rewards[row] = .nan
    terminated.pointer[row] = false
    (observations.mutablePointer + row * task.observationSize).update(repeating: .nan, count: task.observationSize)
  }
}

#endif
