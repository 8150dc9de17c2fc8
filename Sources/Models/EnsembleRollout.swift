import Interfaces
import Kernels
import Networks

/// Imagined trajectories in a probabilistic ensemble. Rows are sorted by the member that advances them, so each member's
/// network sees one block of rows.
public final class EnsembleRollout: ModelRollout {
  private let model: ProbabilisticEnsemble
  private let workspace: PerceptronWorkspace
  /// Weights of each elite.
  private let panels: [WeightPanels]
  private let capacity: Int
  public private(set) var count = 0
  private var state: Vector  // [capacity, D]
  private var input: Vector  // [capacity, D + A], sorted by member
  private var noise: Vector  // [capacity, outputs]
  private var rewards: Vector
  private var random = RandomStream(seed: 0)
  /// Position in `model.elites` of each row's member, and the rows in order of it.
  private var choice: [Int32]
  private var order: [Int32]
  private var groups: [Int]

  /// Room for `capacity` rows.
  init(_ model: ProbabilisticEnsemble, capacity: Int) {
    self.model = model
    self.capacity = capacity
    workspace = PerceptronWorkspace(for: model.networks.network, capacity: capacity, keepsActivations: false)
    panels = model.elites.map { member in
      let panels = WeightPanels(for: model.networks.network)
      panels.update(from: model.networks.parameters.pointer + member * model.networks.network.layout.count)
      return panels
    }
    state = Vector(count: capacity * model.stateSize)
    input = Vector(count: capacity * model.networks.network.inputs)
    noise = Vector(count: capacity * model.outputSize)
    rewards = Vector(count: capacity)
    choice = Array(repeating: 0, count: capacity)
    order = (0..<Int32(capacity)).map { $0 }
    groups = Array(repeating: 0, count: model.elites.count + 1)
  }

  public var states: UnsafePointer<Float> { state.pointer }

  public var predictedRewards: UnsafePointer<Float>? { model.settings.learnsReward ? rewards.pointer : nil }

  public func reset(
    count: Int, to states: UnsafePointer<Float>, rowsPerParticle: Int, firstParticle: Int, using random: RandomStream
  ) {
    precondition(count <= capacity && rowsPerParticle > 0, "\(count) rows in a rollout of \(capacity)")
    self.count = count
    self.random = random
    state.mutablePointer.update(from: states, count: count * model.stateSize)
    guard model.settings.propagation == .tsInfinity else { return }
    let elites = model.elites.count
    for row in 0..<count { choice[row] = Int32((firstParticle + row / rowsPerParticle) % elites) }
    sort()
  }

  public func advance(_ actions: UnsafePointer<Float>) {
    switch model.settings.propagation {
    case .mean: advanceByMean(actions)
    case .tsInfinity: advanceByMembers(actions)
    case .ts1:
      let elites = UInt64(model.elites.count)
      // A 32-bit word times the number of elites: the bias is below 2^-25.
      var stream = random
      choice.withUnsafeMutableBufferPointer { choice in
        for row in 0..<count { choice[row] = Int32(truncatingIfNeeded: (UInt64(stream.nextWord()) &* elites) &>> 32) }
      }
      random = stream
      sort()
      advanceByMembers(actions)
    }
  }

  /// Counting sort of the rows by `choice`: `order` lists the rows of elite g at `groups[g]..<groups[g + 1]`.
  private func sort() {
    let count = self.count
    choice.withUnsafeBufferPointer { choice in
      order.withUnsafeMutableBufferPointer { order in
        groups.withUnsafeMutableBufferPointer { groups in
          groups.update(repeating: 0)
          for row in 0..<count { groups[Int(choice[row]) + 1] += 1 }
          for group in 1..<groups.count { groups[group] += groups[group - 1] }
          for row in 0..<count {
            let group = Int(choice[row])
            order[groups[group]] = Int32(row)
            groups[group] += 1
          }
          // Each entry now holds its group's end, which is the next one's start.
          for group in stride(from: groups.count - 1, to: 0, by: -1) { groups[group] = groups[group - 1] }
          groups[0] = 0
        }
      }
    }
  }

  /// Normalized network inputs of the rows in `order`, or as they stand.
  private func gather(_ actions: UnsafePointer<Float>, sorted: Bool) {
    let (size, actionSize) = (model.stateSize, model.actionSize)
    let (mean, inverse) = (model.inputs.mean.pointer, model.inputs.inverse.pointer)
    let (target, source) = (input.mutablePointer, state.pointer)
    order.withUnsafeBufferPointer { order in
      for k in 0..<count {
        let row = sorted ? Int(order[k]) : k
        let x = target + k * (size + actionSize)
        for i in 0..<size { x[i] = (source[row * size + i] - mean[i]) * inverse[i] }
        for i in 0..<actionSize { x[size + i] = (actions[row * actionSize + i] - mean[size + i]) * inverse[size + i] }
      }
    }
  }

  private func advanceByMembers(_ actions: UnsafePointer<Float>) {
    gather(actions, sorted: true)
    let (network, outputs, size) = (model.networks.network, model.outputSize, model.stateSize)
    let (mean, scale) = (model.targets.mean.pointer, model.targets.scale.pointer)
    let (next, reward, draws) = (state.mutablePointer, rewards.mutablePointer, noise.mutablePointer)
    random.fillNormal(draws, count: count * outputs)
    order.withUnsafeBufferPointer { rowOrder in
      for group in 0..<groups.count - 1 where groups[group + 1] > groups[group] {
        let (first, rows, member) = (groups[group], groups[group + 1] - groups[group], model.elites[group])
        let output = network.forward(
          model.networks.parameters.pointer + member * network.layout.count, input.pointer + first * network.inputs,
          rows: rows, workspace, panels: panels[group])
        GaussianHead.standardDeviations(
          output, rows: rows, size: outputs, maximum: model.bounds.pointer + model.upperBound(of: member),
          minimum: model.bounds.pointer + model.lowerBound(of: member))
        for r in 0..<rows {
          let row = Int(rowOrder[first + r])
          let (predicted, e) = (output + r * 2 * outputs, draws + (first + r) * outputs)
          for i in 0..<size {
            next[row * size + i] += mean[i] + scale[i] * (predicted[i] + predicted[outputs + i] * e[i])
          }
          if outputs > size {
            reward[row] = mean[size] + scale[size] * (predicted[size] + predicted[outputs + size] * e[size])
          }
        }
      }
    }
  }

  private func advanceByMean(_ actions: UnsafePointer<Float>) {
    gather(actions, sorted: false)
    let (network, outputs, size) = (model.networks.network, model.outputSize, model.stateSize)
    let sum = noise.mutablePointer
    sum.update(repeating: 0, count: count * outputs)
    for (place, member) in model.elites.enumerated() {
      let output = network.forward(
        model.networks.parameters.pointer + member * network.layout.count, input.pointer, rows: count, workspace,
        panels: panels[place])
      for r in 0..<count { for i in 0..<outputs { sum[r * outputs + i] += output[r * 2 * outputs + i] } }
    }
    let (mean, scale, share) = (model.targets.mean.pointer, model.targets.scale.pointer, 1 / Float(model.elites.count))
    let (next, reward) = (state.mutablePointer, rewards.mutablePointer)
    for row in 0..<count {
      for i in 0..<size { next[row * size + i] += mean[i] + scale[i] * (sum[row * outputs + i] * share) }
      if outputs > size { reward[row] = mean[size] + scale[size] * (sum[row * outputs + size] * share) }
    }
  }
}
