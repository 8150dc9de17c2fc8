import Interfaces
import Kernels
import Networks

/// What a step of the policy did on the rows of a segment: mean of ratio * advantage, and mean KL(old || new).
final class StepAssessment: PhasedWork {
  enum Phase { case rows }

  private let networks: PolicyValueNetworks
  private let capacity: Int
  private let workers: [Worker]
  private var sums: Vector  // [blocks, 2]
  private var pass: Pass?

  private struct Pass {
    let parameters: UnsafePointer<Float>
    let evaluation: RolloutEvaluation
    let observations: UnsafePointer<Float>
    let actions: UnsafePointer<Float>
    let blocks: RowBlocks
  }

  /// Scratch of one thread.
  private final class Worker {
    let policy: PerceptronWorkspace
    /// Distributions without the value that a shared network adds.
    var outputs: Matrix
    var numbers: Vector

    init(_ networks: PolicyValueNetworks) {
      policy = PerceptronWorkspace(for: networks.policy, capacity: RowBlocks.size, keepsActivations: false)
      outputs = Matrix(rows: RowBlocks.size, columns: networks.distribution.outputs)
      numbers = Vector(count: RowBlocks.size)
    }
  }

  init(_ networks: PolicyValueNetworks, rows: Int) {
    self.networks = networks
    capacity = rows
    workers = (0..<WorkerPool.threads).map { _ in Worker(networks) }
    sums = Vector(count: 2 * RowBlocks(rows: rows).count)
  }

  /// Whether it can serve that many rows with the threads there are now.
  func fits(rows: Int) -> Bool { rows <= capacity && workers.count >= WorkerPool.threads }

  /// Means over the rows of `evaluation`'s segment, whose observations [M, D] and raw actions [M, A] are given.
  func assess(
    _ parameters: UnsafePointer<Float>, _ evaluation: RolloutEvaluation, observations: UnsafePointer<Float>,
    actions: UnsafePointer<Float>
  ) -> (surrogate: Float, divergence: Float) {
    let blocks = RowBlocks(rows: evaluation.count)
    pass = Pass(
      parameters: parameters, evaluation: evaluation, observations: observations, actions: actions, blocks: blocks)
    run(.rows, shards: blocks.count)
    pass = nil
    var (surrogate, divergence) = (Float(0), Float(0))
    for block in 0..<blocks.count {
      surrogate += sums.pointer[2 * block]
      divergence += sums.pointer[2 * block + 1]
    }
    return (surrogate / Float(blocks.rows), divergence / Float(blocks.rows))
  }

  func run(_ phase: Phase, shard: Int, worker: Int) {
    guard let pass else { return }
    let (range, scratch, distribution) = (pass.blocks[shard], workers[worker], networks.distribution)
    let (first, rows, width) = (range.lowerBound, range.count, distribution.outputs)
    let raw = networks.policy.forward(
      pass.parameters, pass.observations + first * networks.observationSize, rows: rows, scratch.policy)
    let outputs = networks.isShared ? scratch.outputs.mutablePointer : raw
    if networks.isShared {
      for r in 0..<rows { (outputs + r * width).update(from: raw + r * (width + 1), count: width) }
    }
    let new = DistributionRows(outputs, shared: pass.parameters + networks.sharedOffset, count: rows)
    let numbers = scratch.numbers.mutablePointer
    distribution.logProbabilities(new, actions: pass.actions + first * distribution.actionSize, into: numbers)
    let old = pass.evaluation.logProbabilities.pointer + first
    let advantages = pass.evaluation.advantages.pointer + first
    var surrogate: Float = 0
    for r in 0..<rows { surrogate += Scalar.exp(numbers[r] - old[r]) * advantages[r] }
    distribution.divergences(
      from: DistributionRows(
        pass.evaluation.outputs.pointer + first * width, shared: pass.evaluation.shared.pointer, count: rows),
      to: new, into: numbers)
    sums.storage.pointer[2 * shard] = surrogate
    sums.storage.pointer[2 * shard + 1] = Reductions.sum(numbers, count: rows)
  }
}
