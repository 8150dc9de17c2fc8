import Interfaces
import Kernels
import Networks

/// The parallel arithmetic of a fit: gradients and optimizer steps of all members on one minibatch each.
final class EnsembleGradients {
  /// Rows in a block: large enough for the matrix products, and two blocks of a batch of 256 keep two threads even.
  static let blockRows = 128
  /// Parameters in a block of the optimizer step; 16 kB of each of its five streams.
  static let blockParameters = 4096

  private let members: Int
  private let network: Perceptron
  private let outputs: Int
  private let blocks: Int
  private let decay: [(range: Range<Int>, rate: Float)]
  private var scratch: [Scratch] = []
  /// Gradients of each (member, block of rows), and of its bounds behind them.
  private var partial: Vector
  private let stride: Int
  private var partialLoss: [Float]
  private var partialError: [Float]

  // The minibatch under way.
  fileprivate var parameters: UnsafeMutablePointer<Float>?
  fileprivate var bounds: UnsafeMutablePointer<Float>?
  fileprivate var inputs: UnsafePointer<Float>?
  fileprivate var targets: UnsafePointer<Float>?
  private var indices: [UnsafePointer<Int32>?]
  private var count = 0
  private var usedBlocks = 1
  private var networkStep: Adam.Step?
  private var boundStep: Adam.Step?
  private var boundPenalty: Float = 0

  /// One thread's scratch.
  private final class Scratch {
    let workspace: PerceptronWorkspace
    var x: Vector
    var y: Vector
    var losses: Vector

    init(_ network: Perceptron, outputs: Int) {
      let rows = EnsembleGradients.blockRows
      workspace = PerceptronWorkspace(for: network, capacity: rows, keepsActivations: true)
      x = Vector(count: rows * network.inputs)
      y = Vector(count: rows * outputs)
      losses = Vector(count: 2 * outputs)
    }
  }

  init(_ model: ProbabilisticEnsemble) {
    members = model.settings.members
    network = model.networks.network
    outputs = model.outputSize
    blocks = (model.settings.batchSize + EnsembleGradients.blockRows - 1) / EnsembleGradients.blockRows
    stride = (network.layout.count + 2 * outputs + 15) & ~15
    partial = Vector(count: members * blocks * stride)
    partialLoss = Array(repeating: 0, count: members * blocks)
    partialError = Array(repeating: 0, count: members * blocks)
    indices = Array(repeating: nil, count: members)
    let rates = model.settings.weightDecay
    decay = network.layers.enumerated().map { index, layer in
      (layer.weight..<layer.weight + layer.inputs * layer.outputs, rates.count == 1 ? rates[0] : rates[index])
    }
    scratch = (0..<WorkerPool.threads).map { _ in Scratch(network, outputs: outputs) }
  }

  /// One optimizer step of every member on rows `samples[member][start..<start + count]`. Returns the loss's mean over
  /// members, rows and components, and adds each member's mean squared error to `errors`.
  func step(
    _ model: inout ProbabilisticEnsemble, _ data: EnsembleData, _ samples: [[Int32]], from start: Int, count: Int,
    errors: inout [Float]
  ) -> Float {
    self.count = count
    usedBlocks = (count + EnsembleGradients.blockRows - 1) / EnsembleGradients.blockRows
    boundPenalty = model.settings.boundPenalty
    parameters = model.networks.parameters.mutablePointer
    bounds = model.bounds.mutablePointer
    inputs = data.inputs.pointer
    targets = data.targets.pointer
    for member in 0..<members { samples[member].withUnsafeBufferPointer { indices[member] = $0.baseAddress.map { $0 + start } } }
    networkStep = model.optimizer.beginStep(learningRate: model.settings.learningRate)
    boundStep = model.boundOptimizer.beginStep(learningRate: model.settings.learningRate)
    let this = Unmanaged.passUnretained(self)
    WorkerPool.run(shards: members * usedBlocks, GradientWork(owner: this))
    let pieces = (network.layout.count + EnsembleGradients.blockParameters - 1) / EnsembleGradients.blockParameters
    WorkerPool.run(shards: members * pieces, StepWork(owner: this, pieces: pieces))
    let share = 1 / Float(count * outputs)
    var loss: Float = 0
    for member in 0..<members {
      for index in member * usedBlocks..<(member + 1) * usedBlocks {
        loss += partialLoss[index]
        errors[member] += partialError[index] * share
      }
    }
    return loss * share / Float(members)
  }

  private struct GradientWork: ShardedWork {
    let owner: Unmanaged<EnsembleGradients>
    func run(shard: Int, worker: Int) { owner._withUnsafeGuaranteedRef { $0.gradient(shard: shard, worker: worker) } }
  }

  private struct StepWork: ShardedWork {
    let owner: Unmanaged<EnsembleGradients>
    let pieces: Int
    func run(shard: Int, worker: Int) { owner._withUnsafeGuaranteedRef { $0.apply(member: shard / pieces, piece: shard % pieces) } }
  }

  private func gradient(shard: Int, worker: Int) {
    let (member, block) = (shard / usedBlocks, shard % usedBlocks)
    guard let parameters, let bounds, let inputs, let targets, let indices = indices[member] else { return }
    let scratch = self.scratch[worker]
    let first = block * EnsembleGradients.blockRows
    let rows = min(EnsembleGradients.blockRows, count - first)
    let (x, y, width) = (scratch.x.mutablePointer, scratch.y.mutablePointer, network.inputs)
    for r in 0..<rows {
      let row = Int(indices[first + r])
      for c in 0..<width { x[r * width + c] = inputs[row * width + c] }
      for c in 0..<outputs { y[r * outputs + c] = targets[row * outputs + c] }
    }
    let own = UnsafePointer(parameters + member * network.layout.count)
    let output = network.forward(own, x, rows: rows, scratch.workspace)
    let gradient = partial.mutablePointer + (member * blocks + block) * stride
    let boundGradient = gradient + network.layout.count
    boundGradient.update(repeating: 0, count: 2 * outputs)
    let loss = GaussianHead.lossAndGradient(
      output, targets: y, rows: rows, size: outputs, maximum: bounds + member * outputs,
      minimum: bounds + (members + member) * outputs, scale: 1 / Float(count * outputs),
      maximumGradient: boundGradient, minimumGradient: boundGradient + outputs,
      losses: scratch.losses.mutablePointer)
    network.backward(
      own, x, rows: rows, outputGradient: output, scratch.workspace, parameterGradient: gradient)
    partialLoss[member * usedBlocks + block] = loss.loss
    partialError[member * usedBlocks + block] = loss.squaredError
  }

  private func apply(member: Int, piece: Int) {
    guard let parameters, let bounds, let networkStep, let boundStep else { return }
    let size = network.layout.count
    let range = piece * EnsembleGradients.blockParameters..<min((piece + 1) * EnsembleGradients.blockParameters, size)
    let gradient = partial.mutablePointer + member * blocks * stride
    let own = parameters + member * size
    sum(gradient, range)
    for (weights, rate) in decay where rate > 0 {
      let shared = weights.clamped(to: range)
      Elementwise.add(gradient + shared.lowerBound, own + shared.lowerBound, count: shared.count, scale: rate)
    }
    networkStep.offset(by: member * size).apply(own, gradient: gradient, range: range)
    guard piece == 0 else { return }
    sum(gradient, size..<size + 2 * outputs)
    for half in 0..<2 {
      // The penalty pulls the upper bound down and the lower bound up.
      let pull = half == 0 ? boundPenalty : -boundPenalty
      let place = (half * members + member) * outputs
      for c in 0..<outputs { gradient[size + half * outputs + c] += pull }
      boundStep.offset(by: place).apply(bounds + place, gradient: gradient + size + half * outputs, range: 0..<outputs)
    }
  }

  /// Adds the gradients of the member's later blocks of rows to the first's, in order.
  private func sum(_ gradient: UnsafeMutablePointer<Float>, _ range: Range<Int>) {
    for block in 1..<max(usedBlocks, 1) {
      Elementwise.add(
        gradient + range.lowerBound, gradient + block * stride + range.lowerBound, count: range.count)
    }
  }
}

// MARK: - Scoring

extension EnsembleGradients {
  /// Mean squared error of each member on `rows` of the data, in normalized units.
  func errors(_ model: ProbabilisticEnsemble, _ data: EnsembleData, _ rows: [Int32]) -> [Float] {
    let blocks = (rows.count + EnsembleGradients.blockRows - 1) / EnsembleGradients.blockRows
    var sums = [Float](repeating: 0, count: members * blocks)
    let this = Unmanaged.passUnretained(self)
    withExtendedLifetime((model, data)) {
      parameters = UnsafeMutablePointer(mutating: model.networks.parameters.pointer)
      inputs = data.inputs.pointer
      targets = data.targets.pointer
      rows.withUnsafeBufferPointer { rows in
        sums.withUnsafeMutableBufferPointer { sums in
          var job = ScoreJob(owner: this, rows: rows, sums: sums, blocks: blocks)
          withUnsafePointer(to: &job) { WorkerPool.run(shards: members * blocks, ScoreWork(job: $0)) }
        }
      }
    }
    return (0..<members).map { member in
      sums[member * blocks..<(member + 1) * blocks].reduce(0, +) / Float(max(rows.count, 1) * outputs)
    }
  }

  private struct ScoreJob {
    let owner: Unmanaged<EnsembleGradients>
    let rows: UnsafeBufferPointer<Int32>
    let sums: UnsafeMutableBufferPointer<Float>
    let blocks: Int
  }

  private struct ScoreWork: ShardedWork {
    let job: UnsafePointer<ScoreJob>
    func run(shard: Int, worker: Int) {
      let job = self.job.pointee
      let (member, block) = (shard / job.blocks, shard % job.blocks)
      let first = block * EnsembleGradients.blockRows
      let rows = UnsafeBufferPointer(rebasing: job.rows[first..<min(first + EnsembleGradients.blockRows, job.rows.count)])
      job.sums[shard] = job.owner._withUnsafeGuaranteedRef { $0.squaredError(member, rows, worker: worker) }
    }
  }

  private func squaredError(_ member: Int, _ rows: UnsafeBufferPointer<Int32>, worker: Int) -> Float {
    guard let parameters, let inputs, let targets else { return 0 }
    let scratch = self.scratch[worker]
    let (x, width) = (scratch.x.mutablePointer, network.inputs)
    for r in rows.indices { (x + r * width).update(from: inputs + Int(rows[r]) * width, count: width) }
    let output = network.forward(parameters + member * network.layout.count, x, rows: rows.count, scratch.workspace)
    var sum: Float = 0
    for r in rows.indices {
      for c in 0..<outputs {
        let error = output[r * 2 * outputs + c] - targets[Int(rows[r]) * outputs + c]
        sum += error * error
      }
    }
    return sum
  }
}
