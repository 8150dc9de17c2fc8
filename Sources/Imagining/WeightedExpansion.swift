public import Interfaces
public import Kernels

/// Targets that weigh horizons by how much the members of an ensemble agree on each: stochastic ensemble value expansion
/// (Buckman et al., "Sample-efficient reinforcement learning with stochastic ensemble value expansion" 2018, equation 10).
///
/// A real transition (s_0, a_0, r_0, s_1) goes on in each member m of a world, at its expectation, for up to H steps. Each
/// member and each critic l gives a candidate for every number k of imagined steps:
///
///     T_k,m,l = r_0 + γ continues_0 (Σ_{j<k} γ^j alive_j (bonus_j + r_j) + γ^k alive_k V'_l(s_{k+1}))
///     y = Σ_k w_k mean(T_k),  w_k ∝ 1 / (variance(T_k) + ε)
///
/// with mean and variance over members and critics; of k = 0, over critics alone. Horizons whose candidates are not all finite
/// get no weight. The bonus is that of `BootstrapValue.act`.
///
/// Targets do not depend on the number of threads; see `Imagination`. It shares the world's parameters: let go of it before
/// the world is fitted again.
public final class WeightedExpansion<W: World, Bootstrap: BootstrapValue> {
  /// Most imagined steps, H.
  public let horizon: Int
  private let imaginations: [Imagination<W, CandidateVisitor<W.Rollout, Bootstrap>>]
  private let actionSize: Int
  private var candidates = Vector(count: 0)  // [H + 1, M L, N]
  /// Weight of each horizon in the last call's targets, averaged over rows, [H + 1].
  public private(set) var horizonWeights: [Float]

  /// Targets by up to `horizon` steps in each member of `world`.
  public init(horizon: Int, in world: W) {
    precondition(horizon > 0, "horizon \(horizon)")
    self.horizon = horizon
    actionSize = world.actionSize
    horizonWeights = Array(repeating: 0, count: horizon + 1)
    imaginations = world.members.map { member in
      Imagination(in: member.expectation, itemsPerShard: 128) { rows in
        CandidateVisitor(rows: rows, horizon: horizon, actionSize: world.actionSize)
      }
    }
  }

  /// Writes to `values` [N] the states, actions and targets of `batch` [N], with weight 0 where a target is not finite.
  /// `times` [N] are those of the batch's next observations within their episodes, where the world depends on them. Returns
  /// how many rows were lost. Does not allocate after the first call of as many rows.
  public func expand(
    _ batch: TransitionBatch, times: UnsafePointer<Int>? = nil, bootstrap: Bootstrap, discount: Float,
    using random: RandomStream, into values: inout ValueBatch
  ) -> Int {
    let (count, critics) = (batch.count, bootstrap.memberCount)
    precondition(values.count == count && values.actions.columns == actionSize, "batches of other shapes")
    let samples = imaginations.count * critics
    if candidates.count < (horizon + 1) * samples * count {
      candidates = Vector(count: (horizon + 1) * samples * count)
    }
    values.observations.copy(from: batch.observations)
    values.actions.copy(from: batch.actions)
    let target = candidates.mutablePointer
    withExtendedLifetime(batch) {
      for (member, imagination) in imaginations.enumerated() {
        let job = CandidateJob(
          count: count, rewards: batch.rewards.pointer, next: batch.nextObservations.pointer,
          continues: batch.continues.pointer, times: times, stride: samples * count,
          candidates: target + member * critics * count, discount: discount, bootstrap: bootstrap)
        imagination.run(items: count, steps: horizon, job, using: random.child(member))
      }
    }
    return combine(count, samples: samples, critics: critics, into: &values)
  }

  private func combine(_ count: Int, samples: Int, critics: Int, into values: inout ValueBatch) -> Int {
    let (targets, weights) = (values.targets.mutablePointer, values.weights.mutablePointer)
    var lost = 0
    for k in 0...horizon { horizonWeights[k] = 0 }
    for row in 0..<count {
      let combined = Self.combine(
        candidates.pointer + row, horizons: horizon + 1, stride: samples * count, step: count,
        samples: { $0 == 0 ? critics : samples }, weights: &horizonWeights)
      targets[row] = combined.isFinite ? combined : 0
      weights[row] = combined.isFinite ? 1 : 0
      if !combined.isFinite { lost += 1 }
    }
    for k in 0...horizon { horizonWeights[k] /= Float(count) }
    return lost
  }

  /// Σ_k w_k mean_k of candidates at `k * stride + i * step`, i in 0..<samples(k); adds each horizon's weight to `weights`.
  /// Not finite where no horizon's candidates all are.
  static func combine(
    _ candidates: UnsafePointer<Float>, horizons: Int, stride: Int, step: Int, samples: (Int) -> Int,
    weights: inout [Float]
  ) -> Float {
    // 1 / (variance + ε) of single precision, relative to the largest
    func moments(_ k: Int) -> (mean: Float, certainty: Float) {
      let (place, count) = (candidates + k * stride, Float(samples(k)))
      var (sum, squares) = (Float(0), Float(0))
      for i in 0..<samples(k) { sum += place[i * step] }
      let mean = sum / count
      for i in 0..<samples(k) {
        let gap = place[i * step] - mean
        squares += gap * gap
      }
      let variance = squares / count
      return variance.isFinite && mean.isFinite ? (mean, 1 / (variance + 1e-8)) : (0, 0)
    }
    var total: Float = 0
    for k in 0..<horizons { total += moments(k).certainty }
    guard total > 0 else { return .nan }
    var target: Float = 0
    for k in 0..<horizons {
      let (mean, certainty) = moments(k)
      target += certainty / total * mean
      weights[k] += certainty / total
    }
    return target
  }
}

/// One member's call, by pointers that are valid during it.
private struct CandidateJob<Bootstrap: BootstrapValue> {
  let count: Int
  let rewards: UnsafePointer<Float>
  let next: UnsafePointer<Float>
  let continues: UnsafePointer<Float>
  let times: UnsafePointer<Int>?
  /// Floats from one horizon's candidates to the next's.
  let stride: Int
  /// This member's, [H + 1] x [L, N].
  let candidates: UnsafeMutablePointer<Float>
  let discount: Float
  let bootstrap: Bootstrap
}

/// Acts as the targets do in one member, and leaves a candidate at every step.
private final class CandidateVisitor<Rollout: WorldRollout, Bootstrap: BootstrapValue>: RolloutVisitor {
  private let horizon: Int
  private var workspace: Bootstrap.Workspace?
  private var actions: Vector
  private var bonuses: Vector
  private var values: Vector
  /// What has been collected, and the discount of what comes next: 0 after an end.
  private var collected: Vector
  private var ahead: Vector
  private var current: (shard: ImaginedShard, job: CandidateJob<Bootstrap>, workspace: Bootstrap.Workspace)?
  private var acting = RandomStream(seed: 0)

  init(rows: Int, horizon: Int, actionSize: Int) {
    self.horizon = horizon
    actions = Vector(count: rows * actionSize)
    bonuses = Vector(count: rows)
    values = Vector(count: 0)
    collected = Vector(count: rows)
    ahead = Vector(count: rows)
  }

  func begin(
    _ shard: ImaginedShard, _ job: CandidateJob<Bootstrap>
  ) -> (starts: RolloutStarts, random: RandomStream) {
    let workspace = self.workspace ?? job.bootstrap.makeWorkspace()
    self.workspace = workspace
    current = (shard, job, workspace)
    acting = shard.random.child("actions")
    let room = collected.count * job.bootstrap.memberCount
    if values.count < room { values = Vector(count: room) }
    let size = job.bootstrap.observationSize
    collected.mutablePointer.update(from: job.rewards + shard.first, count: shard.rows)
    let factors = ahead.mutablePointer
    for row in 0..<shard.rows { factors[row] = job.discount * job.continues[shard.first + row] }
    let starts = RolloutStarts(
      count: shard.rows, states: job.next + shard.first * size, times: job.times.map { $0 + shard.first },
      firstParticle: shard.first)
    return (starts, shard.random.child("model"))
  }

  /// Leaves the candidates that end after `k` imagined steps.
  private func leave(
    _ k: Int, at states: UnsafePointer<Float>, _ shard: ImaginedShard, _ job: CandidateJob<Bootstrap>,
    _ workspace: Bootstrap.Workspace
  ) {
    let count = shard.rows
    job.bootstrap.memberValues(
      count: count, of: states, using: &acting, values: values.mutablePointer, workspace)
    let (sums, factors) = (collected.pointer, ahead.pointer)
    for critic in 0..<job.bootstrap.memberCount {
      let (from, target) = (
        values.pointer + critic * count, job.candidates + k * job.stride + critic * job.count + shard.first
      )
      // what follows an end may be anything
      for row in 0..<count { target[row] = sums[row] + (factors[row] > 0 ? factors[row] * from[row] : 0) }
    }
  }

  func act(_ t: Int, at states: UnsafePointer<Float>) -> UnsafePointer<Float> {
    guard let (shard, job, workspace) = current else { preconditionFailure("no shard to act in") }
    leave(t, at: states, shard, job, workspace)
    job.bootstrap.act(
      count: shard.rows, on: states, using: &acting, actions: actions.mutablePointer, bonuses: bonuses.mutablePointer,
      workspace)
    return actions.pointer
  }

  func visit(_ t: Int, _ step: PredictedStep, active: UnsafePointer<Float>) -> Bool {
    guard let (shard, job, _) = current else { return false }
    let (sums, factors) = (collected.mutablePointer, ahead.mutablePointer)
    for row in 0..<shard.rows where factors[row] > 0 {
      sums[row] += factors[row] * (bonuses[row] + step.rewards[row])
      factors[row] *= step.terminated[row] ? 0 : job.discount
    }
    return true
  }

  func finish(_ rollout: inout Rollout, active: UnsafePointer<Float>, stride: Int) {
    guard let (shard, job, workspace) = current else { return }
    current = nil
    leave(horizon, at: rollout.states, shard, job, workspace)
  }
}
