import Interfaces
import Kernels
import Networks

/// Buffers and parallel passes of CrossQ's updates. A critic sees a whole batch, so critics are the shards; where statistics
/// are fixed, blocks of rows are.
final class CrossQScratch: PhasedWork {
  enum Phase { case nextActions, criticForward, criticBackward, criticStep, criticValues, actorStep }

  private let capacity: Int
  private let workers: [ActorWorkspace]
  private let passes: [RenormalizedPerceptron.Workspace]
  private let actorPass: RenormalizedPerceptron.Workspace
  private var noise: Vector  // [2, N, A]: for the next actions, then for the actor's
  private var pairs: Matrix  // [2 N, D + A]
  private var logProbabilities: Vector  // [N]
  private var targets: Vector  // [N]
  private var outputGradients: Matrix  // of each critic [critics, 2 N]
  private var actions: Matrix  // [N, A], unit
  private var actionGradients: Matrix  // [N, A]
  private var actorOutputGradients: Matrix  // [N, 2 A]
  private var values: Vector  // [N]
  private var scales: Vector  // [N]
  private var foldedCritics: Vector
  private let criticGradients: BlockGradients
  private let actorGradients: BlockGradients
  private var job: Job?

  /// What the phases of an update need.
  private struct Job {
    let critics: CriticNetworks
    let criticNetwork: RenormalizedPerceptron
    let actorNetwork: RenormalizedPerceptron
    let blocks: RowBlocks
    let batch: BatchPointers
    let foldedActor: UnsafePointer<Float>
    let criticParameters: UnsafeMutablePointer<Float>
    let criticStatistics: UnsafeMutablePointer<Float>
    let actor: UnsafeMutablePointer<Float>
    let momentum: Float
    let renormalizes: Bool
    var criticStep: Adam.Step?
    var actorStep: Adam.Step?
  }

  private struct BatchPointers {
    let observations: UnsafePointer<Float>
    let actions: UnsafePointer<Float>
    let next: UnsafePointer<Float>
  }

  init(_ learner: CrossQ, rows: Int) {
    capacity = rows
    let critics = learner.foldedCritics
    let size = critics.actionSize
    workers = (0..<WorkerPool.threads).map { _ in
      ActorWorkspace(actor: learner.actorNetwork.folded, actionSize: size, critics: critics, gradients: true)
    }
    passes = (0..<critics.members).map { _ in .init(for: learner.criticNetwork, capacity: 2 * rows) }
    actorPass = .init(for: learner.actorNetwork, capacity: rows)
    noise = Vector(count: 2 * rows * size)
    pairs = Matrix(rows: 2 * rows, columns: critics.network.inputs)
    logProbabilities = Vector(count: rows)
    targets = Vector(count: rows)
    outputGradients = Matrix(rows: critics.members, columns: 2 * rows)
    actions = Matrix(rows: rows, columns: size)
    actionGradients = Matrix(rows: rows, columns: size)
    actorOutputGradients = Matrix(rows: rows, columns: 2 * size)
    values = Vector(count: rows)
    scales = Vector(count: rows)
    foldedCritics = Vector(count: critics.parameterCount)
    criticGradients = BlockGradients(parameters: learner.critics.count, blocks: 1)
    actorGradients = BlockGradients(parameters: learner.actor.count, blocks: 1)
  }

  /// Whether it can serve that many rows with the threads there are now.
  func fits(rows: Int) -> Bool { rows <= capacity && workers.count >= WorkerPool.threads }

  /// Draws the noise of `count` next actions and of as many of the actor.
  func drawNoise(_ count: Int, using random: inout RandomStream) {
    random.fillNormal(noise.mutablePointer, count: 2 * count)
  }

  private func makeJob(_ learner: inout CrossQ, _ batch: TransitionBatch) -> Job {
    Job(
      critics: learner.foldedCritics, criticNetwork: learner.criticNetwork, actorNetwork: learner.actorNetwork,
      blocks: RowBlocks(rows: batch.count),
      batch: BatchPointers(
        observations: batch.observations.pointer, actions: batch.actions.pointer,
        next: batch.nextObservations.pointer),
      foldedActor: learner.foldedActor.pointer, criticParameters: learner.critics.mutablePointer,
      criticStatistics: learner.criticStatistics.mutablePointer, actor: learner.actor.mutablePointer,
      momentum: learner.settings.momentum,
      renormalizes: learner.criticOptimizer.steps >= learner.settings.renormalizationStart)
  }

  /// One step of the critics, with noise drawn before.
  func fitCritics(_ learner: inout CrossQ, _ batch: TransitionBatch, temperature: Float) -> CriticLosses {
    var job = makeJob(&learner, batch)
    self.job = job
    let (rows, members) = (batch.count, job.critics.members)
    run(.nextActions, shards: job.blocks.count)
    run(.criticForward, shards: members)
    // y = r + discount * continues * (min_i Q_i(s', a') - alpha log pi)
    let y = targets.mutablePointer
    for r in 0..<rows {
      var least = passes[0].output[rows + r]
      for member in 1..<members { least = min(least, passes[member].output[rows + r]) }
      y[r] =
        batch.rewards.pointer[r] + learner.settings.discount * batch.continues.pointer[r]
        * (least - temperature * logProbabilities[r])
    }
    var losses = CriticLosses()
    let (share, each) = (1 / Float(rows), 1 / Float(rows * members))
    for member in 0..<members {
      let (q, gradient) = (passes[member].output, outputGradients.mutablePointer + member * outputGradients.columns)
      for r in 0..<rows {
        let error = q[r] - y[r]
        losses.loss += share * (0.5 * error * error)
        losses.value += each * q[r]
        gradient[r] = share * error
      }
      (gradient + rows).update(repeating: 0, count: rows)
    }
    job.criticStep = learner.criticOptimizer.beginStep(learningRate: learner.settings.criticLearningRate)
    self.job = job
    run(.criticBackward, shards: members)
    run(.criticStep, shards: criticGradients.pieces)
    return losses
  }

  /// One step of the actor, with noise drawn before.
  func improveActor(_ learner: inout CrossQ, _ batch: TransitionBatch, temperature: Float) -> ActorLosses {
    var job = makeJob(&learner, batch)
    let (rows, size, head) = (batch.count, job.critics.actionSize, SquashedGaussianActor())
    let own = noise.pointer + rows * size
    let output = job.actorNetwork.forward(
      job.actor, learner.actorStatistics.mutablePointer, job.batch.observations, rows: rows, momentum: job.momentum,
      renormalizes: job.renormalizes, actorPass)
    head.sample(
      output, noise: own, rows: rows, size: size, actions: actions.mutablePointer,
      logProbabilities: logProbabilities.mutablePointer)
    for member in 0..<job.critics.members {
      job.criticNetwork.fold(
        job.criticParameters + member * job.criticNetwork.layout.count,
        job.criticStatistics + member * job.criticNetwork.statisticsCount,
        into: foldedCritics.mutablePointer + member * job.critics.network.layout.count)
    }
    job.actorStep = learner.actorOptimizer.beginStep(learningRate: learner.settings.actorLearningRate)
    self.job = job
    run(.criticValues, shards: job.blocks.count)
    let share = 1 / Float(rows)
    scales.mutablePointer.update(repeating: temperature * share, count: rows)
    head.backward(
      output, noise: own, actions: actions.pointer, actionGradient: actionGradients.pointer,
      logProbabilityGradients: scales.pointer, rows: rows, size: size,
      gradient: actorOutputGradients.mutablePointer)
    job.actorNetwork.backward(
      job.actor, rows: rows, outputGradient: actorOutputGradients.pointer, actorPass,
      parameterGradient: actorGradients[0])
    run(.actorStep, shards: actorGradients.pieces)
    var losses = ActorLosses()
    for r in 0..<rows {
      losses.loss += share * (temperature * logProbabilities[r] - values[r])
      losses.entropy -= share * logProbabilities[r]
    }
    return losses
  }

  func run(_ phase: Phase, shard: Int, worker: Int) {
    guard let job else { return }
    switch phase {
    case .nextActions: pair(job, block: shard, workers[worker])
    case .criticForward:
      job.criticNetwork.forward(
        job.criticParameters + shard * job.criticNetwork.layout.count,
        job.criticStatistics + shard * job.criticNetwork.statisticsCount, pairs.pointer, rows: 2 * job.blocks.rows,
        momentum: job.momentum, renormalizes: job.renormalizes, passes[shard])
    case .criticBackward:
      job.criticNetwork.backward(
        job.criticParameters + shard * job.criticNetwork.layout.count, rows: 2 * job.blocks.rows,
        outputGradient: outputGradients.pointer + shard * outputGradients.columns, passes[shard],
        parameterGradient: criticGradients[0] + shard * job.criticNetwork.layout.count)
    case .criticStep:
      guard let step = job.criticStep else { return }
      criticGradients.step(piece: shard, blocks: 1, step, job.criticParameters, target: nil, tau: 0)
    case .criticValues: critique(job, block: shard, workers[worker])
    case .actorStep:
      guard let step = job.actorStep else { return }
      actorGradients.step(piece: shard, blocks: 1, step, job.actor, target: nil, tau: 0)
    }
  }

  /// Both halves' rows of one block: (s, a), and (s', a') with a' drawn from the acting actor.
  private func pair(_ job: Job, block: Int, _ worker: ActorWorkspace) {
    let (critics, range, head) = (job.critics, job.blocks[block], SquashedGaussianActor())
    let (first, rows, size) = (range.lowerBound, range.count, critics.actionSize)
    let (width, observationSize) = (critics.network.inputs, critics.observationSize)
    let next = job.batch.next + first * observationSize
    let output = job.actorNetwork.folded.forward(job.foldedActor, next, rows: rows, worker.actor)
    let drawn = worker.actions.mutablePointer
    head.sampleTarget(
      output, noise: noise.pointer + first * size, rows: rows, size: size, actions: drawn,
      logProbabilities: logProbabilities.mutablePointer + first)
    let x = pairs.mutablePointer + first * width
    let successors = x + job.blocks.rows * width
    let observations = job.batch.observations + first * observationSize
    for r in 0..<rows {
      (x + r * width).update(from: observations + r * observationSize, count: observationSize)
      (successors + r * width).update(from: next + r * observationSize, count: observationSize)
      (successors + r * width + observationSize).update(from: drawn + r * size, count: size)
    }
    critics.scaling.toUnit(job.batch.actions + first * size, rows: rows, into: x + observationSize, stride: width)
  }

  /// Least values of one block's actions and their gradients by them.
  private func critique(_ job: Job, block: Int, _ worker: ActorWorkspace) {
    guard let criticWorkspace = worker.critics else { return }
    let (critics, range) = (job.critics, job.blocks[block])
    let (first, rows, size) = (range.lowerBound, range.count, critics.actionSize)
    let x = critics.pair(
      job.batch.observations + first * critics.observationSize, unitActions: actions.pointer + first * size,
      rows: rows, criticWorkspace)
    let gradients = critics.leastAndGradient(
      foldedCritics.pointer, x, rows: rows, among: critics.members, scale: -1 / Float(job.blocks.rows),
      into: values.mutablePointer + first, criticWorkspace)
    let (target, width) = (actionGradients.mutablePointer + first * size, critics.network.inputs)
    for r in 0..<rows {
      for c in 0..<size { target[r * size + c] = gradients[r * width + critics.observationSize + c] }
    }
  }
}
