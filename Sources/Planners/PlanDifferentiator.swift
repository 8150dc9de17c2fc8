import Interfaces
import Kernels

/// Returns of plans and their gradients by backpropagation through a model; the type of the model is hidden, since not
/// every model can be differentiated.
protocol PlanDifferentiator: AnyObject {
  /// Returns [N] of `plans` [N, H * A] from `start` [D] and their gradients [N, H * A]. Does not allocate after the first
  /// call of a given N.
  func differentiate(
    _ plans: Matrix, from start: UnsafePointer<Float>, using random: RandomStream, returns: inout [Float],
    gradients: inout Matrix)
}

/// Makes one for `model` where it and the rewards can be differentiated.
func planDifferentiator(
  model: some DynamicsModel, objective: any Objective, horizon: Int, particles: Int
) -> (any PlanDifferentiator)? {
  func open<Model: DifferentiableModel>(_ model: Model) -> any PlanDifferentiator {
    ModelPlanDifferentiator(model: model, objective: objective, horizon: horizon, particles: particles)
  }
  return (model as? any DifferentiableModel).map { open($0) }
}

/// Shards of plans, as in `RolloutEvaluator`, that go to the horizon and back.
private final class ModelPlanDifferentiator<Model: DifferentiableModel>: PlanDifferentiator {
  private let model: Model
  private let objective: any Objective
  private let horizon: Int
  private let particles: Int
  private var workers: [Worker] = []
  private var capacity = 0

  init(model: Model, objective: any Objective, horizon: Int, particles: Int) {
    self.model = model
    self.objective = objective
    self.horizon = horizon
    self.particles = particles
  }

  func differentiate(
    _ plans: Matrix, from start: UnsafePointer<Float>, using random: RandomStream, returns: inout [Float],
    gradients: inout Matrix
  ) {
    precondition(
      plans.columns == horizon * model.actionSize && returns.count == plans.rows && gradients.rows == plans.rows
        && gradients.columns == plans.columns, "plans of another shape")
    let perShard = max(1, model.preferredRows / particles)
    let rows = min(perShard, plans.rows) * particles
    if workers.count < WorkerPool.threads || capacity < rows {
      capacity = rows
      workers = (0..<WorkerPool.threads).map { _ in
        Worker(model: model, objective: objective, capacity: rows, horizon: horizon, particles: particles)
      }
    }
    let shards = (plans.rows + perShard - 1) / perShard
    let slopes = gradients.mutablePointer
    returns.withUnsafeMutableBufferPointer { target in
      guard let returns = target.baseAddress else { return }
      for worker in workers {
        worker.job = Job(
          plans: plans.pointer, count: plans.rows, perShard: perShard, start: start, random: random, returns: returns,
          gradients: slopes)
      }
      workers.withUnsafeBufferPointer { WorkerPool.run(shards: shards, Shards(workers: $0)) }
    }
  }

  private struct Shards: ShardedWork {
    let workers: UnsafeBufferPointer<Worker>
    func run(shard: Int, worker: Int) { workers[worker].run(shard: shard) }
  }

  struct Job {
    let plans: UnsafePointer<Float>
    let count: Int
    let perShard: Int
    let start: UnsafePointer<Float>
    let random: RandomStream
    let returns: UnsafeMutablePointer<Float>
    let gradients: UnsafeMutablePointer<Float>
  }

  /// One thread's rollout and scratch.
  final class Worker {
    var job: Job?
    private var rollout: Model.DifferentiableSteps
    private let objective: any Objective
    private let differentiable: (any DifferentiableObjective)?
    private let horizon: Int
    private let particles: Int
    private let capacity: Int
    private let stateSize: Int
    private let actionSize: Int
    private var starts: Matrix
    private var actions: Vector  // [H, rows, A]
    private var rewards: Vector
    private var totals: Vector
    private var alive: Vector  // [H + 1, rows]
    private var terminated: [Bool]
    private var seeds: Vector
    private var carried: Vector
    private var rewardStates: Vector
    private var rewardActions: Vector
    private var rewardNext: Vector
    private var actionGradients: Vector

    init(model: Model, objective: any Objective, capacity: Int, horizon: Int, particles: Int) {
      rollout = model.makeDifferentiableRollout(capacity: capacity, steps: horizon)
      self.objective = objective
      differentiable = objective as? any DifferentiableObjective
      self.horizon = horizon
      self.particles = particles
      self.capacity = capacity
      (stateSize, actionSize) = (model.stateSize, model.actionSize)
      starts = Matrix(rows: capacity, columns: stateSize)
      actions = Vector(count: horizon * capacity * actionSize)
      rewards = Vector(count: capacity)
      totals = Vector(count: capacity)
      alive = Vector(count: (horizon + 1) * capacity)
      terminated = Array(repeating: false, count: capacity)
      seeds = Vector(count: capacity)
      carried = Vector(count: capacity * stateSize)
      rewardStates = Vector(count: capacity * stateSize)
      rewardActions = Vector(count: capacity * actionSize)
      rewardNext = Vector(count: capacity * stateSize)
      actionGradients = Vector(count: capacity * actionSize)
    }

    func run(shard: Int) {
      guard let job else { return }
      let first = shard * job.perShard
      let count = min(job.perShard, job.count - first)
      forward(job, first: first, count: count, stream: job.random.child(shard))
      let share = 1 / Float(particles)
      for c in 0..<count {
        var sum: Float = 0
        for p in 0..<particles { sum += totals[p * count + c] }
        job.returns[first + c] = sum * share
      }
      backward(job, first: first, count: count, share: share)
    }

    /// Row p * count + c is particle p of plan first + c.
    private func forward(_ job: Job, first: Int, count: Int, stream: RandomStream) {
      let rows = count * particles
      let (state, total, going) = (starts.mutablePointer, totals.mutablePointer, alive.mutablePointer)
      let reward = rewards.mutablePointer
      for row in 0..<rows { (state + row * stateSize).update(from: job.start, count: stateSize) }
      total.update(repeating: 0, count: rows)
      going.update(repeating: 1, count: rows)
      rollout.reset(count: rows, to: state, rowsPerParticle: count, firstParticle: 0, using: stream)
      for t in 0..<horizon {
        let action = actions.mutablePointer + t * capacity * actionSize
        for row in 0..<rows {
          let decision = job.plans + ((first + row % count) * horizon + t) * actionSize
          (action + row * actionSize).update(from: decision, count: actionSize)
        }
        rollout.advance(action)
        let (now, after) = (going + t * capacity, going + (t + 1) * capacity)
        terminated.withUnsafeMutableBufferPointer { flags in
          guard let flags = flags.baseAddress else { return }
          let (earned, ended) = rollout.score(
            by: objective, count: rows, states: rollout.states(at: t), actions: action, rewards: reward,
            terminated: flags)
          for row in 0..<rows {
            total[row] += now[row] > 0 ? earned[row] : 0
            after[row] = ended[row] ? 0 : now[row]
          }
        }
      }
    }

    private func backward(_ job: Job, first: Int, count: Int, share: Float) {
      let rows = count * particles
      let (next, slopes, seed) = (carried.mutablePointer, actionGradients.mutablePointer, seeds.mutablePointer)
      let (states, acts, after) = (rewardStates.mutablePointer, rewardActions.mutablePointer, rewardNext.mutablePointer)
      next.update(repeating: 0, count: rows * stateSize)
      for t in (0..<horizon).reversed() {
        let going = alive.pointer + t * capacity
        let action = actions.pointer + t * capacity * actionSize
        for row in 0..<rows { seed[row] = going[row] > 0 ? share : 0 }
        let isKnown = rollout.predictedRewards == nil
        if isKnown, let differentiable {
          differentiable.differentiate(
            count: rows, states: rollout.states(at: t), actions: action, next: rollout.states(at: t + 1),
            stateGradients: states, actionGradients: acts, nextGradients: after)
          for row in 0..<rows {
            for i in row * stateSize..<(row + 1) * stateSize { next[i] += seed[row] > 0 ? share * after[i] : 0 }
          }
        }
        rollout.pullBack(
          step: t, nextGradients: next, rewardGradients: seed, scoreWeights: nil, stateGradients: after,
          actionGradients: slopes)
        for row in 0..<rows {
          let factor = isKnown ? seed[row] : 0
          for i in row * stateSize..<(row + 1) * stateSize {
            next[i] = seed[row] > 0 ? after[i] + (factor > 0 ? factor * states[i] : 0) : 0
          }
          for i in row * actionSize..<(row + 1) * actionSize {
            slopes[i] = seed[row] > 0 ? slopes[i] + (factor > 0 ? factor * acts[i] : 0) : 0
          }
        }
        for c in 0..<count {
          let target = job.gradients + ((first + c) * horizon + t) * actionSize
          for i in 0..<actionSize {
            var sum: Float = 0
            for p in 0..<particles { sum += slopes[(p * count + c) * actionSize + i] }
            target[i] = sum
          }
        }
      }
    }
  }
}
