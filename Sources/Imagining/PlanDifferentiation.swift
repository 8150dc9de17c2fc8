import Interfaces
import Kernels

/// Returns of plans and their gradients by backpropagation through a world: a shard goes to the horizon and back.
final class PlanDifferentiation<Rollout: WorldRollout>: RolloutVisitor {
  private let horizon: Int
  private let stateSize: Int
  private let actionSize: Int
  private var states: Vector
  private var actions: Vector
  private var totals: Vector
  private let times: FixedBuffer<Int>
  private var seeds: Vector
  /// Gradients by the states after a step, and by those before it.
  private var (carried, stateGradients): (Vector, Vector)
  private var actionGradients: Vector
  private var current: (shard: ImaginedShard, job: PlanJob)?

  init(rows: Int, horizon: Int, stateSize: Int, actionSize: Int) {
    (self.horizon, self.stateSize, self.actionSize) = (horizon, stateSize, actionSize)
    states = Vector(count: rows * stateSize)
    actions = Vector(count: rows * actionSize)
    totals = Vector(count: rows)
    times = FixedBuffer(0, count: rows)
    seeds = Vector(count: rows)
    carried = Vector(count: rows * stateSize)
    stateGradients = carried
    actionGradients = Vector(count: rows * actionSize)
  }

  func begin(_ shard: ImaginedShard, _ job: PlanJob) -> (starts: RolloutStarts, random: RandomStream) {
    current = (shard, job)
    totals.mutablePointer.update(repeating: 0, count: shard.rows)
    return (job.starts(shard, stateSize: stateSize, states.mutablePointer, times.pointer), shard.random)
  }

  func act(_ t: Int, at states: UnsafePointer<Float>) -> UnsafePointer<Float> {
    guard let (shard, job) = current else { return actions.pointer }
    let action = actions.mutablePointer
    for row in 0..<shard.rows {
      let decision = job.plans + ((shard.first + row % shard.items) * horizon + t) * actionSize
      (action + row * actionSize).update(from: decision, count: actionSize)
    }
    return actions.pointer
  }

  func visit(_ t: Int, _ step: PredictedStep, active: UnsafePointer<Float>) -> Bool {
    guard let (shard, _) = current else { return false }
    let total = totals.mutablePointer
    for row in 0..<shard.rows { total[row] += active[row] > 0 ? step.rewards[row] : 0 }
    return true
  }

  func finish(_ rollout: inout Rollout, active: UnsafePointer<Float>, stride: Int) {
    guard let (shard, job) = current, let gradients = job.gradients else { return }
    job.writeReturns(shard, totals.pointer)
    let (rows, scale) = (shard.rows, 1 / Float(shard.particles))
    let (next, before) = (carried.mutablePointer, stateGradients.mutablePointer)
    let (slopes, seed) = (actionGradients.mutablePointer, seeds.mutablePointer)
    next.update(repeating: 0, count: rows * stateSize)
    for t in (0..<horizon).reversed() {
      for row in 0..<rows { seed[row] = active[t * stride + row] > 0 ? scale : 0 }
      rollout.pullBack(
        step: t, nextGradients: next, rewardGradients: seed, scoreWeights: nil, stateGradients: before,
        actionGradients: slopes)
      for row in 0..<rows {
        let counts = seed[row] > 0
        for i in row * stateSize..<(row + 1) * stateSize { next[i] = counts ? before[i] : 0 }
        for i in row * actionSize..<(row + 1) * actionSize where !counts { slopes[i] = 0 }
      }
      for c in 0..<shard.items {
        let target = gradients + ((shard.first + c) * horizon + t) * actionSize
        for i in 0..<actionSize {
          var sum: Float = 0
          for p in 0..<shard.particles { sum += slopes[(p * shard.items + c) * actionSize + i] }
          target[i] = sum
        }
      }
    }
  }
}
