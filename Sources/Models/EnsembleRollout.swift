import Interfaces
import Kernels
import Networks

/// Imagined trajectories in a probabilistic ensemble. Rows are sorted by the member that advances them, so each
/// member's network sees one block of rows.
///
/// Made to be differentiated, it keeps states, draws and activations of every step; otherwise those of the last one
/// only.
public final class EnsembleRollout: ModelRollout {
  let model: ProbabilisticEnsemble
  /// Weights of each elite.
  let packed: [PackedWeights]
  private var state: RolloutStates
  private(set) var input: Vector  // [capacity, D + encoded A], sorted by member
  private var rewards: Vector
  /// Whether rows terminated, and the numbers that this is decided by; where terminations are learned.
  private let terminatedRows: UnsafeMutableBufferPointer<Bool>
  private let terminatorWorkspace: PerceptronWorkspace?
  private var uniformDraws: Vector
  /// Means, then variances [capacity, outputs] of the members' mixture, where rows go through all members.
  private var moments: Vector
  private var random = RandomStream(seed: 0)
  private var particles = (rows: 1, first: 0)

  // One of each for a kept step, or one in all.
  let workspaces: [PerceptronWorkspace]
  private(set) var noise: [Vector]  // [capacity, outputs], sorted by member
  private(set) var groups: [MemberGroups]

  // Scratch of `pullBack`.
  var outputGradients: Vector  // [rows, network outputs]
  var inputGradients: Vector  // [rows, network inputs]

  /// Room for `capacity` rows, and for the derivatives of `keptSteps` steps.
  init(_ model: ProbabilisticEnsemble, capacity: Int, keptSteps: Int = 0) {
    self.model = model
    let (network, keeps) = (model.networks.network, keptSteps > 0)
    // With `mean` every member sees all rows; a tape keeps them side by side.
    let passRows = keeps && model.settings.propagation == .mean ? capacity * model.elites.count : capacity
    workspaces = (0..<max(keptSteps, 1)).map { _ in
      PerceptronWorkspace(for: network, capacity: passRows, keepsActivations: keeps)
    }
    packed = model.elites.map { member in
      let packed = PackedWeights(for: network, gradients: keeps, inputGradients: keeps)
      packed.update(from: model.networks.parameters.pointer + member * network.layout.count)
      return packed
    }
    state = RolloutStates(capacity: capacity, size: model.stateSize, keptSteps: keptSteps)
    input = Vector(count: capacity * network.inputs)
    noise = (0..<max(keptSteps, 1)).map { _ in Vector(count: capacity * model.outputSize) }
    groups = (0..<max(keptSteps, 1)).map { _ in MemberGroups(capacity: capacity, elites: model.elites.count) }
    rewards = Vector(count: capacity)
    terminatedRows = .allocate(capacity: model.learnsTermination ? capacity : 0)
    terminatedRows.initialize(repeating: false)
    uniformDraws = Vector(count: terminatedRows.count)
    terminatorWorkspace = (model.terminators?.network).map {
      PerceptronWorkspace(for: $0, capacity: capacity, keepsActivations: false)
    }
    moments = Vector(count: model.settings.propagation.usesAllMembers ? 2 * capacity * model.outputSize : 0)
    outputGradients = Vector(count: keeps ? capacity * network.outputs : 0)
    inputGradients = Vector(count: keeps ? capacity * network.inputs : 0)
  }

  deinit { terminatedRows.deallocate() }

  public var count: Int { state.count }
  public var steps: Int { state.steps }
  public var states: UnsafePointer<Float> { state.present }

  public func states(at step: Int) -> UnsafePointer<Float> { state.after(step) }

  /// Steps that are kept; 0 where there is no tape.
  var keptSteps: Int { state.keptSteps }

  public var predictedRewards: UnsafePointer<Float>? { model.learnsReward ? rewards.pointer : nil }

  /// Drawn with the predicted probability; with propagation `mean`, where that is above one half. None where the data of the
  /// last fit had none.
  public var predictedTerminations: UnsafePointer<Bool>? {
    model.learnsTermination ? terminatedRows.baseAddress.map { UnsafePointer($0) } : nil
  }

  public func reset(_ starts: RolloutStarts, using random: RandomStream) {
    state.begin(starts)
    self.random = random
    particles = (starts.rowsPerParticle, starts.firstParticle)
    if model.settings.propagation == .tsInfinity,
      (count + starts.rowsPerParticle - 1) / starts.rowsPerParticle < model.elites.count
    {
      // too few to go through all elites: which ones changes from rollout to rollout
      var choice = random.child("first particle")
      particles.first += choice.index(below: model.elites.count)
    }
    guard model.settings.propagation == .tsInfinity, keptSteps == 0 else { return }
    groups[0].assign(count: count, rowsPerParticle: particles.rows, firstParticle: particles.first)
  }

  public func advance(_ actions: UnsafePointer<Float>) {
    let stepIndex = keptSteps > 0 ? steps : 0
    let (before, after) = state.next()
    switch model.settings.propagation {
    case .mean, .distribution: advanceByAllMembers(actions, before, after, stepIndex)
    case .tsInfinity:
      if keptSteps > 0 {
        groups[stepIndex].assign(count: count, rowsPerParticle: particles.rows, firstParticle: particles.first)
      }
      advanceByMembers(actions, before, after, stepIndex)
    case .ts1:
      groups[stepIndex].draw(count: count, using: &random)
      advanceByMembers(actions, before, after, stepIndex)
    }
    state.finishStep()
  }

  /// Normalized network inputs of the rows in order of their members, or as they stand.
  private func gather(_ states: UnsafePointer<Float>, _ actions: UnsafePointer<Float>, in order: [Int32]?) {
    let (size, encoding) = (model.stateSize, model.encoding)
    let width = size + encoding.width
    let (mean, inverse) = (model.inputs.mean.pointer, model.inputs.inverse.pointer)
    let target = input.mutablePointer
    func take(_ row: Int, _ place: Int) {
      let x = target + place * width
      for i in 0..<size { x[i] = (states[row * size + i] - mean[i]) * inverse[i] }
      encoding.encode(actions + row * encoding.size, into: x + size)
      for i in size..<width { x[i] = (x[i] - mean[i]) * inverse[i] }
    }
    if let order {
      order.withUnsafeBufferPointer { order in for k in 0..<count { take(Int(order[k]), k) } }
    } else {
      for row in 0..<count { take(row, row) }
    }
  }

  private func advanceByMembers(
    _ actions: UnsafePointer<Float>, _ before: UnsafePointer<Float>, _ after: UnsafeMutablePointer<Float>,
    _ stepIndex: Int
  ) {
    gather(before, actions, in: groups[stepIndex].order)
    let (network, outputs) = (model.networks.network, model.outputSize)
    let draws = noise[stepIndex].mutablePointer
    if !model.settings.deterministic { random.fillNormal(draws, count: count * outputs) }
    if model.learnsTermination { random.fillUniform(uniformDraws.mutablePointer, count: count) }
    let groups = groups[stepIndex]
    groups.order.withUnsafeBufferPointer { order in
      for group in 0..<groups.elites where groups.starts[group + 1] > groups.starts[group] {
        let (first, member) = (groups.starts[group], model.elites[group])
        let rows = groups.starts[group + 1] - first
        let places = UnsafeBufferPointer(rebasing: order[first..<first + rows])
        let output = network.forward(
          model.networks.parameters.pointer + member * network.layout.count, input.pointer + first * network.inputs,
          rows: rows, workspaces[stepIndex], from: keptSteps > 0 ? first : 0, packed: packed[group])
        if model.settings.deterministic {
          move(places, by: output, before, after)
        } else {
          GaussianHead.standardDeviations(
            output, rows: rows, size: outputs,
            maximum: model.bounds.pointer + model.upperBound(of: member),
            minimum: model.bounds.pointer + model.lowerBound(of: member))
          move(places, by: output, draws + first * outputs, before, after)
        }
        if let odds = terminationOdds(member, from: first, rows: rows) {
          let chance = uniformDraws.pointer + first
          for r in 0..<rows {
            terminatedRows[Int(places[r])] = model.hasSeenTermination && chance[r] < Scalar.sigmoid(odds[r])
          }
        }
      }
    }
  }

  /// A member's log-odds [rows] that the rows whose inputs begin at row `first` terminate; nil where that is not
  /// learned.
  private func terminationOdds(_ member: Int, from first: Int, rows: Int) -> UnsafePointer<Float>? {
    guard let terminators = model.terminators, let terminatorWorkspace else { return nil }
    let network = terminators.network
    return UnsafePointer(
      network.forward(
        terminators.parameters.pointer + member * network.layout.count, input.pointer + first * network.inputs,
        rows: rows, terminatorWorkspace))
  }

  /// Moves the rows at `places` by samples: network rows of mean and standard deviation, and standard normal `draws`.
  private func move(
    _ places: UnsafeBufferPointer<Int32>, by output: UnsafePointer<Float>, _ draws: UnsafePointer<Float>,
    _ before: UnsafePointer<Float>, _ after: UnsafeMutablePointer<Float>
  ) {
    let (size, outputs, width) = (model.stateSize, model.outputSize, model.networks.network.outputs)
    let (mean, scale, reward) = (model.targets.mean.pointer, model.targets.scale.pointer, rewards.mutablePointer)
    for r in places.indices {
      let row = Int(places[r])
      let (predicted, e) = (output + r * width, draws + r * outputs)
      for i in 0..<size {
        after[row * size + i] =
          before[row * size + i] + mean[i] + scale[i] * (predicted[i] + predicted[outputs + i] * e[i])
      }
      if outputs > size {
        reward[row] = mean[size] + scale[size] * (predicted[size] + predicted[outputs + size] * e[size])
      }
    }
  }

  /// Moves the rows at `places` by means alone.
  private func move(
    _ places: UnsafeBufferPointer<Int32>, by output: UnsafePointer<Float>, _ before: UnsafePointer<Float>,
    _ after: UnsafeMutablePointer<Float>
  ) {
    let (size, outputs, width) = (model.stateSize, model.outputSize, model.networks.network.outputs)
    let (mean, scale, reward) = (model.targets.mean.pointer, model.targets.scale.pointer, rewards.mutablePointer)
    for r in places.indices {
      let (row, predicted) = (Int(places[r]), output + r * width)
      for i in 0..<size { after[row * size + i] = before[row * size + i] + mean[i] + scale[i] * predicted[i] }
      if outputs > size { reward[row] = mean[size] + scale[size] * predicted[size] }
    }
  }

  private func advanceByAllMembers(
    _ actions: UnsafePointer<Float>, _ before: UnsafePointer<Float>, _ after: UnsafeMutablePointer<Float>,
    _ stepIndex: Int
  ) {
    let samples = model.settings.propagation == .distribution
    gather(before, actions, in: nil)
    accumulateMoments(variances: samples, stepIndex)
    let (size, outputs) = (model.stateSize, model.outputSize)
    let (center, variance) = (moments.pointer, moments.pointer + count * outputs)
    let (mean, scale) = (model.targets.mean.pointer, model.targets.scale.pointer)
    let (reward, draws) = (rewards.mutablePointer, noise[stepIndex].mutablePointer)
    if samples {
      random.fillNormal(draws, count: count * outputs)
      for i in 0..<count * outputs { draws[i] = center[i] + variance[i].squareRoot() * draws[i] }
    }
    let change = samples ? UnsafePointer(draws) : center
    for row in 0..<count {
      for i in 0..<size {
        after[row * size + i] = before[row * size + i] + mean[i] + scale[i] * change[row * outputs + i]
      }
      if outputs > size { reward[row] = mean[size] + scale[size] * change[row * outputs + size] }
    }
    guard model.learnsTermination else { return }
    let probability = uniformDraws.pointer
    for row in 0..<count {
      let threshold = samples ? random.uniform() : 0.5
      terminatedRows[row] = model.hasSeenTermination && threshold < probability[row]
    }
  }

  /// Mean of the members' means in normalized units and, if asked for, the variance of their mixture: the mean of their
  /// variances plus the variance of their means, by Welford's recurrence. The mean probability of termination goes to
  /// `uniformDraws`.
  private func accumulateMoments(variances: Bool, _ stepIndex: Int) {
    let (network, outputs, count) = (model.networks.network, model.outputSize, count)
    let (mean, variance) = (moments.mutablePointer, moments.mutablePointer + count * outputs)
    let probability = uniformDraws.mutablePointer
    let (share, hasNoise) = (1 / Float(model.elites.count), !model.settings.deterministic)
    mean.update(repeating: 0, count: count * outputs)
    if variances { variance.update(repeating: 0, count: count * outputs) }
    if model.learnsTermination { probability.update(repeating: 0, count: count) }
    for (place, member) in model.elites.enumerated() {
      let output = network.forward(
        model.networks.parameters.pointer + member * network.layout.count, input.pointer, rows: count,
        workspaces[stepIndex], from: keptSteps > 0 ? place * count : 0, packed: packed[place])
      if variances {
        if hasNoise {
          GaussianHead.standardDeviations(
            output, rows: count, size: outputs,
            maximum: model.bounds.pointer + model.upperBound(of: member),
            minimum: model.bounds.pointer + model.lowerBound(of: member))
        }
        let fraction = 1 / Float(place + 1)
        for r in 0..<count {
          for i in 0..<outputs {
            let (predicted, target) = (output + r * network.outputs + i, r * outputs + i)
            let gap = predicted[0] - mean[target]
            mean[target] += gap * fraction
            let deviation = hasNoise ? predicted[outputs] : 0
            variance[target] += ((predicted[0] - mean[target]) * gap + deviation * deviation) * share
          }
        }
      } else {
        for r in 0..<count { for i in 0..<outputs { mean[r * outputs + i] += output[r * network.outputs + i] } }
      }
      if let odds = terminationOdds(member, from: 0, rows: count) {
        for r in 0..<count { probability[r] += Scalar.sigmoid(odds[r]) * share }
      }
    }
    if !variances { for i in 0..<count * outputs { mean[i] *= share } }
  }
}
