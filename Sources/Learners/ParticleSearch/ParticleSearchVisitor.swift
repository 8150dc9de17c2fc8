import Imagining
import Interfaces
import Kernels
import Networks

/// What one gradient, or one measurement, hands to all threads; valid during it.
public struct ParticleSearchJob {
  let network: RadialBasisNetwork
  let parameters: UnsafePointer<Float>
  let scaling: ActionScaling
  /// Start states, [N, D], and their times within their episodes, [N].
  let starts: UnsafePointer<Float>
  let times: UnsafePointer<Int>
  /// Trajectories, N.
  let rows: Int
  let discount: Float
  let dropout: Float
  /// Each shard's share of the gradient of minus the average return, [shards, parameters]; nil where returns suffice.
  let gradients: UnsafeMutablePointer<Float>?
  /// Each shard's sum of returns, [shards].
  let returns: UnsafeMutablePointer<Float>
}

/// Takes the particles of a shard forward with the policy acting, and back for the gradient of their returns.
public final class ParticleSearchVisitor<Rollout: WorldRollout>: RolloutVisitor {
  private let rows: Int
  private let horizon: Int
  private let actionSize: Int
  private let bases: Int
  // By step
  private var basis: Vector  // [H, R, B]
  private var unitActions: Vector  // [H, R, A]
  private var rewards: Vector  // [H, R]
  // One step's
  private var kept: Vector  // [R, B]
  private var actions: Vector
  private var seeds: Vector
  private var carried: Vector
  private var stateGradients: Vector
  private var actionGradients: Vector
  private var inputGradients: Vector
  private let workspace: RadialBasisNetwork.Workspace
  private var current: (shard: ImaginedShard, job: ParticleSearchJob)?
  private var leavingOut = RandomStream(seed: 0)

  init(_ network: RadialBasisNetwork, horizon: Int, rows: Int) {
    self.rows = rows
    self.horizon = horizon
    (actionSize, bases) = (network.outputs, network.bases)
    basis = Vector(count: horizon * rows * bases)
    unitActions = Vector(count: horizon * rows * actionSize)
    rewards = Vector(count: horizon * rows)
    kept = Vector(count: rows * bases)
    actions = Vector(count: rows * actionSize)
    seeds = Vector(count: rows)
    carried = Vector(count: rows * network.inputs)
    stateGradients = Vector(count: rows * network.inputs)
    actionGradients = Vector(count: rows * actionSize)
    inputGradients = Vector(count: rows * network.inputs)
    workspace = RadialBasisNetwork.Workspace(network, capacity: rows)
  }

  public func begin(
    _ shard: ImaginedShard, _ job: ParticleSearchJob
  ) -> (starts: RolloutStarts, random: RandomStream) {
    current = (shard, job)
    leavingOut = shard.random.child("dropout")
    let starts = RolloutStarts(
      count: shard.rows, states: job.starts + shard.first * job.network.inputs, times: job.times + shard.first,
      firstParticle: shard.first)
    return (starts, shard.random.child("model"))
  }

  public func act(_ t: Int, at states: UnsafePointer<Float>) -> UnsafePointer<Float> {
    guard let (shard, job) = current else { return actions.pointer }
    let count = shard.rows
    if job.dropout > 0 {
      let factors = kept.mutablePointer
      leavingOut.fillUniform(factors, count: count * bases, low: 0, high: 1)
      let scale = 1 / (1 - job.dropout)
      for i in 0..<count * bases { factors[i] = factors[i] < job.dropout ? 0 : scale }
    }
    let unit = unitActions.mutablePointer + t * rows * actionSize
    job.network.forward(
      job.parameters, states, rows: count, kept: job.dropout > 0 ? kept.pointer : nil,
      basis: basis.mutablePointer + t * rows * bases, outputs: unit)
    for i in 0..<count * actionSize { unit[i] = Scalar.tanh(unit[i]) }
    actions.mutablePointer.update(from: unit, count: count * actionSize)
    job.scaling.fromUnit(actions.mutablePointer, rows: count)
    return actions.pointer
  }

  public func visit(_ t: Int, _ step: PredictedStep, active: UnsafePointer<Float>) -> Bool {
    guard let (shard, _) = current else { return false }
    let target = rewards.mutablePointer + t * rows
    for row in 0..<shard.rows { target[row] = active[row] > 0 ? step.rewards[row] : 0 }
    return true
  }

  public func finish(_ rollout: inout Rollout, active: UnsafePointer<Float>, stride: Int) {
    guard let (shard, job) = current else { return }
    current = nil
    var (total, discount) = (Float(0), Float(1))
    for t in 0..<horizon {
      total += discount * Reductions.sum(rewards.pointer + t * rows, count: shard.rows)
      discount *= job.discount
    }
    job.returns[shard.index] = total
    guard let gradients = job.gradients else { return }
    let count = job.network.layout.count
    let gradient = gradients + shard.index * count
    gradient.update(repeating: 0, count: count)
    goBack(job, shard.rows, &rollout, active: active, stride: stride, into: gradient)
  }

  /// Adds the gradient of minus the average return, from the last step to the first.
  private func goBack(
    _ job: ParticleSearchJob, _ count: Int, _ rollout: inout Rollout, active: UnsafePointer<Float>, stride: Int,
    into gradient: UnsafeMutablePointer<Float>
  ) {
    let (size, half) = (job.network.inputs, job.scaling.half.pointer)
    let (carried, seeds) = (carried.mutablePointer, seeds.mutablePointer)
    let (states, slopes, inputs) = (
      stateGradients.mutablePointer, actionGradients.mutablePointer, inputGradients.mutablePointer
    )
    carried.update(repeating: 0, count: count * size)
    for t in (0..<horizon).reversed() {
      var seed = -1 / Float(job.rows)
      for _ in 0..<t { seed *= job.discount }
      let (now, after) = (active + t * stride, active + (t + 1) * stride)
      for row in 0..<count {
        seeds[row] = now[row] > 0 ? seed : 0
        if after[row] == 0 { (carried + row * size).update(repeating: 0, count: size) }
      }
      rollout.pullBack(
        step: t, nextGradients: carried, rewardGradients: seeds, scoreWeights: nil, stateGradients: states,
        actionGradients: slopes)
      let unit = unitActions.pointer + t * rows * actionSize
      for row in 0..<count {
        for a in 0..<actionSize {
          let i = row * actionSize + a
          slopes[i] = seeds[row] == 0 ? 0 : slopes[i] * half[a] * (1 - unit[i] * unit[i])
        }
      }
      job.network.backward(
        job.parameters, rollout.states(at: t), rows: count, basis: basis.pointer + t * rows * bases,
        outputGradient: slopes, parameterGradient: gradient, inputGradient: inputs, workspace)
      for row in 0..<count {
        for i in row * size..<(row + 1) * size { carried[i] = seeds[row] == 0 ? 0 : states[i] + inputs[i] }
      }
    }
  }
}
