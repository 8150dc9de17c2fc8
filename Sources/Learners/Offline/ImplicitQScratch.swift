import Interfaces
import Kernels
import Networks

/// Buffers and parallel passes of an update of `ImplicitQLearning`. Rows are cut into blocks of fixed size, each with its own
/// gradient.
final class ImplicitQScratch: PhasedWork {
  enum Phase { case valueGradient, valueStep, gradients, actorStep, criticStep }

  /// Means over the rows of an update.
  struct Losses {
    var critic: Float = 0
    var valueLoss: Float = 0
    var actor: Float = 0
    var weight: Float = 0
    var q: Float = 0
    var value: Float = 0
  }

  /// Scratch of one thread.
  private final class Worker {
    let actor: PerceptronWorkspace
    let value: PerceptronWorkspace
    let critics: CriticNetworks.Workspace
    var outputGradients: Matrix
    var unitActions: Matrix
    var numbers: Vector

    init(_ learner: ImplicitQLearning) {
      let (rows, size) = (RowBlocks.size, learner.critics.actionSize)
      actor = PerceptronWorkspace(for: learner.actorNetwork, capacity: rows, keepsActivations: true)
      value = PerceptronWorkspace(for: learner.valueNetwork, capacity: rows, keepsActivations: true)
      critics = CriticNetworks.Workspace(learner.critics, gradients: true)
      outputGradients = Matrix(rows: rows, columns: size)
      unitActions = Matrix(rows: rows, columns: size)
      numbers = Vector(count: rows)
    }
  }

  /// An update under way, by pointers that are valid during it.
  private struct Job {
    let settings: ImplicitQLearningSettings
    let actorNetwork: Perceptron
    let valueNetwork: Perceptron
    let critics: CriticNetworks
    let blocks: RowBlocks
    let observations: UnsafePointer<Float>
    let actions: UnsafePointer<Float>
    let next: UnsafePointer<Float>
    let rewards: UnsafePointer<Float>
    let continues: UnsafePointer<Float>
    let actor: UnsafeMutablePointer<Float>
    let value: UnsafeMutablePointer<Float>
    let criticParameters: UnsafeMutablePointer<Float>
    let criticTargets: UnsafeMutablePointer<Float>
    let actorStep: Adam.Step
    let valueStep: Adam.Step
    let criticStep: Adam.Step
  }

  private let capacity: Int
  private let workers: [Worker]
  private let actorGradients: BlockGradients
  private let valueGradients: BlockGradients
  private let criticGradients: BlockGradients
  /// min_i Q'_i(s, a), [N].
  private var least: Vector
  /// Of each block, the sums of what `Losses` holds, in its order.
  private var sums: Vector
  private var job: Job?

  init(_ learner: ImplicitQLearning, rows: Int) {
    capacity = rows
    workers = (0..<WorkerPool.threads).map { _ in Worker(learner) }
    let blocks = RowBlocks(rows: rows).count
    actorGradients = BlockGradients(parameters: learner.actor.count, blocks: blocks)
    valueGradients = BlockGradients(parameters: learner.value.count, blocks: blocks)
    criticGradients = BlockGradients(parameters: learner.criticParameters.count, blocks: blocks)
    least = Vector(count: rows)
    sums = Vector(count: 6 * blocks)
  }

  /// Whether it can serve that many rows with the threads there are now.
  func fits(rows: Int) -> Bool { rows <= capacity && workers.count >= WorkerPool.threads }

  /// One step of the value, then of actor and critics, whose targets move.
  func update(_ learner: inout ImplicitQLearning, on batch: TransitionBatch) -> Losses {
    let (settings, critics) = (learner.settings, learner.critics)
    precondition(
      batch.observations.columns == critics.observationSize && batch.actions.columns == critics.actionSize
        && batch.count > 0, "batch of another shape")
    let blocks = RowBlocks(rows: batch.count)
    let rate = learner.actorRate
    return withExtendedLifetime(batch) {
      job = Job(
        settings: settings, actorNetwork: learner.actorNetwork, valueNetwork: learner.valueNetwork, critics: critics,
        blocks: blocks, observations: batch.observations.pointer, actions: batch.actions.pointer,
        next: batch.nextObservations.pointer, rewards: batch.rewards.pointer, continues: batch.continues.pointer,
        actor: learner.actor.mutablePointer, value: learner.value.mutablePointer,
        criticParameters: learner.criticParameters.mutablePointer, criticTargets: learner.criticTargets.mutablePointer,
        actorStep: learner.actorOptimizer.beginStep(learningRate: rate),
        valueStep: learner.valueOptimizer.beginStep(learningRate: settings.valueLearningRate),
        criticStep: learner.criticOptimizer.beginStep(learningRate: settings.criticLearningRate))
      run(.valueGradient, shards: blocks.count)
      run(.valueStep, shards: valueGradients.pieces)
      run(.gradients, shards: blocks.count)
      run(.actorStep, shards: actorGradients.pieces)
      run(.criticStep, shards: criticGradients.pieces)
      job = nil
      return means(blocks)
    }
  }

  private func means(_ blocks: RowBlocks) -> Losses {
    let (share, sums) = (1 / Float(blocks.rows), sums.pointer)
    func mean(_ place: Int) -> Float {
      var total: Float = 0
      for block in 0..<blocks.count { total += sums[6 * block + place] * share }
      return total
    }
    return Losses(critic: mean(0), valueLoss: mean(1), actor: mean(2), weight: mean(3), q: mean(4), value: mean(5))
  }

  func run(_ phase: Phase, shard: Int, worker: Int) {
    guard let job else { return }
    switch phase {
    case .valueGradient: valueGradient(job, block: shard, workers[worker])
    case .valueStep:
      valueGradients.step(piece: shard, blocks: job.blocks.count, job.valueStep, job.value, target: nil, tau: 0)
    case .gradients:
      actorGradient(job, block: shard, workers[worker])
      criticGradient(job, block: shard, workers[worker])
    case .actorStep:
      actorGradients.step(piece: shard, blocks: job.blocks.count, job.actorStep, job.actor, target: nil, tau: 0)
    case .criticStep:
      criticGradients.step(
        piece: shard, blocks: job.blocks.count, job.criticStep, job.criticParameters, target: job.criticTargets,
        tau: job.settings.tau)
    }
  }

  private func valueGradient(_ job: Job, block: Int, _ worker: Worker) {
    let (range, critics) = (job.blocks[block], job.critics)
    let (first, rows) = (range.lowerBound, range.count)
    let observations = job.observations + first * critics.observationSize
    let x = critics.pair(
      observations, actions: job.actions + first * critics.actionSize, rows: rows, worker.critics)
    let q = least.mutablePointer + first
    critics.least(job.criticTargets, x, rows: rows, into: q, worker.critics)
    let v = job.valueNetwork.forward(job.value, observations, rows: rows, worker.value)
    let share = 1 / Float(job.blocks.rows)
    var (loss, total) = (Float(0), Float(0))
    for r in 0..<rows {
      let u = q[r] - v[r]
      let weight = u < 0 ? 1 - job.settings.expectile : job.settings.expectile
      loss += weight * (u * u)
      total += v[r]
      v[r] = -2 * weight * u * share
    }
    job.valueNetwork.backward(
      job.value, observations, rows: rows, outputGradient: v, worker.value, parameterGradient: valueGradients[block])
    sums.mutablePointer[6 * block + 1] = loss
    sums.mutablePointer[6 * block + 5] = total
  }

  private func actorGradient(_ job: Job, block: Int, _ worker: Worker) {
    let (range, critics) = (job.blocks[block], job.critics)
    let (first, rows, size) = (range.lowerBound, range.count, critics.actionSize)
    let observations = job.observations + first * critics.observationSize
    let v = job.valueNetwork.forward(job.value, observations, rows: rows, worker.value)
    let output = job.actorNetwork.forward(job.actor, observations, rows: rows, worker.actor)
    let (actions, gradients) = (worker.unitActions.mutablePointer, worker.outputGradients.mutablePointer)
    critics.scaling.toUnit(job.actions + first * size, rows: rows, into: actions, stride: size)
    let parameters = job.actorNetwork.layout.count
    let (logDeviations, deviationGradients) = (job.actor + parameters, actorGradients[block] + parameters)
    let (bounds, share) = (ImplicitQLearning.logDeviations, 1 / Float(job.blocks.rows))
    for c in 0..<size { deviationGradients[c] = 0 }
    var (loss, total) = (Float(0), Float(0))
    for r in 0..<rows {
      let advantage = least.pointer[first + r] - v[r]
      let weight = min(Scalar.exp(job.settings.inverseTemperature * advantage), job.settings.largestWeight)
      total += weight
      var logProbability: Float = 0
      for c in 0..<size {
        let clipped = min(max(logDeviations[c], bounds.lowerBound), bounds.upperBound)
        let mean = Scalar.tanh(output[r * size + c])
        let z = (actions[r * size + c] - mean) * Scalar.exp(-clipped)
        logProbability -= 0.5 * (z * z) + clipped + 0.918_938_5
        // d log pi / d mean = z / sigma, d log pi / d log sigma = z^2 - 1
        gradients[r * size + c] = -share * weight * z * Scalar.exp(-clipped) * (1 - mean * mean)
        if clipped == logDeviations[c] { deviationGradients[c] -= share * weight * (z * z - 1) }
      }
      loss -= weight * logProbability
    }
    job.actorNetwork.backward(
      job.actor, observations, rows: rows, outputGradient: gradients, worker.actor,
      parameterGradient: actorGradients[block])
    sums.mutablePointer[6 * block + 2] = loss
    sums.mutablePointer[6 * block + 3] = total
  }

  private func criticGradient(_ job: Job, block: Int, _ worker: Worker) {
    let (range, critics) = (job.blocks[block], job.critics)
    let (first, rows) = (range.lowerBound, range.count)
    let v = job.valueNetwork.forward(
      job.value, job.next + first * critics.observationSize, rows: rows, worker.value)
    let y = worker.numbers.mutablePointer
    for r in 0..<rows {
      y[r] = job.rewards[first + r] + job.settings.discount * job.continues[first + r] * v[r]
    }
    let x = critics.pair(
      job.observations + first * critics.observationSize, actions: job.actions + first * critics.actionSize, rows: rows,
      worker.critics)
    let (loss, value) = critics.regress(
      job.criticParameters, x, targets: y, weights: nil, rows: rows, share: 1 / Float(job.blocks.rows),
      gradients: criticGradients[block], worker.critics)
    sums.mutablePointer[6 * block] = loss
    sums.mutablePointer[6 * block + 4] = value
  }
}
