import Interfaces
import Kernels

/// Targets of values that look H imagined steps ahead: model-based value expansion (Feinberg et al. 2018).
///
/// A real transition (s_0, a_0, r_0, s_1) goes on in the model for steps 1...H under the actions that the learner's targets
/// value, and ends in their value of the last state:
///
///     y_H = r_H + discount * going_H * V'(s_{H+1})
///     y_t = r_t + discount * going_t * (bonus_{t+1} + y_{t+1}),  t = 0...H-1
///
/// where going_t is 0 after the end of the task and the bonus is that of `BootstrapValue.act`. The TD-k trick fits the values
/// at all of (s_t, a_t), t = 0...H, so that they are right where the model leads, too.
///
/// Rows are cut into shards of a fixed number, each with random streams of its own, so that targets do not depend on the
/// number of threads. It shares the model's parameters: let go of it before the model is fitted again.
public final class ValueExpansion<Model: DynamicsModel, Bootstrap: BootstrapValue> {
  /// Rows in a shard: a usual batch keeps two threads even.
  private static var shardRows: Int { 128 }

  /// Imagined steps, H.
  public let horizon: Int
  private let model: Model
  private let objective: any Objective
  private var workers: [Worker] = []
  private var dropped: [Int] = []
  private var job: Job?

  /// One call's parameters, by pointers that are valid during it.
  private struct Job {
    let count: Int
    let observations: UnsafePointer<Float>
    let actions: UnsafePointer<Float>
    let rewards: UnsafePointer<Float>
    let next: UnsafePointer<Float>
    let continues: UnsafePointer<Float>
    let expanded: UnsafeMutablePointer<Float>
    let chosen: UnsafeMutablePointer<Float>
    let targets: UnsafeMutablePointer<Float>
    let weights: UnsafeMutablePointer<Float>
    let dropped: UnsafeMutablePointer<Int>
    let discount: Float
    let bootstrap: Bootstrap
    let random: RandomStream
  }

  /// Targets by `horizon` steps in `model`. `objective` says when imagined trajectories terminate, and gives their rewards,
  /// where the model does not predict that.
  public init(horizon: Int, model: Model, objective: any Objective) {
    precondition(horizon > 0, "horizon \(horizon)")
    self.horizon = horizon
    self.model = model
    self.objective = objective
  }

  /// Writes to `values` [(H + 1) N] the states, actions and targets of `batch` [N]: first its own, then those of step 1, and
  /// so on. States after an end, and all of a row where a number is not finite, get weight 0. Returns how many rows of
  /// `batch` were lost to that. Does not allocate after the first call of as many rows.
  public func expand(
    _ batch: TransitionBatch, bootstrap: Bootstrap, discount: Float, using random: RandomStream,
    into values: inout ValueBatch
  ) -> Int {
    precondition(
      values.count == (horizon + 1) * batch.count && values.observations.columns == model.stateSize
        && values.actions.columns == model.actionSize && batch.observations.columns == model.stateSize
        && batch.actions.columns == model.actionSize, "batches of other shapes")
    let shards = (batch.count + Self.shardRows - 1) / Self.shardRows
    if workers.count < WorkerPool.threads {
      workers = (0..<WorkerPool.threads).map { _ in
        Worker(model, bootstrap.makeWorkspace(), rows: Self.shardRows, horizon: horizon)
      }
    }
    if dropped.count < shards { dropped = Array(repeating: 0, count: shards) }
    let (expanded, chosen) = (values.observations.mutablePointer, values.actions.mutablePointer)
    let (targets, weights) = (values.targets.mutablePointer, values.weights.mutablePointer)
    return withExtendedLifetime(batch) {
      dropped.withUnsafeMutableBufferPointer { dropped in
        guard let losses = dropped.baseAddress else { return 0 }
        job = Job(
          count: batch.count, observations: batch.observations.pointer, actions: batch.actions.pointer,
          rewards: batch.rewards.pointer, next: batch.nextObservations.pointer, continues: batch.continues.pointer,
          expanded: expanded, chosen: chosen, targets: targets, weights: weights, dropped: losses, discount: discount,
          bootstrap: bootstrap, random: random)
        defer { job = nil }
        WorkerPool.run(shards: shards, Shards(owner: Unmanaged.passUnretained(self)))
        var sum = 0
        for shard in 0..<shards { sum += losses[shard] }
        return sum
      }
    }
  }

  private struct Shards: ShardedWork {
    let owner: Unmanaged<ValueExpansion>
    func run(shard: Int, worker: Int) {
      owner._withUnsafeGuaranteedRef { $0.expand(shard: shard, $0.workers[worker]) }
    }
  }

  /// One thread's scratch.
  private final class Worker {
    var rollout: Model.Rollout
    let workspace: Bootstrap.Workspace
    var rewards: Vector
    var terminated: [Bool]
    var values: Vector
    /// Of steps 0...H, [H + 1, rows].
    var bonuses: Vector
    var going: Vector

    init(_ model: Model, _ workspace: Bootstrap.Workspace, rows: Int, horizon: Int) {
      rollout = model.makeRollout(capacity: rows)
      self.workspace = workspace
      rewards = Vector(count: rows)
      terminated = Array(repeating: false, count: rows)
      values = Vector(count: rows)
      bonuses = Vector(count: (horizon + 1) * rows)
      going = Vector(count: (horizon + 1) * rows)
    }
  }

  private func expand(shard: Int, _ worker: Worker) {
    guard let job else { return }
    let first = shard * Self.shardRows
    let count = min(Self.shardRows, job.count - first)
    let (size, actionSize) = (model.stateSize, model.actionSize)
    let stream = job.random.child(shard)
    var acting = stream.child("actions")
    let (bonuses, going) = (worker.bonuses.mutablePointer, worker.going.mutablePointer)
    let (rewards, values) = (worker.rewards.mutablePointer, worker.values.mutablePointer)

    (job.expanded + first * size).update(from: job.observations + first * size, count: count * size)
    (job.chosen + first * actionSize).update(from: job.actions + first * actionSize, count: count * actionSize)
    (job.targets + first).update(from: job.rewards + first, count: count)
    going.update(from: job.continues + first, count: count)
    worker.rollout.reset(
      count: count, to: job.next + first * size, rowsPerParticle: 1, firstParticle: first, using: stream.child("model"))
    for t in 1...horizon {
      let place = t * job.count + first
      let (states, actions) = (job.expanded + place * size, job.chosen + place * actionSize)
      states.update(from: worker.rollout.states, count: count * size)
      job.bootstrap.act(
        count: count, on: states, using: &acting, actions: actions, bonuses: bonuses + t * count, worker.workspace)
      worker.rollout.advance(actions)
      worker.terminated.withUnsafeMutableBufferPointer { flags in
        guard let terminated = flags.baseAddress else { return }
        let (earned, ended) = worker.rollout.score(
          by: objective, count: count, states: states, actions: actions, rewards: rewards, terminated: terminated)
        for row in 0..<count { going[t * count + row] = ended[row] ? 0 : 1 }
        (job.targets + place).update(from: earned, count: count)
      }
    }
    job.bootstrap.values(
      count: count, of: worker.rollout.states, using: &acting, values: values, worker.workspace)
    let rows = ExpandedRows(
      horizon: horizon, stride: job.count, first: first, count: count, size: size, actionSize: actionSize,
      states: job.expanded, actions: job.chosen, targets: job.targets, weights: job.weights)
    rows.accumulate(following: values, bonuses: bonuses, going: going, discount: job.discount)
    job.dropped[shard] = rows.weigh(going: going)
  }
}

/// The rows of one shard of an expansion: step t of row r is at t * stride + first + r.
private struct ExpandedRows {
  let horizon: Int
  let stride: Int
  let first: Int
  let count: Int
  let size: Int
  let actionSize: Int
  let states: UnsafeMutablePointer<Float>
  let actions: UnsafeMutablePointer<Float>
  let targets: UnsafeMutablePointer<Float>
  let weights: UnsafeMutablePointer<Float>

  /// Turns rewards into targets, from the last step back. `following` [count] is V' of the last states, and is overwritten.
  func accumulate(
    following: UnsafeMutablePointer<Float>, bonuses: UnsafePointer<Float>, going: UnsafePointer<Float>, discount: Float
  ) {
    for t in (0...horizon).reversed() {
      let y = targets + t * stride + first
      for r in 0..<count {
        // y_t = r_t + discount going_t (bonus_{t+1} + y_{t+1}); what follows an end may be anything
        let factor = going[t * count + r]
        if factor > 0 { y[r] += discount * factor * following[r] }
        following[r] = y[r] + (t > 0 ? bonuses[t * count + r] : 0)
      }
    }
  }

  /// Sets the weights, and real states with target 0 where they are 0. Returns the rows that are not finite.
  func weigh(going: UnsafePointer<Float>) -> Int {
    var lost = 0
    for r in 0..<count {
      // 0 times anything that is not finite is NaN
      var (check, alive) = (Float(0), true)
      for t in 0...horizon {
        let place = t * stride + first + r
        if alive {
          check += targets[place] * 0
          for i in 0..<size { check += states[place * size + i] * 0 }
        }
        weights[place] = alive ? 1 : 0
        alive = alive && going[t * count + r] > 0
      }
      if check != 0 {
        lost += 1
        for t in 0...horizon { weights[t * stride + first + r] = 0 }
      }
      for t in 0...horizon where weights[t * stride + first + r] == 0 {
        let (place, origin) = (t * stride + first + r, first + r)
        targets[place] = 0
        if t > 0 {
          (states + place * size).update(from: states + origin * size, count: size)
          (actions + place * actionSize).update(from: actions + origin * actionSize, count: actionSize)
        }
      }
    }
    return lost
  }
}
