#if MuJoCo

import Interfaces
import Kernels

/// A task's dynamics on physical states, with derivatives by finite differences.
///
/// A state is positions, velocities and actuator activations (nq + nv + na numbers); a change of it has 2 nv + na numbers,
/// fewer where a rotation is a quaternion. The successor is a pure function of state and action: the constraint solver
/// starts cold, so that it agrees with the environment, which starts it warm, within the solver's tolerance.
///
/// Derivatives are centered differences of 1e-6. They are MuJoCo's `mjd_transitionFD`, chained over the integration steps
/// of an action, where the model's integrator allows it (`HalfCheetah`); of models integrated with Runge-Kutta, which it
/// does not take, they are differences of whole steps. Across a contact that begins or ends they mean little. Linearizing
/// one step costs about 2 (2 nv + na + nu) `frameSkip` integration steps.
public struct MuJoCoDynamics<Task: MuJoCoTask>: DifferentiableDynamics {
  private let environment: MuJoCoEnvironment<Task>

  /// The dynamics of `environment`, whose own episode plays no part; nil for tasks whose observations do not show the
  /// state (`Pusher`).
  public init?(_ environment: MuJoCoEnvironment<Task>) {
    guard environment.task.observesState else { return nil }
    self.environment = environment
  }

  private var model: MuJoCoModel { environment.model }

  public var stateSize: Int { model.positionSize + model.velocitySize + model.activationSize }
  public var tangentSize: Int { 2 * model.velocitySize + model.activationSize }
  public var actionSize: Int { model.controlSize }
  public var observationSize: Int { environment.spec.observationSize }
  public var actionBounds: (low: [Double], high: [Double]) { model.exactControlBounds }

  public func makeSimulation() -> MuJoCoLinearizer<Task> { MuJoCoLinearizer(environment, self) }

  public func difference(
    from origin: UnsafePointer<Double>, to target: UnsafePointer<Double>, into change: UnsafeMutablePointer<Double>
  ) {
    model.difference(from: origin, to: target, into: change)
  }
}

/// Steps and linearizes on all threads.
public struct MuJoCoLinearizer<Task: MuJoCoTask>: DifferentiableSimulation {
  public let stateSize: Int
  public let tangentSize: Int
  public let actionSize: Int
  private let environment: MuJoCoEnvironment<Task>
  private let team: LinearizerTeam

  init(_ environment: MuJoCoEnvironment<Task>, _ dynamics: MuJoCoDynamics<Task>) {
    stateSize = dynamics.stateSize
    tangentSize = dynamics.tangentSize
    actionSize = dynamics.actionSize
    self.environment = environment
    team = LinearizerTeam(frameSkip: environment.frameSkip, model: environment.model) { environment.makeSimulation() }
    team.prepare()
  }

  public mutating func setState(
    _ state: UnsafeMutablePointer<Double>, fromObservation observation: UnsafePointer<Float>
  ) {
    let simulation = team.workers[0].simulation
    simulation.reset()
    environment.task.pose(simulation.physics, from: observation)
    simulation.readPhysics(into: state)
  }

  /// Forces are those that hold at `state` without control, not the ones left over from a step.
  public mutating func observe(_ state: UnsafePointer<Double>, into observation: UnsafeMutablePointer<Double>) {
    let (simulation, task) = (team.workers[0].simulation, environment.task)
    simulation.reset()
    simulation.writePhysics(state)
    simulation.forward()
    if task.readsContactForces { simulation.computeContactForces() }
    task.observe(simulation.physics, before: task.mark(simulation.physics), into: observation)
  }

  public mutating func step(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, next: UnsafeMutablePointer<Double>
  ) {
    team.job = .step(states: states, actions: actions, next: next)
    team.run(count)
  }

  public mutating func linearize(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>,
    stateJacobians: UnsafeMutablePointer<Double>, actionJacobians: UnsafeMutablePointer<Double>
  ) {
    team.job = .linearize(states: states, actions: actions, a: stateJacobians, b: actionJacobians)
    team.run(count)
  }
}

/// One simulation a thread, and the rows that they share.
final class LinearizerTeam: @unchecked Sendable {
  // Sendable: one caller at a time, and in a call every thread has a worker of its own.
  enum Job {
    case none
    case step(states: UnsafePointer<Double>, actions: UnsafePointer<Double>, next: UnsafeMutablePointer<Double>)
    case linearize(
      states: UnsafePointer<Double>, actions: UnsafePointer<Double>, a: UnsafeMutablePointer<Double>,
      b: UnsafeMutablePointer<Double>)
  }

  var job = Job.none
  private(set) var workers: [LinearizerWorker] = []
  private let frameSkip: Int
  private let model: MuJoCoModel
  private let make: () -> Simulation

  init(frameSkip: Int, model: MuJoCoModel, make: @escaping () -> Simulation) {
    self.frameSkip = frameSkip
    self.model = model
    self.make = make
  }

  /// Makes a worker for each thread there is now.
  func prepare() {
    while workers.count < WorkerPool.threads {
      workers.append(LinearizerWorker(make(), frameSkip: frameSkip, bounds: model.exactControlBounds))
    }
  }

  func run(_ count: Int) {
    prepare()
    WorkerPool.run(shards: count, Rows(team: Unmanaged.passUnretained(self)))
  }

  private struct Rows: ShardedWork {
    let team: Unmanaged<LinearizerTeam>
    func run(shard: Int, worker: Int) { team._withUnsafeGuaranteedRef { $0.workers[worker].run($0.job, row: shard) } }
  }
}

#endif
