import Interfaces
import Kernels
import Networks
import Synchronization

/// The parallel arithmetic of a fit. Members do not depend on one another, so each goes through an epoch's minibatches
/// on its own: workers take turns of a few minibatches, always of the member that has most left. What a member learns
/// does not depend on who takes its turns.
///
/// At most as many threads as members take part.
final class EnsembleGradients {
  /// Rows in a block of a pass: large enough for the matrix products, small enough for the cache.
  static let blockRows = 128
  /// Minibatches in a turn.
  static let turnLength = 8

  let members: Int
  let network: Perceptron
  let outputs: Int
  private let deterministic: Bool
  /// Of the networks that predict terminations.
  let terminator: Perceptron?
  /// Where predictions are fitted to several steps.
  private let chains: EnsembleChains?
  /// The parameters in parts, each with its weight decay.
  private let parts: [(range: Range<Int>, decay: Float)]
  var scratch: [Scratch] = []
  private let turns: Mutex<Turns>

  // The epoch under way.
  var parameters: UnsafeMutablePointer<Float>?
  var bounds: UnsafeMutablePointer<Float>?
  var inputs: UnsafePointer<Float>?
  var targets: UnsafePointer<Float>?
  /// Where terminations are learned.
  var terminations: UnsafePointer<Float>?
  private(set) var samples: [UnsafePointer<Int32>?]
  private(set) var batchSize = 0
  private var batches = 0
  var terminatorParameters: UnsafeMutablePointer<Float>?
  private var networkSteps: Adam.Steps?
  private var terminatorSteps: Adam.Steps?
  private var boundSteps: Adam.Steps?
  private var boundPenalty: Float = 0
  /// Sums over the epoch's minibatches of each member's losses.
  let losses: UnsafeMutablePointer<EnsembleLoss>

  /// Which member's turn comes next.
  private struct Turns {
    /// Minibatches each member has behind it.
    var done: [Int]
    var busy: [Bool]

    /// The member with most left of those that nobody works on; nil if there is none.
    func next(of batches: Int) -> Int? {
      var best: Int?
      for member in done.indices where !busy[member] && done[member] < batches {
        if best.map({ done[member] < done[$0] }) ?? true { best = member }
      }
      return best
    }
  }

  /// One thread's scratch.
  final class Scratch {
    let workspace: PerceptronWorkspace
    /// The weights of the member whose turn it is.
    let packed: PackedWeights
    var x: Vector
    var y: Vector
    /// Whether rows terminated, and what the networks that predict it need.
    var ends: Vector
    let terminatorWorkspace: PerceptronWorkspace?
    var terminatorGradient: Vector
    /// Gradient of a member's parameters, then of its bounds.
    var gradient: Vector
    let chain: EnsembleChains.Scratch?

    init(_ network: Perceptron, outputs: Int, terminator: Perceptron?, chains: EnsembleChains?) {
      let rows = EnsembleGradients.blockRows
      chain = chains.map {
        EnsembleChains.Scratch(network, steps: $0.steps, stateSize: $0.stateSize, capacity: rows)
      }
      workspace = PerceptronWorkspace(for: network, capacity: rows, keepsActivations: true)
      packed = PackedWeights(for: network, gradients: true, inputGradients: chains != nil)
      x = Vector(count: rows * network.inputs)
      y = Vector(count: rows * outputs)
      ends = Vector(count: terminator == nil ? 0 : rows)
      terminatorWorkspace = terminator.map { PerceptronWorkspace(for: $0, capacity: rows, keepsActivations: true) }
      terminatorGradient = Vector(count: terminator?.layout.count ?? 0)
      gradient = Vector(count: network.layout.count + 2 * outputs)
    }
  }

  init(_ model: ProbabilisticEnsemble, chains: EnsembleChains?) {
    self.chains = chains
    members = model.settings.members
    network = model.networks.network
    outputs = model.outputSize
    deterministic = model.settings.deterministic
    terminator = model.terminators?.network
    samples = Array(repeating: nil, count: members)
    losses = .allocate(capacity: members)
    losses.initialize(repeating: EnsembleLoss(), count: members)
    turns = Mutex(Turns(done: Array(repeating: 0, count: members), busy: Array(repeating: false, count: members)))
    let rates = model.settings.weightDecay
    var parts: [(Range<Int>, Float)] = []
    for (index, layer) in network.layers.enumerated() {
      let biases = layer.weight + layer.inputs * layer.outputs
      let end = index + 1 < network.layers.count ? network.layers[index + 1].weight : network.layout.count
      parts += [(layer.weight..<biases, rates.count == 1 ? rates[0] : rates[index]), (biases..<end, 0)]
    }
    self.parts = parts
  }

  deinit { losses.deallocate() }

  /// Scratch for as many threads as the pool has by now.
  func prepareScratch() {
    while scratch.count < WorkerPool.threads {
      scratch.append(Scratch(network, outputs: outputs, terminator: terminator, chains: chains))
    }
  }

  /// One pass of every member over its `samples` in minibatches of `batchSize`, a rest left out. Returns each member's
  /// losses, means over minibatches.
  func epoch(
    _ model: inout ProbabilisticEnsemble, _ data: EnsembleData, _ samples: [[Int32]], batchSize: Int
  ) -> [EnsembleLoss] {
    prepareScratch()
    self.batchSize = batchSize
    batches = max(data.training.count / batchSize, 1)
    boundPenalty = model.settings.boundPenalty
    parameters = model.networks.parameters.mutablePointer
    bounds = model.bounds.mutablePointer
    inputs = data.inputs.pointer
    targets = data.targets.pointer
    terminations = model.learnsTermination ? data.terminations.pointer : nil
    terminatorParameters = model.terminators?.parameters.mutablePointer
    terminatorSteps = model.terminatorOptimizer.beginSteps(batches, learningRate: model.settings.learningRate)
    networkSteps = model.optimizer.beginSteps(batches, learningRate: model.settings.learningRate)
    boundSteps = model.boundOptimizer.beginSteps(batches, learningRate: model.settings.learningRate)
    losses.update(repeating: EnsembleLoss(), count: members)
    for member in 0..<members {
      self.samples[member] = samples[member].withUnsafeBufferPointer(\.baseAddress)
    }
    turns.withLock { turns in for member in 0..<members { turns.done[member] = 0 } }
    withExtendedLifetime((samples, data)) {
      WorkerPool.run(
        shards: min(WorkerPool.threads, members), EpochWork(owner: Unmanaged.passUnretained(self)))
    }
    let share = 1 / Float(batches)
    return (0..<members).map { losses[$0].scaled(share) }
  }

  private struct EpochWork: ShardedWork {
    let owner: Unmanaged<EnsembleGradients>
    func run(shard: Int, worker: Int) { owner._withUnsafeGuaranteedRef { $0.takeTurns(worker: worker) } }
  }

  private func takeTurns(worker: Int) {
    while let (member, first) = claim() {
      let last = min(first + EnsembleGradients.turnLength, batches)
      for batch in first..<last { step(member, batch: batch, scratch[worker]) }
      turns.withLock { turns in
        turns.done[member] = last
        turns.busy[member] = false
      }
    }
  }

  private func claim() -> (member: Int, first: Int)? {
    turns.withLock { turns in
      guard let member = turns.next(of: batches) else { return nil }
      turns.busy[member] = true
      return (member, turns.done[member])
    }
  }

  /// Gradient and optimizer step of a member on one minibatch.
  private func step(_ member: Int, batch: Int, _ scratch: Scratch) {
    guard let parameters, let bounds, let networkSteps, let boundSteps else { return }
    let size = network.layout.count
    let own = parameters + member * size
    let gradient = scratch.gradient.mutablePointer
    (gradient + size).update(repeating: 0, count: 2 * outputs)
    scratch.packed.update(from: own)
    for start in stride(from: 0, to: batchSize, by: EnsembleGradients.blockRows) {
      let rows = min(EnsembleGradients.blockRows, batchSize - start)
      let first = batch * batchSize + start
      if let chains {
        addChainGradient(member, from: first, rows: rows, chains, scratch)
      } else {
        addGradient(member, from: first, rows: rows, scratch)
      }
    }
    let networkStep = networkSteps.step(batch).offset(by: member * size)
    for (range, decay) in parts { networkStep.apply(own, gradient: gradient, decay: decay, range: range) }
    if let terminator, let terminatorParameters, let terminatorSteps {
      let count = terminator.layout.count
      terminatorSteps.step(batch).offset(by: member * count).apply(
        terminatorParameters + member * count, gradient: scratch.terminatorGradient.pointer, range: 0..<count)
    }
    for half in 0..<2 {
      // The penalty pulls the upper bound down and the lower bound up.
      let pull = half == 0 ? boundPenalty : -boundPenalty
      let (place, slope) = ((half * members + member) * outputs, gradient + size + half * outputs)
      for c in 0..<outputs { slope[c] += pull }
      boundSteps.step(batch).offset(by: place).apply(bounds + place, gradient: slope, range: 0..<outputs)
    }
  }

  /// Gradient of the loss on some rows of a minibatch: replaces what the scratch holds at the minibatch's first rows,
  /// else adds to it.
  private func addGradient(_ member: Int, from first: Int, rows: Int, _ scratch: Scratch) {
    guard let parameters, let inputs, let targets, let sample = samples[member] else { return }
    let x = scratch.x.mutablePointer
    Elementwise.gather(sample + first, count: rows, of: inputs, width: network.inputs, into: x)
    Elementwise.gather(sample + first, count: rows, of: targets, width: outputs, into: scratch.y.mutablePointer)
    if let terminations {
      let ends = scratch.ends.mutablePointer
      for r in 0..<rows { ends[r] = terminations[Int(sample[first + r])] }
    }
    let own = UnsafePointer(parameters + member * network.layout.count)
    let gradient = scratch.gradient.mutablePointer
    let output = network.forward(own, x, rows: rows, scratch.workspace, packed: scratch.packed)
    losses[member] = losses[member] + lossAndGradient(member, output, rows: rows, of: batchSize, scratch)
    network.backward(
      own, x, rows: rows, outputGradient: output, scratch.workspace, parameterGradient: gradient,
      accumulate: first % batchSize != 0, packed: scratch.packed)
    losses[member].termination += terminationLoss(
      member, rows: rows, of: batchSize, scratch, accumulate: first % batchSize != 0)
  }

  /// What `rows` of altogether `count` rows add to the losses of a member, whose network output is overwritten by the
  /// gradient; the scratch holds the targets and gets the gradient of the bounds.
  func lossAndGradient(
    _ member: Int, _ output: UnsafeMutablePointer<Float>, rows: Int, of count: Int, _ scratch: Scratch
  ) -> EnsembleLoss {
    guard let bounds else { return EnsembleLoss() }
    let (share, y) = (1 / Float(count * outputs), scratch.y.pointer)
    var result = EnsembleLoss()
    if deterministic {
      result.error =
        share
        * SquaredErrorHead.lossAndGradient(output, targets: y, count: rows * outputs, scale: share)
      result.loss = result.error
    } else {
      let slopes = scratch.gradient.mutablePointer + network.layout.count
      let sums = GaussianHead.lossAndGradient(
        output, targets: y, rows: rows, size: outputs, maximum: bounds + member * outputs,
        minimum: bounds + (members + member) * outputs, scale: share, maximumGradient: slopes,
        minimumGradient: slopes + outputs)
      (result.loss, result.error) = (sums.loss * share, sums.squaredError * share)
    }
    return result
  }

  /// What `rows` of altogether `count` rows add to the loss of a member's predicted terminations; 0 where there are
  /// none. The gradient replaces what the scratch holds, or adds to it.
  func terminationLoss(
    _ member: Int, rows: Int, of count: Int, _ scratch: Scratch, accumulate: Bool = false
  ) -> Float {
    guard let terminator, let terminatorParameters, let workspace = scratch.terminatorWorkspace else { return 0 }
    let own = UnsafePointer(terminatorParameters + member * terminator.layout.count)
    let output = terminator.forward(own, scratch.x.pointer, rows: rows, workspace)
    let share = 1 / Float(count)
    let loss = LogisticHead.lossAndGradient(
      output, events: scratch.ends.pointer, rows: rows, scale: share)
    terminator.backward(
      own, scratch.x.pointer, rows: rows, outputGradient: output, workspace,
      parameterGradient: scratch.terminatorGradient.mutablePointer, accumulate: accumulate)
    return loss * share
  }
}
