import Interfaces
import Kernels
import Networks

/// Buffers and parallel passes of actor-critic updates. Rows are cut into blocks of fixed size, each with its own gradient.
final class ActorCriticScratch<Head: ActorHead>: PhasedWork {
  enum Phase { case criticWeights, criticGradient, criticStep, actorWeights, actorGradient, actorStep }

  private let capacity: Int
  private let workers: [ActorWorkspace]
  private var noise: Vector  // [2, N, A]: for the next actions, then for the actor's
  private let actorGradients: BlockGradients
  private let criticGradients: BlockGradients
  private var penaltyDraws: Vector  // [3, n, N, A]
  private var sums: Vector  // [blocks, 2]: loss and average value, or loss and log-probability
  /// Weights that all blocks of a pass read: the actor's, those of the critics and those of their targets.
  private let packedActor: PackedWeights
  private let packedCritics: [PackedWeights]
  private let packedTargets: [PackedWeights]
  private var fit: Fit?
  private var ascent: Ascent?

  /// A fit of the critics under way.
  private struct Fit {
    let rows: FittedRows
    let blocks: RowBlocks
    let noise: UnsafePointer<Float>
    let bootstrap: BootstrapPass<Head>
    let parameters: UnsafeMutablePointer<Float>
    let targets: UnsafeMutablePointer<Float>?
    let step: Adam.Step
    let discount: Float
    let tau: Float
    let dropout: RandomStream?
    let penalty: ConservativePenalty?
  }

  /// An improvement of the policy under way.
  private struct Ascent {
    let observations: UnsafePointer<Float>
    let blocks: RowBlocks
    let noise: UnsafePointer<Float>
    let head: Head
    let network: Perceptron
    let parameters: UnsafeMutablePointer<Float>
    let target: UnsafeMutablePointer<Float>?
    let critics: CriticNetworks
    let ascent: CriticAscent
    let criticParameters: UnsafePointer<Float>
    let step: Adam.Step
    let tau: Float
    let temperature: Float
    let prior: PriorTerm?
    let dropout: RandomStream?
  }

  init(_ core: ActorCriticCore<Head>, rows: Int) {
    capacity = rows
    workers = (0..<WorkerPool.threads).map { _ in
      ActorWorkspace(
        actor: core.actorNetwork, actionSize: core.critics.actionSize, critics: core.critics, gradients: true)
    }
    let blocks = RowBlocks(rows: rows).count
    noise = Vector(count: 2 * rows * core.critics.actionSize)
    penaltyDraws = Vector(count: 3 * (core.penalty?.samples ?? 0) * rows * core.critics.actionSize)
    actorGradients = BlockGradients(parameters: core.actorNetwork.layout.count, blocks: blocks)
    criticGradients = BlockGradients(parameters: core.critics.parameterCount, blocks: blocks)
    sums = Vector(count: 2 * blocks)
    packedActor = PackedWeights(for: core.actorNetwork, gradients: true)
    packedCritics = (0..<core.critics.members).map { _ in
      PackedWeights(for: core.critics.network, gradients: true, inputGradients: true)
    }
    packedTargets = (0..<core.critics.members).map { _ in PackedWeights(for: core.critics.network) }
  }

  /// Whether it can serve that many rows with the threads there are now.
  func fits(rows: Int) -> Bool { rows <= capacity && workers.count >= WorkerPool.threads }

  /// Draws the noise of `count` next actions, and where `both` is set of as many actions of the actor.
  func drawNoise(_ count: Int, both: Bool, using random: inout RandomStream) {
    random.fillNormal(noise.mutablePointer, count: both ? 2 * count : count)
  }

  /// Draws what a penalty needs for `count` components of actions.
  func drawPenalty(_ penalty: ConservativePenalty.Settings, count: Int, using random: inout RandomStream) {
    let (draws, each) = (penaltyDraws.mutablePointer, penalty.samples * count)
    random.fillUniform(draws, count: each, low: -1, high: 1)
    random.fillNormal(draws + each, count: 2 * each)
  }

  /// One step of the critics toward the least of those of `subset`, with noise drawn before; their targets move if
  /// `movesTargets`.
  func fitCritics(
    _ core: inout ActorCriticCore<Head>, _ rows: FittedRows, temperature: Float, prior: PriorTerm? = nil,
    among subset: UInt64 = .max, movesTargets: Bool
  ) -> CriticLosses {
    let (parameters, targets) = (core.criticParameters.mutablePointer, core.criticTargets.mutablePointer)
    let blocks = RowBlocks(rows: rows.count)
    let dropout = core.dropout(.fit)
    fit = Fit(
      rows: rows, blocks: blocks, noise: noise.pointer,
      bootstrap: BootstrapPass(
        head: core.head, network: core.actorNetwork, actor: (core.actorTarget ?? core.actor).pointer,
        critics: core.critics, criticTargets: targets, temperature: temperature, prior: prior,
        subset: subset, dropout: core.dropout(.targets), packed: (packedActor, packedTargets)),
      parameters: parameters, targets: movesTargets ? targets : nil,
      step: core.criticOptimizer.beginStep(learningRate: core.rates.criticLearningRate), discount: core.rates.discount,
      tau: core.rates.tau, dropout: dropout,
      penalty: core.penalty.map {
        ConservativePenalty(settings: $0, batchRows: rows.count, draws: penaltyDraws.pointer)
      })
    run(.criticWeights, shards: core.critics.members)
    run(.criticGradient, shards: blocks.count)
    run(.criticStep, shards: criticGradients.pieces)
    let (loss, value) = means(blocks)
    return CriticLosses(loss: loss, value: value)
  }

  /// One step of the actor, with noise drawn before as the `half`th part of [2, N, A]; its target, if it has one, moves.
  func improveActor(
    _ core: inout ActorCriticCore<Head>, at observations: Matrix, noiseHalf half: Int, temperature: Float,
    prior: PriorTerm? = nil
  ) -> ActorLosses {
    precondition(
      observations.columns == core.actorNetwork.inputs && observations.rows > 0, "observations of another shape")
    let blocks = RowBlocks(rows: observations.rows)
    ascent = Ascent(
      observations: observations.pointer, blocks: blocks,
      noise: noise.pointer + half * observations.rows * core.critics.actionSize, head: core.head,
      network: core.actorNetwork, parameters: core.actor.mutablePointer, target: core.actorTarget?.mutablePointer,
      critics: core.critics, ascent: core.ascent, criticParameters: core.criticParameters.pointer,
      step: core.actorOptimizer.beginStep(learningRate: core.rates.actorLearningRate), tau: core.rates.tau,
      temperature: temperature, prior: prior, dropout: core.dropout(.ascent))
    run(.actorWeights, shards: core.critics.members)
    run(.actorGradient, shards: blocks.count)
    run(.actorStep, shards: actorGradients.pieces)
    let (loss, logProbability) = means(blocks)
    return ActorLosses(loss: loss, entropy: -logProbability)
  }

  private func means(_ blocks: RowBlocks) -> (Float, Float) {
    let share = 1 / Float(blocks.rows)
    var (first, second) = (Float(0), Float(0))
    for block in 0..<blocks.count {
      first += sums.pointer[2 * block] * share
      second += sums.pointer[2 * block + 1] * share
    }
    return (first, second)
  }

  func run(_ phase: Phase, shard: Int, worker: Int) {
    switch phase {
    case .criticWeights: if let fit { packWeights(fit, member: shard) }
    case .actorWeights: if let ascent { packWeights(ascent, member: shard) }
    case .criticGradient: if let fit { criticGradient(fit, block: shard, workers[worker]) }
    case .criticStep:
      guard let fit else { return }
      criticGradients.step(
        piece: shard, blocks: fit.blocks.count, fit.step, fit.parameters, target: fit.targets, tau: fit.tau)
    case .actorGradient: if let ascent { actorGradient(ascent, block: shard, workers[worker]) }
    case .actorStep:
      guard let ascent else { return }
      actorGradients.step(
        piece: shard, blocks: ascent.blocks.count, ascent.step, ascent.parameters, target: ascent.target,
        tau: ascent.tau)
    }
  }

  /// Packs a critic and its target, if any pass reads it, and with the first critic the actor.
  private func packWeights(_ fit: Fit, member: Int) {
    let (bootstrap, place) = (fit.bootstrap, member * fit.bootstrap.critics.network.layout.count)
    packedCritics[member].update(from: fit.parameters + place)
    guard case .bootstrapped = fit.rows.targets else { return }
    if bootstrap.subset >> UInt64(member) & 1 == 1 {
      packedTargets[member].update(from: bootstrap.criticTargets + place)
    }
    if member == 0 { packedActor.update(from: bootstrap.actor) }
  }

  /// The same of critics that the actor ascends.
  private func packWeights(_ ascent: Ascent, member: Int) {
    if member == 0 { packedActor.update(from: ascent.parameters) }
    if case .leastOf(let count) = ascent.ascent, member >= count { return }
    packedCritics[member].update(
      from: ascent.criticParameters + member * ascent.critics.network.layout.count)
  }

  private func criticGradient(_ fit: Fit, block: Int, _ worker: ActorWorkspace) {
    guard let criticWorkspace = worker.critics else { return }
    let (critics, range, y) = (fit.bootstrap.critics, fit.blocks[block], worker.targets.mutablePointer)
    let first = range.lowerBound
    let weights = fit.rows.writeTargets(
      range, observationSize: critics.observationSize, discount: fit.discount, into: y
    ) { next, values in
      fit.bootstrap.values(
        of: next, noise: fit.noise + first * critics.actionSize, rows: range.count, block: block, into: values, worker)
    }
    let x = critics.pair(
      fit.rows.observations + first * critics.observationSize, actions: fit.rows.actions + first * critics.actionSize,
      rows: range.count, criticWorkspace)
    let share = 1 / Float(fit.blocks.rows)
    var penalty: ConservativePenalty?
    var successors: FittedRows.Successors?
    if case .bootstrapped(let found) = fit.rows.targets { (penalty, successors) = (fit.penalty, found) }
    var (loss, value) = critics.regress(
      fit.parameters, x, targets: y, weights: weights, rows: range.count, share: share,
      gradients: criticGradients[block], dropout: fit.dropout?.child(block),
      push: penalty?.dataSlope(share: share) ?? 0, packed: packedCritics, criticWorkspace)
    if let penalty, let successors {
      let (members, size) = (Float(critics.members), critics.observationSize)
      loss -= penalty.settings.weight * members * value
      loss += penalty.add(
        .init(
          head: fit.bootstrap.head, actorNetwork: fit.bootstrap.network, actor: fit.bootstrap.actor, critics: critics,
          parameters: fit.parameters, first: first, rows: range.count,
          observations: fit.rows.observations + first * size,
          next: successors.next + first * size), share: share, to: criticGradients[block], worker)
    }
    sums.mutablePointer[2 * block] = loss
    sums.mutablePointer[2 * block + 1] = value
  }

  private func actorGradient(_ ascent: Ascent, block: Int, _ worker: ActorWorkspace) {
    guard let criticWorkspace = worker.critics else { return }
    let (critics, range) = (ascent.critics, ascent.blocks[block])
    let (first, rows, size) = (range.lowerBound, range.count, critics.actionSize)
    let observations = ascent.observations + first * critics.observationSize
    let noise = ascent.noise + first * size
    let output = ascent.network.forward(
      ascent.parameters, observations, rows: rows, worker.actor, packed: packedActor)
    let (actions, logProbabilities) = (worker.actions.mutablePointer, worker.logProbabilities.mutablePointer)
    ascent.head.sample(
      output, noise: noise, rows: rows, size: size, actions: actions, logProbabilities: logProbabilities)
    // loss = mean of alpha log pi - min Q
    let share = 1 / Float(ascent.blocks.rows)
    let values = worker.values.mutablePointer
    let x = critics.pair(observations, unitActions: actions, rows: rows, criticWorkspace)
    let dropout = ascent.dropout?.child(block)
    let inputGradients =
      switch ascent.ascent {
      case .leastOf(let count):
        critics.leastAndGradient(
          ascent.criticParameters, x, rows: rows, among: count, scale: -share, dropout: dropout,
          packed: packedCritics, into: values, criticWorkspace)
      case .mean:
        critics.meanAndGradient(
          ascent.criticParameters, x, rows: rows, scale: -share, dropout: dropout, packed: packedCritics, into: values,
          criticWorkspace)
      }
    let (actionGradients, width) = (worker.actionGradients.mutablePointer, critics.network.inputs)
    for r in 0..<rows {
      for c in 0..<size {
        actionGradients[r * size + c] = inputGradients[r * width + critics.observationSize + c]
      }
    }
    let outputGradients = worker.outputGradients.mutablePointer
    let logProbabilityGradients = worker.logProbabilityGradients.mutablePointer
    logProbabilityGradients.update(repeating: ascent.temperature * share, count: rows)
    ascent.head.backward(
      output, noise: noise, actions: actions, actionGradient: actionGradients,
      logProbabilityGradients: logProbabilityGradients, rows: rows, size: size, gradient: outputGradients)
    var loss: Float = 0
    if let prior = ascent.prior {
      loss -= prior.descend(
        observations, output, noise: noise, share: share, rows: rows, size: size, gradient: outputGradients,
        worker.reservePrior(prior))
    }
    ascent.network.backward(
      ascent.parameters, observations, rows: rows, outputGradient: outputGradients, worker.actor,
      parameterGradient: actorGradients[block], packed: packedActor)
    var logProbability: Float = 0
    for r in 0..<rows {
      loss += ascent.temperature * logProbabilities[r] - values[r]
      logProbability += logProbabilities[r]
    }
    sums.mutablePointer[2 * block] = loss
    sums.mutablePointer[2 * block + 1] = logProbability
  }
}
