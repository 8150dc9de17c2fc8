import Interfaces
import Kernels
import Networks

/// Buffers and parallel passes of one update. Rows of the batch are cut into blocks of fixed size, each with its own
/// gradient; these are added in order, so results do not depend on the number of threads.
final class SoftActorCriticScratch {
  /// Rows in a block: two blocks of a batch of 256 keep two threads even at full speed of the matrix products.
  static let blockRows = 128
  /// Parameters in a block of the optimizer step.
  static let blockParameters = 8192

  /// Means over the batch.
  struct Losses {
    var critic: Float
    var actor: Float
    var entropy: Float
    var value: Float
  }

  let batchSize: Int
  private let blocks: Int
  private let actorNetwork: Perceptron
  private let criticNetwork: Perceptron
  private let observationSize: Int
  private let actionSize: Int
  private let discount: Float
  private let tau: Float
  private let scaling: ActionScaling
  private var workers: [Worker]
  private var noise: Vector  // [2, N, A]: for the next actions, then for the actor's
  private var actorGradients: Vector  // [blocks, parameters]
  private var criticGradients: Vector  // [blocks, 2 * parameters]
  private var sums: Vector  // [blocks, 4]: critic loss, actor loss, log-probability, value

  // The update under way.
  private var actor: UnsafeMutablePointer<Float>?
  private var critics: UnsafeMutablePointer<Float>?
  private var criticTargets: UnsafeMutablePointer<Float>?
  private var batch: BatchPointers?
  private var temperature: Float = 0
  private var actorStep: Adam.Step?
  private var criticStep: Adam.Step?

  private struct BatchPointers {
    let observations: UnsafePointer<Float>
    let actions: UnsafePointer<Float>
    let rewards: UnsafePointer<Float>
    let next: UnsafePointer<Float>
    let continues: UnsafePointer<Float>
  }

  /// One thread's scratch.
  private final class Worker {
    let actor: PerceptronWorkspace
    let critics: [PerceptronWorkspace]
    var pairs: Matrix  // [rows, D + A]: observation and unit action
    var actions: Matrix  // [rows, A]
    var logProbabilities: Vector
    var targets: Vector
    var outputGradients: Vector  // [2, rows]
    var inputGradients: Matrix  // [2 * rows, D + A]
    var actionGradients: Matrix  // [rows, A]
    var actorOutputGradients: Matrix  // [rows, 2 A]

    init(actor network: Perceptron, critic: Perceptron, actionSize: Int) {
      let rows = SoftActorCriticScratch.blockRows
      actor = PerceptronWorkspace(for: network, capacity: rows, keepsActivations: true)
      critics = (0..<2).map { _ in PerceptronWorkspace(for: critic, capacity: rows, keepsActivations: true) }
      pairs = Matrix(rows: rows, columns: critic.inputs)
      actions = Matrix(rows: rows, columns: actionSize)
      logProbabilities = Vector(count: rows)
      targets = Vector(count: rows)
      outputGradients = Vector(count: 2 * rows)
      inputGradients = Matrix(rows: 2 * rows, columns: critic.inputs)
      actionGradients = Matrix(rows: rows, columns: actionSize)
      actorOutputGradients = Matrix(rows: rows, columns: 2 * actionSize)
    }
  }

  init(_ learner: SoftActorCritic, batchSize: Int) {
    precondition(batchSize > 0, "empty batch")
    self.batchSize = batchSize
    blocks = (batchSize + SoftActorCriticScratch.blockRows - 1) / SoftActorCriticScratch.blockRows
    actorNetwork = learner.actorNetwork
    criticNetwork = learner.critics.network
    actionSize = learner.scaling.size
    observationSize = actorNetwork.inputs
    discount = learner.settings.discount
    tau = learner.settings.tau
    scaling = learner.scaling
    let (policy, value, actions) = (actorNetwork, criticNetwork, actionSize)
    workers = (0..<WorkerPool.threads).map { _ in Worker(actor: policy, critic: value, actionSize: actions) }
    noise = Vector(count: 2 * batchSize * actionSize)
    actorGradients = Vector(count: blocks * actorNetwork.layout.count)
    criticGradients = Vector(count: blocks * 2 * criticNetwork.layout.count)
    sums = Vector(count: 4 * blocks)
  }

  /// Whether it can serve batches of that size with the threads there are now.
  func fits(batchSize: Int) -> Bool { batchSize == self.batchSize && workers.count >= WorkerPool.threads }

  /// One update of `learner`.
  func update(
    _ learner: inout SoftActorCritic, _ batch: TransitionBatch, using random: inout RandomStream
  ) -> Losses {
    precondition(
      batch.observations.columns == observationSize && batch.actions.columns == actionSize, "batch of another shape")
    random.fillNormal(noise.mutablePointer, count: noise.count)
    actor = learner.actor.mutablePointer
    critics = learner.critics.parameters.mutablePointer
    criticTargets = learner.criticTargets.mutablePointer
    self.batch = BatchPointers(
      observations: batch.observations.pointer, actions: batch.actions.pointer, rewards: batch.rewards.pointer,
      next: batch.nextObservations.pointer, continues: batch.continues.pointer)
    temperature = learner.temperature
    criticStep = learner.criticOptimizer.beginStep(learningRate: learner.settings.criticLearningRate)
    actorStep = learner.actorOptimizer.beginStep(learningRate: learner.settings.actorLearningRate)
    let this = Unmanaged.passUnretained(self)
    WorkerPool.run(shards: blocks, Phase(owner: this, kind: .criticGradient))
    WorkerPool.run(shards: pieces(2 * criticNetwork.layout.count), Phase(owner: this, kind: .criticStep))
    WorkerPool.run(shards: blocks, Phase(owner: this, kind: .actorGradient))
    WorkerPool.run(shards: pieces(actorNetwork.layout.count), Phase(owner: this, kind: .actorStep))
    let share = 1 / Float(batchSize)
    var total = Losses(critic: 0, actor: 0, entropy: 0, value: 0)
    for block in 0..<blocks {
      total.critic += sums.pointer[4 * block] * share
      total.actor += sums.pointer[4 * block + 1] * share
      total.entropy -= sums.pointer[4 * block + 2] * share
      total.value += sums.pointer[4 * block + 3] * share
    }
    if learner.settings.temperatureLearningRate > 0 {
      // d/d(log alpha) of -log alpha * (log pi + target entropy)
      var gradient = total.entropy - learner.targetEntropy
      learner.temperatureOptimizer.beginStep(learningRate: learner.settings.temperatureLearningRate)
        .apply(learner.logTemperature.mutablePointer, gradient: &gradient, range: 0..<1)
    }
    return total
  }

  private func pieces(_ count: Int) -> Int {
    (count + SoftActorCriticScratch.blockParameters - 1) / SoftActorCriticScratch.blockParameters
  }

  private struct Phase: ShardedWork {
    enum Kind { case criticGradient, criticStep, actorGradient, actorStep }
    let owner: Unmanaged<SoftActorCriticScratch>
    let kind: Kind

    func run(shard: Int, worker: Int) {
      owner._withUnsafeGuaranteedRef { owner in
        switch kind {
        case .criticGradient: owner.criticGradient(block: shard, worker: worker)
        case .criticStep: owner.stepCritics(piece: shard)
        case .actorGradient: owner.actorGradient(block: shard, worker: worker)
        case .actorStep: owner.stepActor(piece: shard)
        }
      }
    }
  }

  /// Rows of a block of the batch.
  private func rows(of block: Int) -> Range<Int> {
    let first = block * SoftActorCriticScratch.blockRows
    return first..<min(first + SoftActorCriticScratch.blockRows, batchSize)
  }

  private func pair(
    _ observations: UnsafePointer<Float>, _ rows: Int, with actions: UnsafePointer<Float>?, _ worker: Worker
  ) -> UnsafeMutablePointer<Float> {
    let (target, width) = (worker.pairs.mutablePointer, criticNetwork.inputs)
    for r in 0..<rows {
      for c in 0..<observationSize { target[r * width + c] = observations[r * observationSize + c] }
      if let actions {
        for c in 0..<actionSize { target[r * width + observationSize + c] = actions[r * actionSize + c] }
      }
    }
    return target
  }

  private func criticGradient(block: Int, worker index: Int) {
    guard let actor, let critics, let criticTargets, let batch else { return }
    let (worker, range) = (workers[index], rows(of: block))
    let (first, rows, size) = (range.lowerBound, range.count, criticNetwork.layout.count)
    // a' ~ pi(s'), log pi(a' | s')
    let next = batch.next + first * observationSize
    let output = actorNetwork.forward(actor, next, rows: rows, worker.actor)
    let (actions, logProbabilities) = (worker.actions.mutablePointer, worker.logProbabilities.mutablePointer)
    TanhGaussianHead.sample(
      output, noise: noise.pointer + first * actionSize, rows: rows, size: actionSize, actions: actions,
      logProbabilities: logProbabilities)
    // y = r + discount * continues * (min Q'(s', a') - alpha log pi)
    var x = pair(next, rows, with: actions, worker)
    let q0 = criticNetwork.forward(criticTargets, x, rows: rows, worker.critics[0])
    let q1 = criticNetwork.forward(criticTargets + size, x, rows: rows, worker.critics[1])
    let y = worker.targets.mutablePointer
    for r in 0..<rows {
      let value = min(q0[r], q1[r]) - temperature * logProbabilities[r]
      y[r] = batch.rewards[first + r] + discount * batch.continues[first + r] * value
    }
    // Q_i(s, a), its loss 1/2 (Q_i - y)^2 and gradient
    x = pair(batch.observations + first * observationSize, rows, with: nil, worker)
    scaling.toUnit(
      batch.actions + first * actionSize, rows: rows, into: x + observationSize, stride: criticNetwork.inputs)
    let share = 1 / Float(batchSize)
    var (loss, value) = (Float(0), Float(0))
    for critic in 0..<2 {
      let q = criticNetwork.forward(critics + critic * size, x, rows: rows, worker.critics[critic])
      for r in 0..<rows {
        let error = q[r] - y[r]
        loss += 0.5 * error * error
        value += 0.5 * q[r]
        q[r] = error * share
      }
      criticNetwork.backward(
        critics + critic * size, x, rows: rows, outputGradient: q, worker.critics[critic],
        parameterGradient: criticGradients.mutablePointer + (2 * block + critic) * size)
    }
    sums.mutablePointer[4 * block] = loss
    sums.mutablePointer[4 * block + 3] = value
  }

  private func stepCritics(piece: Int) {
    guard let critics, let criticTargets, let criticStep else { return }
    let count = 2 * criticNetwork.layout.count
    let range = range(of: piece, in: count)
    combine(criticGradients.mutablePointer, stride: count, range)
    criticStep.apply(critics, gradient: criticGradients.pointer, range: range)
    Elementwise.interpolate(
      criticTargets + range.lowerBound, toward: critics + range.lowerBound, count: range.count, tau: tau)
  }

  private func actorGradient(block: Int, worker index: Int) {
    guard let actor, let critics, let batch else { return }
    let (worker, range) = (workers[index], rows(of: block))
    let (first, rows, size) = (range.lowerBound, range.count, criticNetwork.layout.count)
    let observations = batch.observations + first * observationSize
    let draws = noise.pointer + (batchSize + first) * actionSize
    let output = actorNetwork.forward(actor, observations, rows: rows, worker.actor)
    let (actions, logProbabilities) = (worker.actions.mutablePointer, worker.logProbabilities.mutablePointer)
    TanhGaussianHead.sample(
      output, noise: draws, rows: rows, size: actionSize, actions: actions, logProbabilities: logProbabilities)
    let x = pair(observations, rows, with: actions, worker)
    let q0 = criticNetwork.forward(critics, x, rows: rows, worker.critics[0])
    let q1 = criticNetwork.forward(critics + size, x, rows: rows, worker.critics[1])
    // loss = mean of alpha log pi - min Q: the gradient goes to the smaller critic alone
    let share = 1 / Float(batchSize)
    let gradients = worker.outputGradients.mutablePointer
    var (loss, entropy) = (Float(0), Float(0))
    for r in 0..<rows {
      let firstIsLess = q0[r] <= q1[r]
      gradients[r] = firstIsLess ? -share : 0
      gradients[rows + r] = firstIsLess ? 0 : -share
      loss += temperature * logProbabilities[r] - (firstIsLess ? q0[r] : q1[r])
      entropy += logProbabilities[r]
    }
    let inputGradients = worker.inputGradients.mutablePointer
    let width = criticNetwork.inputs
    for critic in 0..<2 {
      criticNetwork.backward(
        critics + critic * size, x, rows: rows, outputGradient: gradients + critic * rows, worker.critics[critic],
        parameterGradient: nil, inputGradient: inputGradients + critic * rows * width)
    }
    let actionGradients = worker.actionGradients.mutablePointer
    for r in 0..<rows {
      for c in 0..<actionSize {
        let column = observationSize + c
        actionGradients[r * actionSize + c] =
          inputGradients[r * width + column] + inputGradients[(rows + r) * width + column]
      }
    }
    let outputGradients = worker.actorOutputGradients.mutablePointer
    TanhGaussianHead.backward(
      output, noise: draws, actions: actions, actionGradient: actionGradients,
      logProbabilityGradient: temperature * share, rows: rows, size: actionSize, gradient: outputGradients)
    actorNetwork.backward(
      actor, observations, rows: rows, outputGradient: outputGradients, worker.actor,
      parameterGradient: actorGradients.mutablePointer + block * actorNetwork.layout.count)
    sums.mutablePointer[4 * block + 1] = loss
    sums.mutablePointer[4 * block + 2] = entropy
  }

  private func stepActor(piece: Int) {
    guard let actor, let actorStep else { return }
    let range = range(of: piece, in: actorNetwork.layout.count)
    combine(actorGradients.mutablePointer, stride: actorNetwork.layout.count, range)
    actorStep.apply(actor, gradient: actorGradients.pointer, range: range)
  }

  private func range(of piece: Int, in count: Int) -> Range<Int> {
    let first = piece * SoftActorCriticScratch.blockParameters
    return first..<min(first + SoftActorCriticScratch.blockParameters, count)
  }

  /// Adds the gradients of the later blocks to the first's, in order.
  private func combine(_ gradients: UnsafeMutablePointer<Float>, stride: Int, _ range: Range<Int>) {
    for block in 1..<max(blocks, 1) {
      Elementwise.add(
        gradients + range.lowerBound, gradients + block * stride + range.lowerBound, count: range.count)
    }
  }
}
