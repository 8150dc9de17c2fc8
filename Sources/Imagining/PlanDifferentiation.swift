import Interfaces
import Kernels

/// Scores plans as `PlanScoring` does, and goes back through the world for the gradients of their returns.
final class PlanDifferentiation<Rollout: WorldRollout>: PlanScoring<Rollout> {
  private var seeds: Vector
  /// Gradients by the states after a step, and by those before it.
  private var (carried, stateGradients): (Vector, Vector)
  private var actionGradients: Vector

  override init(rows: Int, horizon: Int, stateSize: Int, actionSize: Int) {
    seeds = Vector(count: rows)
    carried = Vector(count: rows * stateSize)
    stateGradients = carried
    actionGradients = Vector(count: rows * actionSize)
    super.init(rows: rows, horizon: horizon, stateSize: stateSize, actionSize: actionSize)
  }

  override func finish(_ rollout: inout Rollout, active: UnsafePointer<Float>, stride: Int) {
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
