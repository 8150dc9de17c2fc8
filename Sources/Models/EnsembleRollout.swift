import Interfaces
import Kernels
import Networks

/// Imagined trajectories in a probabilistic ensemble. Rows are sorted by the member that advances them, so each member's
/// network sees one block of rows.
///
/// Made to be differentiated, it keeps states, draws and activations of every step; otherwise those of the last one only.
public final class EnsembleRollout: DifferentiableRollout {
  let model: ProbabilisticEnsemble
  /// Weights of each elite.
  let panels: [WeightPanels]
  let capacity: Int
  /// Steps that are kept; 0 where there is no tape.
  let keptSteps: Int
  public private(set) var count = 0
  public private(set) var steps = 0
  private var state: Vector  // [steps + 1, capacity, D] with a tape, else [capacity, D]
  private(set) var input: Vector  // [capacity, D + A], sorted by member
  private var rewards: Vector
  private var random = RandomStream(seed: 0)
  private var particles = (rows: 1, first: 0)

  // One of each for a kept step, or one in all.
  let workspaces: [PerceptronWorkspace]
  private(set) var noise: [Vector]  // [capacity, outputs], sorted by member
  private(set) var groups: [MemberGroups]

  // Scratch of `pullBack`.
  var outputGradients: Vector  // [rows, 2 outputs]
  var inputGradients: Vector  // [rows, D + A]

  /// Room for `capacity` rows, and for the derivatives of `keptSteps` steps.
  init(_ model: ProbabilisticEnsemble, capacity: Int, keptSteps: Int = 0) {
    self.model = model
    self.capacity = capacity
    self.keptSteps = keptSteps
    let (network, keeps) = (model.networks.network, keptSteps > 0)
    // With `mean` every member sees all rows; a tape keeps them side by side.
    let passRows = keeps && model.settings.propagation == .mean ? capacity * model.elites.count : capacity
    workspaces = (0..<max(keptSteps, 1)).map { _ in
      PerceptronWorkspace(for: network, capacity: passRows, keepsActivations: keeps)
    }
    panels = model.elites.map { member in
      let panels = WeightPanels(for: network, gradients: keeps, inputGradients: keeps)
      panels.update(from: model.networks.parameters.pointer + member * network.layout.count)
      return panels
    }
    state = Vector(count: (keptSteps + 1) * capacity * model.stateSize)
    input = Vector(count: capacity * network.inputs)
    noise = (0..<max(keptSteps, 1)).map { _ in Vector(count: capacity * model.outputSize) }
    groups = (0..<max(keptSteps, 1)).map { _ in MemberGroups(capacity: capacity, elites: model.elites.count) }
    rewards = Vector(count: capacity)
    outputGradients = Vector(count: keeps ? capacity * network.outputs : 0)
    inputGradients = Vector(count: keeps ? capacity * network.inputs : 0)
  }

  public var states: UnsafePointer<Float> { state.pointer + place(of: steps) }

  public func states(at step: Int) -> UnsafePointer<Float> {
    precondition(keptSteps > 0 && step >= 0 && step <= steps, "step \(step) of \(steps), \(keptSteps) kept")
    return state.pointer + place(of: step)
  }

  /// First element of the states after `step` steps.
  private func place(of step: Int) -> Int { keptSteps > 0 ? step * capacity * model.stateSize : 0 }

  public var predictedRewards: UnsafePointer<Float>? { model.settings.learnsReward ? rewards.pointer : nil }

  public func reset(
    count: Int, to states: UnsafePointer<Float>, rowsPerParticle: Int, firstParticle: Int, using random: RandomStream
  ) {
    precondition(count <= capacity && rowsPerParticle > 0, "\(count) rows in a rollout of \(capacity)")
    self.count = count
    self.random = random
    steps = 0
    particles = (rowsPerParticle, firstParticle)
    state.mutablePointer.update(from: states, count: count * model.stateSize)
    guard model.settings.propagation == .tsInfinity, keptSteps == 0 else { return }
    groups[0].assign(count: count, rowsPerParticle: rowsPerParticle, firstParticle: firstParticle)
  }

  public func advance(_ actions: UnsafePointer<Float>) {
    precondition(keptSteps == 0 || steps < keptSteps, "step \(steps + 1) of a rollout that keeps \(keptSteps)")
    let slot = keptSteps > 0 ? steps : 0
    let base = state.mutablePointer
    let (before, after) = (base + place(of: steps), base + place(of: steps + 1))
    switch model.settings.propagation {
    case .mean: advanceByMean(actions, before, after, slot)
    case .tsInfinity:
      if keptSteps > 0 {
        groups[slot].assign(count: count, rowsPerParticle: particles.rows, firstParticle: particles.first)
      }
      advanceByMembers(actions, before, after, slot)
    case .ts1:
      groups[slot].draw(count: count, using: &random)
      advanceByMembers(actions, before, after, slot)
    }
    steps += 1
  }

  /// Normalized network inputs of the rows in order of their members, or as they stand.
  private func gather(_ states: UnsafePointer<Float>, _ actions: UnsafePointer<Float>, in order: [Int32]?) {
    let (size, actionSize) = (model.stateSize, model.actionSize)
    let (mean, inverse) = (model.inputs.mean.pointer, model.inputs.inverse.pointer)
    let target = input.mutablePointer
    func take(_ row: Int, _ place: Int) {
      let x = target + place * (size + actionSize)
      for i in 0..<size { x[i] = (states[row * size + i] - mean[i]) * inverse[i] }
      for i in 0..<actionSize { x[size + i] = (actions[row * actionSize + i] - mean[size + i]) * inverse[size + i] }
    }
    if let order {
      order.withUnsafeBufferPointer { order in for k in 0..<count { take(Int(order[k]), k) } }
    } else {
      for row in 0..<count { take(row, row) }
    }
  }

  private func advanceByMembers(
    _ actions: UnsafePointer<Float>, _ before: UnsafePointer<Float>, _ after: UnsafeMutablePointer<Float>, _ slot: Int
  ) {
    gather(before, actions, in: groups[slot].order)
    let (network, outputs, size) = (model.networks.network, model.outputSize, model.stateSize)
    let (mean, scale) = (model.targets.mean.pointer, model.targets.scale.pointer)
    let (reward, draws) = (rewards.mutablePointer, noise[slot].mutablePointer)
    random.fillNormal(draws, count: count * outputs)
    let groups = groups[slot]
    groups.order.withUnsafeBufferPointer { rowOrder in
      for group in 0..<groups.elites where groups.starts[group + 1] > groups.starts[group] {
        let (first, member) = (groups.starts[group], model.elites[group])
        let rows = groups.starts[group + 1] - first
        let output = network.forward(
          model.networks.parameters.pointer + member * network.layout.count, input.pointer + first * network.inputs,
          rows: rows, workspaces[slot], from: keptSteps > 0 ? first : 0, panels: panels[group])
        GaussianHead.standardDeviations(
          output, rows: rows, size: outputs, maximum: model.bounds.pointer + model.upperBound(of: member),
          minimum: model.bounds.pointer + model.lowerBound(of: member))
        for r in 0..<rows {
          let row = Int(rowOrder[first + r])
          let (predicted, e) = (output + r * 2 * outputs, draws + (first + r) * outputs)
          for i in 0..<size {
            after[row * size + i] =
              before[row * size + i] + mean[i] + scale[i] * (predicted[i] + predicted[outputs + i] * e[i])
          }
          if outputs > size {
            reward[row] = mean[size] + scale[size] * (predicted[size] + predicted[outputs + size] * e[size])
          }
        }
      }
    }
  }

  private func advanceByMean(
    _ actions: UnsafePointer<Float>, _ before: UnsafePointer<Float>, _ after: UnsafeMutablePointer<Float>, _ slot: Int
  ) {
    gather(before, actions, in: nil)
    let (network, outputs, size) = (model.networks.network, model.outputSize, model.stateSize)
    let sum = noise[slot].mutablePointer
    sum.update(repeating: 0, count: count * outputs)
    for (place, member) in model.elites.enumerated() {
      let output = network.forward(
        model.networks.parameters.pointer + member * network.layout.count, input.pointer, rows: count,
        workspaces[slot], from: keptSteps > 0 ? place * count : 0, panels: panels[place])
      for r in 0..<count { for i in 0..<outputs { sum[r * outputs + i] += output[r * 2 * outputs + i] } }
    }
    let (mean, scale, share) = (model.targets.mean.pointer, model.targets.scale.pointer, 1 / Float(model.elites.count))
    let reward = rewards.mutablePointer
    for row in 0..<count {
      for i in 0..<size {
        after[row * size + i] = before[row * size + i] + mean[i] + scale[i] * (sum[row * outputs + i] * share)
      }
      if outputs > size { reward[row] = mean[size] + scale[size] * (sum[row * outputs + size] * share) }
    }
  }
}
