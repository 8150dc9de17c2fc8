import Interfaces
import Kernels

/// Scores plans by rolling them out in a dynamics model: every plan by `particles` imagined trajectories, whose mean
/// return it gets.
///
/// Plans are cut into shards of a fixed number of rows; a shard goes through all steps of the horizon on one thread while
/// its activations stay in cache. Each shard has its own random stream, so the returns do not depend on the number of
/// threads. A trajectory earns nothing after its predicted termination.
public struct RolloutEvaluator<Model: DynamicsModel>: PlanEvaluator {
  /// The model that plans are rolled out in.
  public let model: Model
  /// Scores imagined steps where the model does not predict rewards or terminations itself.
  public let objective: any Objective
  public let horizon: Int
  /// Trajectories a plan.
  public let particles: Int
  public var nonFiniteReturns = 0
  private var start: Matrix
  private var random: RandomStream
  private var calls = 0
  private var workers: [Worker] = []
  /// One trajectory, for `follow`.
  private var follower: Model.Rollout?
  /// Rows that each worker has room for.
  private var capacity = 0
  /// Made at the first call that needs it; nil where the model cannot be differentiated.
  private lazy var differentiator = planDifferentiator(
    model: model, objective: objective, horizon: horizon, particles: particles)

  /// The same for planners that linearize.
  private lazy var dynamics = plannedDynamics(model: model, objective: objective)

  public var actionSize: Int { model.actionSize }

  /// Plans of `horizon` decisions, `particles` trajectories each.
  public init(model: Model, objective: any Objective, horizon: Int, particles: Int) {
    precondition(horizon > 0 && particles > 0, "horizon \(horizon), particles \(particles)")
    self.model = model
    self.objective = objective
    self.horizon = horizon
    self.particles = particles
    start = Matrix(rows: 1, columns: model.stateSize)
    random = RandomStream(seed: 0)
  }

  /// Sets the state that plans start from, [D], and the stream that all imagined randomness comes from.
  public mutating func begin(at state: [Float], using random: RandomStream) {
    start.setRow(0, state)
    self.random = random
    calls = 0
  }

  /// Writes to `plan` [H * A] the actions of a policy along one imagined trajectory: `decide` writes an action [A] for a state
  /// [D]. Does not allocate after the first call.
  public mutating func follow(
    _ plan: inout [Float], _ decide: (UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) {
    precondition(plan.count == horizon * actionSize, "a plan of \(plan.count) floats, not \(horizon * actionSize)")
    var rollout = follower.take() ?? model.makeRollout(capacity: 1)
    rollout.reset(
      count: 1, to: start.pointer, rowsPerParticle: 1, firstParticle: 0, using: random.child("policy"))
    plan.withUnsafeMutableBufferPointer { plan in
      guard let base = plan.baseAddress else { return }
      for t in 0..<horizon {
        decide(rollout.states, base + t * actionSize)
        rollout.advance(base + t * actionSize)
      }
    }
    follower = rollout
  }

  public mutating func evaluate(_ plans: Matrix, returns: inout [Float]) {
    precondition(plans.columns == horizon * actionSize && returns.count == plans.rows, "plans of another shape")
    let perShard = max(1, model.preferredRows / particles)
    prepare(plansPerShard: min(perShard, plans.rows))
    let stream = random.child(calls)
    calls += 1
    let shards = (plans.rows + perShard - 1) / perShard
    returns.withUnsafeMutableBufferPointer { target in
      guard let returns = target.baseAddress else { return }
      for worker in workers {
        worker.plans = plans.pointer
        worker.planCount = plans.rows
        worker.plansPerShard = perShard
        worker.start = start.pointer
        worker.random = stream
        worker.returns = returns
      }
      workers.withUnsafeBufferPointer { WorkerPool.run(shards: shards, Shards(workers: $0)) }
    }
    countNonFinite(&returns)
  }

  /// The model must be a `DifferentiableModel`, and either predict its rewards or be scored by a `DifferentiableObjective`.
  public mutating func differentiate(_ plans: Matrix, returns: inout [Float], gradients: inout Matrix) -> Bool {
    guard let differentiator else { return false }
    let stream = random.child(calls)
    calls += 1
    differentiator.differentiate(plans, from: start.pointer, using: stream, returns: &returns, gradients: &gradients)
    countNonFinite(&returns)
    return true
  }

  /// The model must be a `DifferentiableModel`, and either predict its rewards or be scored by a `DifferentiableObjective`.
  public mutating func withDynamics(_ body: (any PlannedDynamics, UnsafePointer<Float>) -> Void) -> Bool {
    guard let dynamics else { return false }
    body(dynamics, start.pointer)
    return true
  }

  private mutating func countNonFinite(_ returns: inout [Float]) {
    for index in returns.indices where !returns[index].isFinite {
      returns[index] = -.infinity
      nonFiniteReturns += 1
    }
  }

  private mutating func prepare(plansPerShard: Int) {
    let threads = WorkerPool.threads
    // Not `workers.first?.capacity`: in generic code that property boxes the element, an allocation for each call.
    guard workers.count < threads || capacity < plansPerShard * particles else { return }
    capacity = plansPerShard * particles
    workers = (0..<threads).map { _ in
      Worker(model: model, objective: objective, capacity: capacity, horizon: horizon, particles: particles)
    }
  }

  private struct Shards: ShardedWork {
    let workers: UnsafeBufferPointer<Worker>
    func run(shard: Int, worker: Int) { workers[worker].run(shard: shard) }
  }

  /// One thread's rollout and scratch.
  private final class Worker {
    private var rollout: Model.Rollout
    private let objective: any Objective
    private let horizon: Int
    private let particles: Int
    private let stateSize: Int
    private let actionSize: Int
    private var before: Matrix
    private var actions: Matrix
    private var rewards: Vector
    private var totals: Vector
    private var alive: Vector
    private var terminated: [Bool]

    var plans: UnsafePointer<Float>?
    var planCount = 0
    var plansPerShard = 1
    var start: UnsafePointer<Float>?
    var random = RandomStream(seed: 0)
    var returns: UnsafeMutablePointer<Float>?

    init(model: Model, objective: any Objective, capacity: Int, horizon: Int, particles: Int) {
      rollout = model.makeRollout(capacity: capacity)
      self.objective = objective
      self.horizon = horizon
      self.particles = particles
      stateSize = model.stateSize
      actionSize = model.actionSize
      before = Matrix(rows: capacity, columns: stateSize)
      actions = Matrix(rows: capacity, columns: actionSize)
      rewards = Vector(count: capacity)
      totals = Vector(count: capacity)
      alive = Vector(count: capacity)
      terminated = Array(repeating: false, count: capacity)
    }

    func run(shard: Int) {
      guard let plans, let start, let returns else { return }
      let first = shard * plansPerShard
      let count = min(plansPerShard, planCount - first)
      let rows = count * particles
      let (states, action) = (before.mutablePointer, actions.mutablePointer)
      let (reward, total, going) = (rewards.mutablePointer, totals.mutablePointer, alive.mutablePointer)
      for row in 0..<rows { (states + row * stateSize).update(from: start, count: stateSize) }
      total.update(repeating: 0, count: rows)
      going.update(repeating: 1, count: rows)
      // Row p * count + c is particle p of plan first + c.
      rollout.reset(count: rows, to: states, rowsPerParticle: count, firstParticle: 0, using: random.child(shard))
      for t in 0..<horizon {
        for c in 0..<count {
          let decision = plans + (first + c) * horizon * actionSize + t * actionSize
          for i in 0..<actionSize { action[c * actionSize + i] = decision[i] }
        }
        for p in 1..<max(particles, 1) {
          (action + p * count * actionSize).update(from: action, count: count * actionSize)
        }
        states.update(from: rollout.states, count: rows * stateSize)
        rollout.advance(action)
        terminated.withUnsafeMutableBufferPointer { flags in
          guard let flags = flags.baseAddress else { return }
          let (earned, ended) = rollout.score(
            by: objective, count: rows, states: states, actions: action, rewards: reward, terminated: flags)
          for row in 0..<rows {
            total[row] += going[row] > 0 ? earned[row] : 0
            going[row] = ended[row] ? 0 : going[row]
          }
        }
      }
      let share = 1 / Float(particles)
      for c in 0..<count {
        var sum: Float = 0
        for p in 0..<particles { sum += total[p * count + c] }
        returns[first + c] = sum * share
      }
    }
  }
}
