import Interfaces
import Kernels
import Networks

/// Fits to predictions of several steps that feed on their own means (Venkatraman, Hebert and Bagnell, "Improving
/// Multi-Step Prediction of Learned Time Series Models", 2015; Luo et al. 2019 compare differences of states instead).
///
/// From a real state s_t the chain goes on ŝ_{j+1} = ŝ_j + mean(ŝ_j, a_{t+j}) under the actions that were taken. The
/// loss is the mean over j = 0...k-1 of the usual one, of N(ŝ_j + mean, variance) at the real s_{t+j+1}, and its
/// gradient goes back through all means. A chain ends where the episode does, and before a row that is held out. k
/// forward and backward passes a row.
final class EnsembleChains {
  /// Steps of a chain at most, k.
  let steps: Int
  /// Rows that each row of the data can be followed by: its chain's length.
  let lengths: [Int32]
  /// Numbers in a state, D.
  let stateSize: Int
  /// An input's scale by a target's, [D]: what a wrong state adds to the error, in normalized units.
  let ratio: [Float]
  /// What a normalized target t adds to a normalized input: `offset + gain t`, [D] each.
  let gain: [Float]
  let offset: [Float]

  /// Nil where predictions are fitted to one step.
  init?(_ data: EnsembleData, _ model: ProbabilisticEnsemble) {
    guard model.settings.predictionSteps > 1 else { return nil }
    steps = model.settings.predictionSteps
    lengths = data.chainLengths(atMost: steps)
    stateSize = model.stateSize
    let (inputs, targets) = (model.inputs, model.targets)
    ratio = (0..<stateSize).map { inputs.scale[$0] / targets.scale[$0] }
    gain = (0..<stateSize).map { targets.scale[$0] * inputs.inverse[$0] }
    offset = (0..<stateSize).map { targets.mean[$0] * inputs.inverse[$0] }
  }

  /// One thread's scratch for steps beyond the first, whose own is the fit's.
  final class Scratch {
    /// Of steps 1...k-1.
    let workspaces: [PerceptronWorkspace]
    var inputs: [Vector]
    /// Rows of the data in the order of their chains' lengths, the longest first, and how many go as far as each step.
    var rows: [Int32]
    var counts: [Int]
    /// Gradients with respect to the states of a step, to its means by its own loss, and to its inputs.
    var carried: Vector
    var meanGradients: Vector
    var inputGradients: Vector

    init(_ network: Perceptron, steps: Int, stateSize: Int, capacity: Int) {
      workspaces = (1..<steps).map { _ in PerceptronWorkspace(for: network, capacity: capacity, keepsActivations: true)
      }
      inputs = (1..<steps).map { _ in Vector(count: capacity * network.inputs) }
      rows = Array(repeating: 0, count: capacity)
      counts = Array(repeating: 0, count: steps)
      carried = Vector(count: capacity * stateSize)
      meanGradients = Vector(count: capacity * stateSize)
      inputGradients = Vector(count: capacity * network.inputs)
    }

    /// Sorts `sample` [count] by length, ties in order, and counts.
    func take(_ sample: UnsafePointer<Int32>, count: Int, _ lengths: [Int32]) {
      var place = 0
      for length in (1...counts.count).reversed() {
        for r in 0..<count where Int(lengths[Int(sample[r])]) == length {
          rows[place] = sample[r]
          place += 1
        }
        counts[length - 1] = place
      }
    }
  }
}

extension EnsembleData {
  /// How many training rows follow one another in an episode from each row on, itself included, at most `limit`.
  func chainLengths(atMost limit: Int) -> [Int32] {
    var isHeld = [Bool](repeating: false, count: inputs.rows)
    for row in holdout { isHeld[Int(row)] = true }
    var lengths = [Int32](repeating: 1, count: inputs.rows)
    for row in lengths.indices.dropLast().reversed() where isFollowed[row] && !isHeld[row + 1] {
      lengths[row] = min(Int32(limit), lengths[row + 1] + 1)
    }
    return lengths
  }
}

extension EnsembleGradients {
  /// Gradient of the chains that start at some rows of a minibatch, as `addGradient` has it of single steps.
  func addChainGradient(_ member: Int, from first: Int, rows: Int, _ chains: EnsembleChains, _ scratch: Scratch) {
    guard let parameters, let sample = samples[member], let own = scratch.chain else { return }
    own.take(sample + first, count: rows, chains.lengths)
    let weights = UnsafePointer(parameters + member * network.layout.count)
    begin(rows, chains, own, scratch)
    var last = 0
    for step in 0..<chains.steps where own.counts[step] > 0 {
      last = step
      advance(member, weights, step, chains, own, scratch)
    }
    let isFirst = first % batchSize == 0
    for step in (0...last).reversed() {
      pullBack(
        weights, step, below: step < last ? own.counts[step + 1] : 0, accumulate: !isFirst || step < last, chains, own,
        scratch)
    }
    if let terminations {
      let ends = scratch.ends.mutablePointer
      for r in 0..<rows { ends[r] = terminations[Int(own.rows[r])] }
    }
    losses[member].termination += terminationLoss(member, rows: rows, of: batchSize, scratch, accumulate: !isFirst)
  }

  /// The real states that chains start from, with their actions.
  private func begin(_ rows: Int, _ chains: EnsembleChains, _ own: EnsembleChains.Scratch, _ scratch: Scratch) {
    guard let inputs else { return }
    let (x, width) = (scratch.x.mutablePointer, network.inputs)
    for r in 0..<rows { (x + r * width).update(from: inputs + Int(own.rows[r]) * width, count: width) }
  }

  /// One step of the chains that go so far: its loss, its gradient in place of the output, and the next step's inputs.
  private func advance(
    _ member: Int, _ weights: UnsafePointer<Float>, _ step: Int, _ chains: EnsembleChains,
    _ own: EnsembleChains.Scratch, _ scratch: Scratch
  ) {
    guard let inputs, let targets else { return }
    let (size, width, rows) = (chains.stateSize, network.inputs, own.counts[step])
    let x = UnsafePointer(step == 0 ? scratch.x.mutablePointer : own.inputs[step - 1].mutablePointer)
    let y = scratch.y.mutablePointer
    for r in 0..<rows {
      let row = Int(own.rows[r]) + step
      let (real, target) = (inputs + row * width, targets + row * outputs)
      for c in 0..<outputs { y[r * outputs + c] = target[c] }
      for c in 0..<size { y[r * outputs + c] += (real[c] - x[r * width + c]) * chains.ratio[c] }
    }
    let workspace = step == 0 ? scratch.workspace : own.workspaces[step - 1]
    let output = network.forward(weights, x, rows: rows, workspace, packed: scratch.packed)
    if step + 1 < chains.steps {
      let next = own.inputs[step].mutablePointer
      for r in 0..<own.counts[step + 1] {
        let (from, to, mean) = (x + r * width, next + r * width, output + r * network.outputs)
        for c in 0..<size { to[c] = from[c] + chains.offset[c] + chains.gain[c] * mean[c] }
        (to + size).update(from: inputs + (Int(own.rows[r]) + step + 1) * width + size, count: width - size)
      }
    }
    losses[member] =
      losses[member] + lossAndGradient(member, output, rows: rows, of: batchSize * chains.steps, scratch)
  }

  /// Takes a step's gradient into the parameters, and into the states that it started from. The first `below` rows go
  /// on to another step, whose states' gradient is what is carried.
  private func pullBack(
    _ weights: UnsafePointer<Float>, _ step: Int, below: Int, accumulate: Bool, _ chains: EnsembleChains,
    _ own: EnsembleChains.Scratch, _ scratch: Scratch
  ) {
    let (size, width, rows) = (chains.stateSize, network.inputs, own.counts[step])
    let workspace = step == 0 ? scratch.workspace : own.workspaces[step - 1]
    let (output, carried, means) = (workspace.output, own.carried.mutablePointer, own.meanGradients.mutablePointer)
    for r in 0..<rows {
      let slope = output + r * network.outputs
      for c in 0..<size {
        means[r * size + c] = slope[c]
        if r < below { slope[c] += carried[r * size + c] * chains.gain[c] }
      }
    }
    let x = UnsafePointer(step == 0 ? scratch.x.mutablePointer : own.inputs[step - 1].mutablePointer)
    let slopes = own.inputGradients.mutablePointer
    network.backward(
      weights, x, rows: rows, outputGradient: output, workspace,
      parameterGradient: scratch.gradient.mutablePointer, accumulate: accumulate,
      inputGradient: step == 0 ? nil : slopes, packed: scratch.packed)
    guard step > 0 else { return }
    for r in 0..<rows {
      for c in 0..<size {
        let before = r < below ? carried[r * size + c] : 0
        carried[r * size + c] = before + slopes[r * width + c] + means[r * size + c] * chains.ratio[c]
      }
    }
  }
}
