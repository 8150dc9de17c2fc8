import Interfaces
import Kernels
import Networks

/// Imagined trajectories in blocks of fixed size, whole groups of particles in each.
struct ModelGradientBlocks {
  /// Trajectories, N.
  let rows: Int
  /// Trajectories from each start.
  let particles: Int

  /// Rows of a full block.
  static func rows(particles: Int) -> Int { RowBlocks.size / particles * particles }

  /// Number of blocks.
  var count: Int { (rows + size - 1) / size }

  private var size: Int { ModelGradientBlocks.rows(particles: particles) }

  /// Rows of one block.
  subscript(block: Int) -> Range<Int> { block * size..<min((block + 1) * size, rows) }
}

/// Buffers of the gradient of imagined returns. Each block of trajectories goes through all its steps, forward and
/// backward, on one thread; the blocks' gradients are added in order.
final class ModelGradientScratch<Head: ActorHead> {
  private let capacity: Int
  private let particles: Int
  private let workers: [ModelGradientWorkspace]
  private let panels: WeightPanels
  private var starts: Matrix
  private var blockGradients: Vector  // [blocks, parameters]
  private var sums: Vector  // [blocks, 2]: returns and likelihood shares
  private var pass: ModelGradientPass<Head>?
  private var random = RandomStream(seed: 0)
  /// What `differentiate` found, laid out as the policy's parameters.
  var gradient: Vector

  /// Means over trajectories, and over steps and blocks.
  struct Outcome {
    var meanReturn: Float
    var likelihoodShare: Float
  }

  init(_ core: ActorCriticCore<Head>, _ settings: PolicyBackpropagationSettings, starts count: Int) {
    capacity = count
    particles = settings.particles
    let blocks = ModelGradientBlocks(rows: count * particles, particles: particles).count
    workers = (0..<WorkerPool.threads).map { _ in
      ModelGradientWorkspace(
        policy: core.actorNetwork, critics: settings.terminalValue == .critic ? core.critics : nil,
        actionSize: core.scaling.size, settings)
    }
    panels = WeightPanels(for: core.actorNetwork, gradients: true, inputGradients: true)
    starts = Matrix(rows: count * particles, columns: core.actorNetwork.inputs)
    blockGradients = Vector(count: blocks * core.actor.count)
    sums = Vector(count: 2 * blocks)
    gradient = Vector(count: core.actor.count)
  }

  /// Whether it can serve that many starts with the threads there are now.
  func fits(starts: Int) -> Bool { starts <= capacity && workers.count >= WorkerPool.threads }

  /// Leaves in `gradient` that of minus the average imagined return from `observations`.
  func differentiate<Rollout: DifferentiableRollout>(
    _ core: ActorCriticCore<Head>, _ settings: PolicyBackpropagationSettings, at observations: Matrix,
    imagining rollouts: inout [Rollout], scoredBy rewards: ImaginedRewards, using random: RandomStream
  ) -> Outcome {
    precondition(
      observations.columns == core.actorNetwork.inputs && observations.rows > 0, "observations of another shape")
    precondition(rollouts.count >= WorkerPool.threads, "\(rollouts.count) rollouts for \(WorkerPool.threads) threads")
    let (width, target) = (observations.columns, starts.mutablePointer)
    for row in 0..<observations.rows * particles {
      (target + row * width).update(from: observations.pointer + row / particles * width, count: width)
    }
    let blocks = ModelGradientBlocks(rows: observations.rows * particles, particles: particles)
    panels.update(from: core.actor.pointer)
    self.random = random
    pass = ModelGradientPass(
      head: core.head, network: core.actorNetwork, parameters: core.actor.pointer, panels: panels,
      scaling: core.scaling, critics: core.critics, criticParameters: core.criticParameters.pointer,
      rewards: rewards, settings: settings, blocks: blocks)
    let this = Unmanaged.passUnretained(self)
    rollouts.withUnsafeMutableBufferPointer { buffer in
      guard let rollouts = buffer.baseAddress else { return }
      WorkerPool.run(shards: blocks.count, ModelGradientShards(scratch: this, rollouts: rollouts))
    }
    pass = nil
    return add(blocks, horizon: settings.horizon)
  }

  fileprivate func run<Rollout: DifferentiableRollout>(block: Int, worker: Int, _ rollout: inout Rollout) {
    guard let pass else { return }
    let (workspace, range) = (workers[worker], pass.blocks[block])
    let parameters = gradient.count
    let (total, share) = pass.run(
      from: starts.pointer + range.lowerBound * starts.columns, rows: range.count, firstRow: range.lowerBound, &rollout,
      using: random.child(block), gradient: blockGradients.mutablePointer + block * parameters, workspace)
    sums.mutablePointer[2 * block] = total
    sums.mutablePointer[2 * block + 1] = share
  }

  private func add(_ blocks: ModelGradientBlocks, horizon: Int) -> Outcome {
    let (target, count) = (gradient.mutablePointer, gradient.count)
    target.update(from: blockGradients.pointer, count: count)
    for block in 1..<max(blocks.count, 1) {
      Elementwise.add(target, blockGradients.pointer + block * count, count: count)
    }
    var outcome = Outcome(meanReturn: 0, likelihoodShare: 0)
    for block in 0..<blocks.count {
      outcome.meanReturn += sums[2 * block] / Float(blocks.rows)
      outcome.likelihoodShare += sums[2 * block + 1] / Float(blocks.count * horizon)
    }
    return outcome
  }
}

private struct ModelGradientShards<Head: ActorHead, Rollout: DifferentiableRollout>: ShardedWork {
  let scratch: Unmanaged<ModelGradientScratch<Head>>
  let rollouts: UnsafeMutablePointer<Rollout>

  func run(shard: Int, worker: Int) {
    scratch._withUnsafeGuaranteedRef { $0.run(block: shard, worker: worker, &rollouts[worker]) }
  }
}
