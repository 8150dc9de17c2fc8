import Interfaces
import Kernels
import Networks

/// Buffers and parallel passes of updates of one value network. Rows are cut into blocks of fixed size, each with its
/// own gradient.
final class ValueScratch<Head: ValueHead>: PhasedWork {
  enum Phase { case gradient, step }

  private let capacity: Int
  private let workers: [ValueWorkspace]
  private let gradients: BlockGradients
  private var sums: Vector  // [blocks, 2]: loss and value
  /// How far each row was from its target.
  private(set) var errors: Vector
  private let errorBase: UnsafeMutablePointer<Float>
  private var fit: Fit?

  /// An update under way.
  private struct Fit {
    let rows: FittedRows
    let blocks: RowBlocks
    /// With the noise of this update, if there is any.
    let bootstrap: ValuePass<Head>
    let noise: ParameterNoise.Step?
    let parameters: UnsafeMutablePointer<Float>
    let targets: UnsafeMutablePointer<Float>
    let step: NetworkOptimizer.Step
    let discount: Float
    let tau: Float
  }

  init(_ head: Head, _ network: ConvolutionalNetwork, rows: Int) {
    capacity = rows
    workers = (0..<WorkerPool.threads).map { _ in ValueWorkspace(head, network, gradients: true) }
    let blocks = RowBlocks(rows: rows, size: network.blockSize).count
    gradients = BlockGradients(parameters: network.layout.count, blocks: blocks)
    sums = Vector(count: 2 * blocks)
    var errors = Vector(count: rows)
    errorBase = errors.mutablePointer
    self.errors = errors
  }

  /// Whether it can serve that many rows with the threads there are now.
  func fits(rows: Int) -> Bool { rows <= capacity && workers.count >= WorkerPool.threads }

  /// One step of the network, then of its target; means over the rows.
  func update(
    _ core: inout ValueCore<Head>, _ head: Head, _ rows: FittedRows, tau: Float, using random: inout RandomStream
  ) -> CriticLosses {
    core.noise?.draw(core.parameters, core.targets, using: &random)
    let noise = core.noise?.beginStep(learningRate: core.learningRate)
    let (parameters, targets) = (core.parameters.mutablePointer, core.targets.mutablePointer)
    let blocks = RowBlocks(rows: rows.count, size: core.network.blockSize)
    fit = Fit(
      rows: rows, blocks: blocks,
      bootstrap: ValuePass(
        head: head, network: core.network, parameters: noise?.parameters ?? UnsafePointer(parameters),
        targets: noise?.targets ?? UnsafePointer(targets)),
      noise: noise,
      parameters: parameters, targets: targets, step: core.optimizer.beginStep(learningRate: core.learningRate),
      discount: core.discount, tau: tau)
    run(.gradient, shards: blocks.count)
    run(.step, shards: gradients.pieces)
    let share = 1 / Float(rows.count)
    var losses = CriticLosses()
    for block in 0..<blocks.count {
      losses.loss += sums.pointer[2 * block] * share
      losses.value += sums.pointer[2 * block + 1] * share
    }
    return losses
  }

  func run(_ phase: Phase, shard: Int, worker: Int) {
    guard let fit else { return }
    switch phase {
    case .gradient: gradient(fit, block: shard, workers[worker])
    case .step:
      if let noise = fit.noise {
        return gradients.step(
          piece: shard, blocks: fit.blocks.count, fit.step, fit.parameters, target: fit.tau > 0 ? fit.targets : nil,
          tau: fit.tau, noise: noise)
      }
      gradients.step(
        piece: shard, blocks: fit.blocks.count, fit.step, fit.parameters, target: fit.tau > 0 ? fit.targets : nil,
        tau: fit.tau)
    }
  }

  private func gradient(_ fit: Fit, block: Int, _ worker: ValueWorkspace) {
    let (range, y, network) = (fit.blocks[block], worker.targets.mutablePointer, fit.bootstrap.network)
    let (first, head, rows) = (range.lowerBound, fit.bootstrap.head, range.count)
    switch fit.rows.targets {
    case .given(let values): head.expand(values + first, rows: rows, into: y)
    case .bootstrapped(let successors):
      fit.bootstrap.targets(
        successors.next + first * network.inputs, rows: rows, rewards: successors.rewards + first,
        continues: successors.continues + first, discount: fit.discount, into: y, worker)
    }
    let (x, parameters) = (fit.rows.observations + first * network.inputs, fit.bootstrap.parameters)
    let output = network.forward(parameters, x, rows: rows, worker.pass)
    let (loss, value) = head.regress(
      output, actions: fit.rows.actions + first * head.actionSize, targets: y,
      weights: fit.rows.weights.map { $0 + first }, rows: rows, share: 1 / Float(fit.blocks.rows),
      errors: errorBase + first, scratch: worker.scratch.mutablePointer)
    network.backward(
      parameters, x, rows: rows, outputGradient: output, worker.pass, parameterGradient: gradients[block])
    sums.mutablePointer[2 * block] = loss
    sums.mutablePointer[2 * block + 1] = value
  }
}
