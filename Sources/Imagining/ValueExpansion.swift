public import Interfaces
public import Kernels

/// Targets of values that look H imagined steps ahead: model-based value expansion (Feinberg et al. 2018).
///
/// A real transition (s_0, a_0, r_0, s_1) goes on in a world for steps 1...H under the actions that the learner's targets
/// value, and ends in their value of the last state:
///
///     y_H = r_H + discount * continues_H * V'(s_{H+1})
///     y_t = r_t + discount * continues_t * (bonus_{t+1} + y_{t+1}),  t = 0...H-1
///
/// where continues_t is 0 after the end of the task and the bonus is that of `BootstrapValue.act`. The TD-k trick fits the
/// values at all of (s_t, a_t), t = 0...H, so that they are right where the model leads, too.
///
/// Targets do not depend on the number of threads; see `Imagination`. It shares the world's parameters: let go of it before
/// the world is fitted again.
public final class ValueExpansion<W: World, Bootstrap: BootstrapValue> {
  /// Rows in a shard: a usual batch keeps two threads even.
  private static var shardRows: Int { 128 }

  /// Imagined steps, H.
  public let horizon: Int
  private let imagination: Imagination<W, ExpansionVisitor<W.Rollout, Bootstrap>>
  private var dropped: [Int] = []

  /// Targets by `horizon` steps in `world`.
  public init(horizon: Int, in world: W) {
    precondition(horizon > 0, "horizon \(horizon)")
    self.horizon = horizon
    imagination = Imagination(in: world, itemsPerShard: Self.shardRows) { rows in
      ExpansionVisitor(rows: rows, horizon: horizon, stateSize: world.stateSize, actionSize: world.actionSize)
    }
  }

  /// Writes to `values` [(H + 1) N] the states, actions and targets of `batch` [N]: first its own, then those of step 1, and
  /// so on. States after an end, and all of a row where a number is not finite, get weight 0. `times` [N] are those of the
  /// batch's next observations within their episodes, where the world depends on them. Returns how many rows of `batch`
  /// were lost to numbers that are not finite. Does not allocate after the first call of as many rows.
  public func expand(
    _ batch: TransitionBatch, times: UnsafePointer<Int>? = nil, bootstrap: Bootstrap, discount: Float,
    using random: RandomStream, into values: inout ValueBatch
  ) -> Int {
    let (stateSize, actionSize) = (imagination.world.stateSize, imagination.world.actionSize)
    precondition(
      values.count == (horizon + 1) * batch.count && values.observations.columns == stateSize
        && values.actions.columns == actionSize && batch.observations.columns == stateSize
        && batch.actions.columns == actionSize, "batches of other shapes")
    let shards = imagination.shards(of: batch.count)
    if dropped.count < shards { dropped = Array(repeating: 0, count: shards) }
    let (expanded, chosen) = (values.observations.mutablePointer, values.actions.mutablePointer)
    let (targets, weights) = (values.targets.mutablePointer, values.weights.mutablePointer)
    return withExtendedLifetime(batch) {
      dropped.withUnsafeMutableBufferPointer { dropped in
        guard let losses = dropped.baseAddress else { return 0 }
        let job = ExpansionJob(
          count: batch.count, observations: batch.observations.pointer, actions: batch.actions.pointer,
          rewards: batch.rewards.pointer, next: batch.nextObservations.pointer, continues: batch.continues.pointer,
          times: times, expanded: expanded, chosen: chosen, targets: targets, weights: weights, dropped: losses,
          discount: discount, bootstrap: bootstrap)
        imagination.run(items: batch.count, steps: horizon, job, using: random)
        var sum = 0
        for shard in 0..<shards { sum += losses[shard] }
        return sum
      }
    }
  }
}

/// One call's parameters, by pointers that are valid during it.
private struct ExpansionJob<Bootstrap: BootstrapValue> {
  let count: Int
  let observations: UnsafePointer<Float>
  let actions: UnsafePointer<Float>
  let rewards: UnsafePointer<Float>
  let next: UnsafePointer<Float>
  let continues: UnsafePointer<Float>
  let times: UnsafePointer<Int>?
  let expanded: UnsafeMutablePointer<Float>
  let chosen: UnsafeMutablePointer<Float>
  let targets: UnsafeMutablePointer<Float>
  let weights: UnsafeMutablePointer<Float>
  let dropped: UnsafeMutablePointer<Int>
  let discount: Float
  let bootstrap: Bootstrap
}

/// Acts as the targets do, and turns rewards into targets when the last state is there. Its step t is step t + 1 of the
/// expansion, whose step 0 is real.
private final class ExpansionVisitor<Rollout: WorldRollout, Bootstrap: BootstrapValue>: RolloutVisitor {
  private let horizon: Int
  private let stateSize: Int
  private let actionSize: Int
  private var workspace: Bootstrap.Workspace?
  private var values: Vector
  /// Of steps 0...H, [H + 1, rows].
  private var bonuses: Vector
  private var continues: Vector
  private var current: (shard: ImaginedShard, job: ExpansionJob<Bootstrap>, workspace: Bootstrap.Workspace)?
  private var acting = RandomStream(seed: 0)

  init(rows: Int, horizon: Int, stateSize: Int, actionSize: Int) {
    (self.horizon, self.stateSize, self.actionSize) = (horizon, stateSize, actionSize)
    values = Vector(count: rows)
    bonuses = Vector(count: (horizon + 1) * rows)
    continues = Vector(count: (horizon + 1) * rows)
  }

  func begin(
    _ shard: ImaginedShard, _ job: ExpansionJob<Bootstrap>
  ) -> (starts: RolloutStarts, random: RandomStream) {
    let (first, count) = (shard.first, shard.rows)
    let workspace = self.workspace ?? job.bootstrap.makeWorkspace()
    self.workspace = workspace
    current = (shard, job, workspace)
    acting = shard.random.child("actions")
    (job.expanded + first * stateSize).update(from: job.observations + first * stateSize, count: count * stateSize)
    (job.chosen + first * actionSize).update(from: job.actions + first * actionSize, count: count * actionSize)
    (job.targets + first).update(from: job.rewards + first, count: count)
    continues.mutablePointer.update(from: job.continues + first, count: count)
    let starts = RolloutStarts(
      count: count, states: job.next + first * stateSize, times: job.times.map { $0 + first }, firstParticle: first)
    return (starts, shard.random.child("model"))
  }

  func act(_ t: Int, at states: UnsafePointer<Float>) -> UnsafePointer<Float> {
    guard let (shard, job, workspace) = current else { preconditionFailure("no shard to act in") }
    let (count, place) = (shard.rows, (t + 1) * job.count + shard.first)
    let actions = job.chosen + place * actionSize
    (job.expanded + place * stateSize).update(from: states, count: count * stateSize)
    job.bootstrap.act(
      count: count, on: states, using: &acting, actions: actions, bonuses: bonuses.mutablePointer + (t + 1) * count,
      workspace)
    return UnsafePointer(actions)
  }

  func visit(_ t: Int, _ step: PredictedStep, active: UnsafePointer<Float>) -> Bool {
    guard let (shard, job, _) = current else { return false }
    let (count, factors) = (shard.rows, continues.mutablePointer + (t + 1) * shard.rows)
    for row in 0..<count { factors[row] = step.terminated[row] ? 0 : 1 }
    (job.targets + (t + 1) * job.count + shard.first).update(from: step.rewards, count: count)
    return true
  }

  func finish(_ rollout: inout Rollout, active: UnsafePointer<Float>, stride: Int) {
    guard let (shard, job, workspace) = current else { return }
    current = nil
    job.bootstrap.values(
      count: shard.rows, of: rollout.states, using: &acting, values: values.mutablePointer, workspace)
    let rows = ExpandedRows(
      horizon: horizon, stride: job.count, first: shard.first, count: shard.rows, size: stateSize,
      actionSize: actionSize, states: job.expanded, actions: job.chosen, targets: job.targets, weights: job.weights)
    rows.accumulate(
      following: values.mutablePointer, bonuses: bonuses.pointer, continues: continues.pointer,
      discount: job.discount)
    job.dropped[shard.index] = rows.weigh(continues: continues.pointer)
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
    following: UnsafeMutablePointer<Float>, bonuses: UnsafePointer<Float>, continues: UnsafePointer<Float>,
    discount: Float
  ) {
    for t in (0...horizon).reversed() {
      let y = targets + t * stride + first
      for r in 0..<count {
        // y_t = r_t + discount continues_t (bonus_{t+1} + y_{t+1}); what follows an end may be anything
        let factor = continues[t * count + r]
        if factor > 0 { y[r] += discount * factor * following[r] }
        following[r] = y[r] + (t > 0 ? bonuses[t * count + r] : 0)
      }
    }
  }

  /// Sets the weights, and real states with target 0 where they are 0. Returns the rows that are not finite.
  func weigh(continues: UnsafePointer<Float>) -> Int {
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
        alive = alive && continues[t * count + r] > 0
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
