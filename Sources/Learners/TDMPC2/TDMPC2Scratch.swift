import Interfaces
import Kernels
import Networks

/// Buffers and parallel passes of TD-MPC2's updates: blocks of a batch's stretches are the shards.
final class TDMPC2Scratch: PhasedWork {
  enum Phase { case world, worldStep, policyValues, policyGradient, policyStep }

  /// Stretches in a batch.
  let rows: Int
  private let steps: Int
  private let split: RowBlocks
  private let blocks: [TDMPC2Block]
  private let worldGradients: BlockGradients
  private let policyGradients: BlockGradients
  private var firstValues: Vector  // [N]
  private var job: TDMPC2Job?
  /// Norm by which the summed gradients are scaled, and the optimizers' steps.
  private var factor: Float = 1
  private var (encoderStep, worldStep, policyStep): (Adam.Step?, Adam.Step?, Adam.Step?)

  init(_ networks: TDMPC2Networks, rows: Int, steps: Int) {
    (self.rows, self.steps) = (rows, steps)
    split = RowBlocks(rows: rows)
    blocks = (0..<split.count).map { [split] in TDMPC2Block(networks, capacity: split[$0].count, steps: steps) }
    firstValues = Vector(count: rows)
    worldGradients = BlockGradients(parameters: networks.layout.count, blocks: split.count)
    policyGradients = BlockGradients(parameters: networks.policy.layout.count, blocks: split.count)
  }

  /// Copies of the last summed gradients: for tests.
  var gradient: Vector { worldGradients.sum }
  var policyGradient: Vector { policyGradients.sum }

  /// One step of the world's networks and of the Q-functions' targets.
  func fitWorld(
    _ learner: inout TDMPC2, _ packed: TDMPC2Packed, _ batch: SequenceBatch, _ draws: TDMPC2Draws
  ) -> TDMPC2Losses {
    var losses = worldGradient(&learner, packed, batch, draws)
    let settings = learner.settings
    losses.norm = worldGradients.norm
    factor = losses.norm > settings.gradientLimit ? settings.gradientLimit / (losses.norm + 1e-6) : 1
    encoderStep = learner.encoderOptimizer.beginStep(
      learningRate: settings.learningRate * settings.encoderRateFactor)
    worldStep = learner.worldOptimizer.beginStep(learningRate: settings.learningRate)
    guard losses.norm.isFinite else { return losses }
    run(.worldStep, shards: worldGradients.pieces)
    return losses
  }

  /// Lets go of what the last job refers to: packed weights are only kept by a learner that alone refers to them.
  func finish() { job = nil }

  /// The world's losses, with the sum of their gradients.
  func worldGradient(
    _ learner: inout TDMPC2, _ packed: TDMPC2Packed, _ batch: SequenceBatch, _ draws: TDMPC2Draws
  ) -> TDMPC2Losses {
    job = TDMPC2Job(&learner, packed, batch, draws)
    run(.world, shards: split.count)
    worldGradients.gather(blocks: split.count)
    var losses = TDMPC2Losses()
    for block in blocks { losses += block.losses }
    return losses
  }

  /// One step of the policy at the latent states of the last rollout, with the Q-functions as they are now, and the
  /// packed weights of all networks brought up to date.
  func improvePolicy(
    _ learner: inout TDMPC2, _ packed: TDMPC2Packed, _ draws: TDMPC2Draws
  ) -> (loss: Float, entropy: Float) {
    packed.updateWorld(learner.networks, learner.world, learner.targets)
    var scale = learner.scale
    let improvement = policyGradient(&learner, packed, draws, &scale)
    learner.scale = scale
    let (norm, limit) = (policyGradients.norm, learner.settings.gradientLimit)
    guard norm.isFinite else { return (norm, improvement.entropy) }
    factor = norm > limit ? limit / (norm + 1e-6) : 1
    policyStep = learner.policyOptimizer.beginStep(learningRate: learner.settings.learningRate)
    run(.policyStep, shards: policyGradients.pieces)
    packed.policy.update(from: learner.policy.pointer)
    return improvement
  }

  /// The policy's loss, with the sum of its gradients, after `scale` has taken in the values.
  func policyGradient(
    _ learner: inout TDMPC2, _ packed: TDMPC2Packed, _ draws: TDMPC2Draws, _ scale: inout ValueScale
  ) -> (loss: Float, entropy: Float) {
    job = TDMPC2Job(&learner, packed, nil, draws)
    run(.policyValues, shards: split.count)
    // the range of the values of the first states
    for (index, block) in blocks.enumerated() {
      (firstValues.mutablePointer + split[index].lowerBound).update(
        from: block.values.pointer, count: split[index].count)
    }
    scale.update(firstValues.mutablePointer, count: rows, tau: learner.settings.tau)
    job?.valueScale = scale.value
    run(.policyGradient, shards: split.count)
    policyGradients.gather(blocks: split.count)
    let (objective, entropy) = blocks.reduce((0.0, 0.0)) { ($0.0 + $1.objective, $0.1 + $1.entropy) }
    return (Float(-objective), Float(entropy / Double(rows * (steps + 1))))
  }

  func run(_ phase: Phase, shard: Int, worker: Int) {
    guard let job else { return }
    let networks = job.networks
    switch phase {
    case .world: blocks[shard].fitWorld(job, split[shard], of: rows, steps: steps, into: worldGradients[shard])
    case .policyValues: blocks[shard].valueActions(job, split[shard], of: rows, steps: steps)
    case .policyGradient: blocks[shard].improvePolicy(job, split[shard], of: rows, steps: steps, policyGradients[shard])
    case .worldStep:
      guard let encoderStep, let worldStep else { return }
      let range = worldGradients.range(of: shard)
      let border = networks.dynamicsStart
      let (gradient, values) = (worldGradients[0], job.world)
      encoderStep.apply(values, gradient: gradient, scale: factor, range: range.clamped(to: 0..<border))
      let own = range.clamped(to: border..<networks.layout.count)
      worldStep.apply(
        values + border, gradient: gradient + border, scale: factor,
        range: own.lowerBound - border..<own.upperBound - border)
      let critics = range.clamped(to: networks.valueStart..<networks.terminationStart)
      guard !critics.isEmpty else { return }
      Elementwise.interpolate(
        job.targets + critics.lowerBound - networks.valueStart, toward: values + critics.lowerBound,
        count: critics.count, tau: job.settings.tau)
    case .policyStep:
      policyStep?.apply(
        job.policy, gradient: policyGradients[0], scale: factor, range: policyGradients.range(of: shard))
    }
  }
}

/// What the phases of an update need.
struct TDMPC2Job {
  let networks: TDMPC2Networks
  let settings: TDMPC2LearnerSettings
  let packed: TDMPC2Packed
  let world: UnsafeMutablePointer<Float>
  let policy: UnsafeMutablePointer<Float>
  let targets: UnsafeMutablePointer<Float>
  let scaling: ActionScaling
  let discount: Float
  let batch: BatchPointers?
  let targetNoise: UnsafePointer<Float>
  let policyNoise: UnsafePointer<Float>
  let targetPair: (Int, Int)
  let policyPair: (Int, Int)
  let dropout: RandomStream?
  var valueScale: Float = 1

  struct BatchPointers {
    let observations: UnsafePointer<Float>
    let actions: UnsafePointer<Float>
    let rewards: UnsafePointer<Float>
    let continues: UnsafePointer<Float>
  }

  init(_ learner: inout TDMPC2, _ packed: TDMPC2Packed, _ batch: SequenceBatch?, _ draws: TDMPC2Draws) {
    networks = learner.networks
    settings = learner.settings
    self.packed = packed
    world = learner.world.mutablePointer
    policy = learner.policy.mutablePointer
    targets = learner.targets.mutablePointer
    scaling = learner.scaling
    discount = learner.discount
    self.batch = batch.map {
      BatchPointers(
        observations: $0.observations.pointer, actions: $0.actions.pointer, rewards: $0.rewards.pointer,
        continues: $0.continues.pointer)
    }
    targetNoise = draws.targetNoise.pointer
    policyNoise = draws.policyNoise.pointer
    (targetPair, policyPair, dropout) = (draws.targetPair, draws.policyPair, draws.dropout)
  }

  /// What dropout of Q-function `critic` is drawn from in a block; `inPolicy` tells the policy's passes from the
  /// others.
  func dropout(of critic: Int, block: Int, inPolicy: Bool) -> RandomStream? {
    dropout?.child(inPolicy ? 1 : 0).child(critic).child(block)
  }
}
