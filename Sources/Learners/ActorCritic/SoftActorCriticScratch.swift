import Interfaces
import Kernels
import Networks

/// Buffers and parallel passes of updates. Rows of a batch are cut into blocks of fixed size, each with its own
/// gradient; these are added in order, so results do not depend on the number of threads.
final class SoftActorCriticScratch {
  /// Means over the rows, of all critics and of their values.
  struct CriticLosses {
    var loss: Float = 0
    var value: Float = 0
  }

  /// Means over the rows.
  struct ActorLosses {
    var loss: Float = 0
    var entropy: Float = 0
  }

  private let capacity: Int
  private let actorNetwork: Perceptron
  private let criticNetwork: Perceptron
  private let observationSize: Int
  private let actionSize: Int
  private let discount: Float
  private let tau: Float
  private let scaling: ActionScaling
  private var workers: [Worker]
  private var noise: Vector  // [2, N, A]: for the next actions, then for the actor's
  private let actorGradients: BlockGradients
  private let criticGradients: BlockGradients  // of both critics
  private var sums: Vector  // [blocks, 4]: critic loss, actor loss, log-probability, value

  // The update under way.
  private var actor: UnsafeMutablePointer<Float>?
  private var critics: UnsafeMutablePointer<Float>?
  private var criticTargets: UnsafeMutablePointer<Float>?
  private var fitted: FittedRows?
  private var criticRows = RowBlocks(rows: 0)
  private var states: UnsafePointer<Float>?
  private var stateRows = RowBlocks(rows: 0)
  private var actorNoise: UnsafePointer<Float>?
  private var temperature: Float = 0
  private var actorStep: Adam.Step?
  private var criticStep: Adam.Step?

  /// Where the critics are fitted, and to what.
  private struct FittedRows {
    enum Targets {
      case given(values: UnsafePointer<Float>, weights: UnsafePointer<Float>)
      case bootstrapped(Successors)
    }

    let observations: UnsafePointer<Float>
    let actions: UnsafePointer<Float>
    let targets: Targets
  }

  /// How the steps of a batch went on.
  private struct Successors {
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
      let rows = RowBlocks.size
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

  init(_ learner: SoftActorCritic, rows: Int) {
    capacity = rows
    actorNetwork = learner.actorNetwork
    criticNetwork = learner.critics.network
    actionSize = learner.scaling.size
    observationSize = actorNetwork.inputs
    discount = learner.settings.discount
    tau = learner.settings.tau
    scaling = learner.scaling
    let (policy, value, actions) = (actorNetwork, criticNetwork, actionSize)
    workers = (0..<WorkerPool.threads).map { _ in Worker(actor: policy, critic: value, actionSize: actions) }
    let blocks = RowBlocks(rows: rows).count
    noise = Vector(count: 2 * rows * actionSize)
    actorGradients = BlockGradients(parameters: actorNetwork.layout.count, blocks: blocks)
    criticGradients = BlockGradients(parameters: 2 * criticNetwork.layout.count, blocks: blocks)
    sums = Vector(count: 4 * blocks)
  }

  /// Whether it can serve that many rows with the threads there are now.
  func fits(rows: Int) -> Bool { rows <= capacity && workers.count >= WorkerPool.threads }

  /// One update of `learner`.
  func update(
    _ learner: inout SoftActorCritic, _ batch: TransitionBatch, using random: inout RandomStream
  ) -> (critic: CriticLosses, actor: ActorLosses) {
    precondition(
      batch.observations.columns == observationSize && batch.actions.columns == actionSize && batch.count > 0,
      "batch of another shape")
    let count = batch.count * actionSize
    random.fillNormal(noise.mutablePointer, count: 2 * count)
    let critic = descendCritics(
      &learner, batch.count,
      FittedRows(
        observations: batch.observations.pointer, actions: batch.actions.pointer,
        targets: .bootstrapped(
          Successors(
            rewards: batch.rewards.pointer, next: batch.nextObservations.pointer, continues: batch.continues.pointer))))
    let actor = descendActor(&learner, batch.observations, noise: noise.pointer + count)
    return (critic, actor)
  }

  /// The critics' part of an update, with targets from elsewhere.
  func fitValues(_ learner: inout SoftActorCritic, _ batch: ValueBatch) -> CriticLosses {
    precondition(
      batch.observations.columns == observationSize && batch.actions.columns == actionSize && batch.count > 0,
      "batch of another shape")
    return descendCritics(
      &learner, batch.count,
      FittedRows(
        observations: batch.observations.pointer, actions: batch.actions.pointer,
        targets: .given(values: batch.targets.pointer, weights: batch.weights.pointer)))
  }

  /// The actor's part of an update, and the temperature's.
  func improvePolicy(
    _ learner: inout SoftActorCritic, at observations: Matrix, using random: inout RandomStream
  ) -> ActorLosses {
    precondition(observations.columns == observationSize && observations.rows > 0, "states of another shape")
    random.fillNormal(noise.mutablePointer, count: observations.rows * actionSize)
    return descendActor(&learner, observations, noise: noise.pointer)
  }

  private func descendCritics(_ learner: inout SoftActorCritic, _ rows: Int, _ fitted: FittedRows) -> CriticLosses {
    actor = learner.actor.mutablePointer
    critics = learner.critics.parameters.mutablePointer
    criticTargets = learner.criticTargets.mutablePointer
    temperature = learner.temperature
    self.fitted = fitted
    criticRows = RowBlocks(rows: rows)
    criticStep = learner.criticOptimizer.beginStep(learningRate: learner.settings.criticLearningRate)
    let this = Unmanaged.passUnretained(self)
    WorkerPool.run(shards: criticRows.count, Phase(owner: this, kind: .criticGradient))
    WorkerPool.run(shards: criticGradients.pieces, Phase(owner: this, kind: .criticStep))
    let share = 1 / Float(rows)
    var total = CriticLosses()
    for block in 0..<criticRows.count {
      total.loss += sums.pointer[4 * block] * share
      total.value += sums.pointer[4 * block + 3] * share
    }
    return total
  }

  private func descendActor(
    _ learner: inout SoftActorCritic, _ observations: Matrix, noise: UnsafePointer<Float>
  ) -> ActorLosses {
    actor = learner.actor.mutablePointer
    critics = learner.critics.parameters.mutablePointer
    temperature = learner.temperature
    states = observations.pointer
    stateRows = RowBlocks(rows: observations.rows)
    actorNoise = noise
    actorStep = learner.actorOptimizer.beginStep(learningRate: learner.settings.actorLearningRate)
    let this = Unmanaged.passUnretained(self)
    WorkerPool.run(shards: stateRows.count, Phase(owner: this, kind: .actorGradient))
    WorkerPool.run(shards: actorGradients.pieces, Phase(owner: this, kind: .actorStep))
    let share = 1 / Float(observations.rows)
    var total = ActorLosses()
    for block in 0..<stateRows.count {
      total.loss += sums.pointer[4 * block + 1] * share
      total.entropy -= sums.pointer[4 * block + 2] * share
    }
    if learner.settings.temperatureLearningRate > 0 {
      // d/d(log alpha) of -log alpha * (log pi + target entropy)
      var gradient = total.entropy - learner.targetEntropy
      learner.temperatureOptimizer.beginStep(learningRate: learner.settings.temperatureLearningRate)
        .apply(learner.logTemperature.mutablePointer, gradient: &gradient, range: 0..<1)
    }
    return total
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

  /// y = r + discount * continues * (min Q'(s', a') - alpha log pi(a' | s')) of one block
  private func bootstrap(
    _ successors: Successors, _ range: Range<Int>, _ worker: Worker, into y: UnsafeMutablePointer<Float>
  ) {
    guard let actor, let criticTargets else { return }
    let (first, rows, size) = (range.lowerBound, range.count, criticNetwork.layout.count)
    // a' ~ pi(s'), log pi(a' | s')
    let next = successors.next + first * observationSize
    let output = actorNetwork.forward(actor, next, rows: rows, worker.actor)
    let (actions, logProbabilities) = (worker.actions.mutablePointer, worker.logProbabilities.mutablePointer)
    TanhGaussianHead.sample(
      output, noise: noise.pointer + first * actionSize, rows: rows, size: actionSize, actions: actions,
      logProbabilities: logProbabilities)
    let x = pair(next, rows, with: actions, worker)
    let q0 = criticNetwork.forward(criticTargets, x, rows: rows, worker.critics[0])
    let q1 = criticNetwork.forward(criticTargets + size, x, rows: rows, worker.critics[1])
    for r in 0..<rows {
      let value = min(q0[r], q1[r]) - temperature * logProbabilities[r]
      y[r] = successors.rewards[first + r] + discount * successors.continues[first + r] * value
    }
  }

  private func criticGradient(block: Int, worker index: Int) {
    guard let critics, let fitted else { return }
    let (worker, range) = (workers[index], criticRows[block])
    let (first, rows, size) = (range.lowerBound, range.count, criticNetwork.layout.count)
    let y = worker.targets.mutablePointer
    var weights: UnsafePointer<Float>?
    switch fitted.targets {
    case .given(let values, let factors):
      y.update(from: values + first, count: rows)
      weights = factors + first
    case .bootstrapped(let successors): bootstrap(successors, range, worker, into: y)
    }
    // Q_i(s, a), its loss 1/2 (Q_i - y)^2 and gradient
    let x = pair(fitted.observations + first * observationSize, rows, with: nil, worker)
    scaling.toUnit(
      fitted.actions + first * actionSize, rows: rows, into: x + observationSize, stride: criticNetwork.inputs)
    let share = 1 / Float(criticRows.rows)
    var (loss, value) = (Float(0), Float(0))
    for critic in 0..<2 {
      let q = criticNetwork.forward(critics + critic * size, x, rows: rows, worker.critics[critic])
      for r in 0..<rows {
        let error = q[r] - y[r]
        let weight = weights.map { $0[r] } ?? 1
        loss += weight * (0.5 * error * error)
        value += 0.5 * q[r]
        q[r] = weight * (error * share)
      }
      criticNetwork.backward(
        critics + critic * size, x, rows: rows, outputGradient: q, worker.critics[critic],
        parameterGradient: criticGradients[block] + critic * size)
    }
    sums.mutablePointer[4 * block] = loss
    sums.mutablePointer[4 * block + 3] = value
  }

  private func stepCritics(piece: Int) {
    guard let critics, let criticTargets, let criticStep else { return }
    criticGradients.step(
      piece: piece, blocks: criticRows.count, criticStep, critics, target: criticTargets, tau: tau)
  }

  private func actorGradient(block: Int, worker index: Int) {
    guard let actor, let critics, let states, let actorNoise else { return }
    let (worker, range) = (workers[index], stateRows[block])
    let (first, rows, size) = (range.lowerBound, range.count, criticNetwork.layout.count)
    let observations = states + first * observationSize
    let draws = actorNoise + first * actionSize
    let output = actorNetwork.forward(actor, observations, rows: rows, worker.actor)
    let (actions, logProbabilities) = (worker.actions.mutablePointer, worker.logProbabilities.mutablePointer)
    TanhGaussianHead.sample(
      output, noise: draws, rows: rows, size: actionSize, actions: actions, logProbabilities: logProbabilities)
    let x = pair(observations, rows, with: actions, worker)
    let q0 = criticNetwork.forward(critics, x, rows: rows, worker.critics[0])
    let q1 = criticNetwork.forward(critics + size, x, rows: rows, worker.critics[1])
    // loss = mean of alpha log pi - min Q: the gradient goes to the smaller critic alone
    let share = 1 / Float(stateRows.rows)
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
      parameterGradient: actorGradients[block])
    sums.mutablePointer[4 * block + 1] = loss
    sums.mutablePointer[4 * block + 2] = entropy
  }

  private func stepActor(piece: Int) {
    guard let actor, let actorStep else { return }
    actorGradients.step(piece: piece, blocks: stateRows.count, actorStep, actor, target: nil, tau: 0)
  }
}
