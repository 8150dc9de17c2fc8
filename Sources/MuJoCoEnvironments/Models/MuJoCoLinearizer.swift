#if MuJoCo

import Interfaces
import Kernels

/// Steps, linearizes and costs a task's steps on all threads.
public struct MuJoCoLinearizer<Task: MuJoCoTask>: CostSimulation {
  public let stateSize: Int
  public let tangentSize: Int
  public let actionSize: Int
  private let environment: MuJoCoEnvironment<Task>
  private let team: LinearizerTeam<Task>

  init(_ environment: MuJoCoEnvironment<Task>, _ dynamics: MuJoCoDynamics<Task>) {
    stateSize = dynamics.stateSize
    tangentSize = dynamics.tangentSize
    actionSize = dynamics.actionSize
    self.environment = environment
    team = LinearizerTeam(environment, states: stateSize, tangents: tangentSize, actions: actionSize)
    team.prepare()
  }

  public mutating func setState(
    _ state: UnsafeMutablePointer<Double>, fromObservation observation: UnsafePointer<Float>
  ) {
    let simulation = team.workers[0].linearizer.simulation
    simulation.reset()
    environment.task.pose(simulation.physics, from: observation)
    simulation.readPhysics(into: state)
  }

  /// Forces are those that hold at `state` without control, not the ones left over from a step.
  public mutating func observe(_ state: UnsafePointer<Double>, into observation: UnsafeMutablePointer<Double>) {
    let (simulation, task) = (team.workers[0].linearizer.simulation, environment.task)
    simulation.reset()
    simulation.writePhysics(state)
    simulation.forward()
    if task.readsContactForces { simulation.computeContactForces() }
    task.observe(simulation.physics, before: task.mark(simulation.physics), into: observation)
  }

  public mutating func step(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, next: UnsafeMutablePointer<Double>
  ) {
    team.run(.step(next), count, states, actions)
  }

  public mutating func linearize(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>,
    stateJacobians: UnsafeMutablePointer<Double>, actionJacobians: UnsafeMutablePointer<Double>
  ) {
    team.linearize(count, states, actions)
    team.copyLinearization(count, stateJacobians, actionJacobians)
  }

  public mutating func evaluateCosts(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, costs: UnsafeMutablePointer<Double>
  ) {
    team.run(.cost(costs), count, states, actions)
  }

  public mutating func quadratize(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, into costs: inout QuadraticCosts
  ) {
    precondition(count <= costs.count, "\(count) steps in an expansion for \(costs.count)")
    precondition(costs.tangentSize == tangentSize && costs.actionSize == actionSize, "an expansion of other costs")
    team.linearize(count, states, actions)
    costs.withUnsafePointers { team.run(.expand($0), count, states, actions) }
  }
}

/// One worker a thread, the rows that they share, and the last linearization: `quadratize` and `linearize` are asked for the
/// same trajectory one after the other, and both need it.
final class LinearizerTeam<Task: MuJoCoTask>: @unchecked Sendable {
  // Sendable: one caller at a time, and in a call every thread has a worker of its own.

  /// What is wanted of every row, and where it goes.
  enum Job {
    case none
    case step(UnsafeMutablePointer<Double>)
    case linearize
    case cost(UnsafeMutablePointer<Double>)
    case expand(QuadraticCosts.Pointers)
  }

  private(set) var workers: [CostWorker<Task>] = []
  private let environment: MuJoCoEnvironment<Task>
  private let sizes: (state: Int, tangent: Int, action: Int)
  private var job = Job.none
  private var states: UnsafePointer<Double>?
  private var actions: UnsafePointer<Double>?

  /// Rows linearized last, at these states and actions.
  private var known = 0
  private var knownStates: [Double] = []
  private var knownActions: [Double] = []
  private var a = UnsafeMutableBufferPointer<Double>.allocate(capacity: 0)
  private var b = UnsafeMutableBufferPointer<Double>.allocate(capacity: 0)

  init(_ environment: MuJoCoEnvironment<Task>, states: Int, tangents: Int, actions: Int) {
    self.environment = environment
    sizes = (states, tangents, actions)
  }

  deinit {
    a.deallocate()
    b.deallocate()
  }

  /// Makes a worker for each thread there is now.
  func prepare() {
    while workers.count < WorkerPool.threads {
      let linearizer = LinearizerWorker(
        environment.makeSimulation(), frameSkip: environment.frameSkip, bounds: environment.model.exactControlBounds)
      workers.append(CostWorker(environment.task, linearizer, frameSkip: environment.frameSkip))
    }
  }

  func run(_ job: Job, _ count: Int, _ states: UnsafePointer<Double>, _ actions: UnsafePointer<Double>) {
    prepare()
    (self.job, self.states, self.actions) = (job, states, actions)
    WorkerPool.run(shards: count, Rows(team: Unmanaged.passUnretained(self)))
  }

  /// Linearizes the rows unless that was done last.
  func linearize(_ count: Int, _ states: UnsafePointer<Double>, _ actions: UnsafePointer<Double>) {
    if count <= known, isEqual(knownStates, states, count * sizes.state),
      isEqual(knownActions, actions, count * sizes.action)
    {
      return
    }
    if a.count < count * sizes.tangent * sizes.tangent {
      knownStates = Array(repeating: 0, count: count * sizes.state)
      knownActions = Array(repeating: 0, count: count * sizes.action)
      a.deallocate()
      b.deallocate()
      a = .allocate(capacity: count * sizes.tangent * sizes.tangent)
      b = .allocate(capacity: count * sizes.tangent * sizes.action)
      a.initialize(repeating: 0)
      b.initialize(repeating: 0)
    }
    run(.linearize, count, states, actions)
    for index in 0..<count * sizes.state { knownStates[index] = states[index] }
    for index in 0..<count * sizes.action { knownActions[index] = actions[index] }
    known = count
  }

  /// Copies the first rows of the last linearization.
  func copyLinearization(_ count: Int, _ a: UnsafeMutablePointer<Double>, _ b: UnsafeMutablePointer<Double>) {
    for index in 0..<count * sizes.tangent * sizes.tangent { a[index] = self.a[index] }
    for index in 0..<count * sizes.tangent * sizes.action { b[index] = self.b[index] }
  }

  private func isEqual(_ known: [Double], _ numbers: UnsafePointer<Double>, _ count: Int) -> Bool {
    for index in 0..<count where known[index].bitPattern != numbers[index].bitPattern { return false }
    return true
  }

  private func run(row: Int, worker: CostWorker<Task>) {
    guard let states, let actions else { return }
    let (a, b) = (a.baseAddress, b.baseAddress)
    let (state, action) = (states + row * sizes.state, actions + row * sizes.action)
    let (rowA, rowB) = (row * sizes.tangent * sizes.tangent, row * sizes.tangent * sizes.action)
    switch job {
    case .none: return
    case .step(let next): worker.linearizer.step(state, action, next: next + row * sizes.state)
    case .linearize:
      if let a, let b { worker.linearizer.linearize(state, action, a: a + rowA, b: b + rowB) }
    case .cost(let costs): costs[row] = worker.cost(state, action)
    case .expand(let target):
      if let a, let b { worker.expand(state, action, a: a + rowA, b: b + rowB, into: target, row: row) }
    }
  }

  private struct Rows: ShardedWork {
    let team: Unmanaged<LinearizerTeam>
    func run(shard: Int, worker: Int) {
      team._withUnsafeGuaranteedRef { $0.run(row: shard, worker: $0.workers[worker]) }
    }
  }
}

#endif
