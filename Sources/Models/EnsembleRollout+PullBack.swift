import Interfaces
import Kernels
import Networks

extension EnsembleRollout {
  /// With s' = s + mean + scale (m(x) + σ(x) e) in normalized network outputs m, σ and inputs x, the score with respect
  /// to them is e / σ and (e² - 1) / σ. O(rows * parameters), as a forward pass.
  public func pullBack(
    step: Int, nextGradients: UnsafePointer<Float>?, rewardGradients: UnsafePointer<Float>?,
    scoreWeights: UnsafePointer<Float>?, stateGradients: UnsafeMutablePointer<Float>,
    actionGradients: UnsafeMutablePointer<Float>
  ) {
    precondition(keptSteps > 0 && step >= 0 && step < steps, "step \(step) of \(steps), \(keptSteps) kept")
    if let nextGradients {
      stateGradients.update(from: nextGradients, count: count * model.stateSize)
    } else {
      stateGradients.update(repeating: 0, count: count * model.stateSize)
    }
    actionGradients.update(repeating: 0, count: count * model.actionSize)
    let gradients = StepGradients(
      next: nextGradients, rewards: rewardGradients, scores: scoreWeights, states: stateGradients,
      actions: actionGradients)
    switch model.settings.propagation {
    case .mean:
      precondition(scoreWeights == nil, "means have no density")
      pullBackMean(step, gradients)
    case .ts1, .tsInfinity:
      precondition(scoreWeights == nil || !model.settings.deterministic, "means have no density")
      pullBackMembers(step, gradients)
    case .distribution: preconditionFailure("distribution sampling cannot be differentiated")
    }
  }

  /// What comes in and goes out of a step.
  private struct StepGradients {
    let next: UnsafePointer<Float>?
    let rewards: UnsafePointer<Float>?
    let scores: UnsafePointer<Float>?
    let states: UnsafeMutablePointer<Float>
    let actions: UnsafeMutablePointer<Float>
  }

  private func pullBackMembers(_ step: Int, _ gradients: StepGradients) {
    let (outputs, width, groups) = (model.outputSize, model.networks.network.outputs, groups[step])
    let hasNoise = !model.settings.deterministic
    let (draws, scale) = (noise[step].pointer, model.targets.scale.pointer)
    let slopes = outputGradients.mutablePointer
    groups.order.withUnsafeBufferPointer { order in
      for group in 0..<groups.elites where groups.starts[group + 1] > groups.starts[group] {
        let (first, member) = (groups.starts[group], model.elites[group])
        let rows = groups.starts[group + 1] - first
        let output = workspaces[step].output + first * width
        for r in 0..<rows {
          let (row, e) = (Int(order[first + r]), draws + (first + r) * outputs)
          let (slope, deviations) = (slopes + r * width, output + r * width + outputs)
          clearTail(of: slope)
          setMeanGradient(row, gradients, share: 1, into: slope)
          guard hasNoise else { continue }
          for i in 0..<outputs { slope[outputs + i] = slope[i] * e[i] }
          if let scores = gradients.scores {
            for i in 0..<model.stateSize {
              let weight = scores[row] / deviations[i]
              slope[i] += weight * e[i]
              slope[outputs + i] += weight * (e[i] * e[i] - 1)
              // the mean of the next state begins with the state itself
              gradients.states[row * model.stateSize + i] += weight * e[i] / scale[i]
            }
          }
        }
        if hasNoise {
          GaussianHead.standardDeviationsBackward(
            output, rows: rows, size: outputs,
            maximum: model.bounds.pointer + model.upperBound(of: member),
            minimum: model.bounds.pointer + model.lowerBound(of: member), gradient: slopes)
        }
        pullBack(step, group: group, rows: rows, from: first)
        for r in 0..<rows { addInputGradient(of: r, to: Int(order[first + r]), gradients) }
      }
    }
  }

  private func pullBackMean(_ step: Int, _ gradients: StepGradients) {
    let (width, slopes) = (model.networks.network.outputs, outputGradients.mutablePointer)
    let share = 1 / Float(model.elites.count)
    for r in 0..<count {
      let slope = slopes + r * width
      clearTail(of: slope)
      setMeanGradient(r, gradients, share: share, into: slope)
    }
    for place in model.elites.indices {
      pullBack(step, group: place, rows: count, from: place * count)
      for r in 0..<count { addInputGradient(of: r, to: r, gradients) }
    }
  }

  /// Zeros the gradient of whatever follows the mean outputs of a row.
  private func clearTail(of slope: UnsafeMutablePointer<Float>) {
    (slope + model.outputSize).update(repeating: 0, count: model.networks.network.outputs - model.outputSize)
  }

  /// Gradient with respect to a row's mean outputs, before scores.
  private func setMeanGradient(
    _ row: Int, _ gradients: StepGradients, share: Float, into slope: UnsafeMutablePointer<Float>
  ) {
    let (size, scale) = (model.stateSize, model.targets.scale.pointer)
    for i in 0..<size { slope[i] = gradients.next.map { $0[row * size + i] * scale[i] * share } ?? 0 }
    if model.outputSize > size { slope[size] = gradients.rewards.map { $0[row] * scale[size] * share } ?? 0 }
  }

  /// Takes the output gradients of a block of rows through an elite's network.
  private func pullBack(_ step: Int, group: Int, rows: Int, from first: Int) {
    let (network, member) = (model.networks.network, model.elites[group])
    network.backward(
      model.networks.parameters.pointer + member * network.layout.count, input.pointer, rows: rows,
      outputGradient: outputGradients.pointer, workspaces[step], parameterGradient: nil,
      inputGradient: inputGradients.mutablePointer, from: first, packed: packed[group])
  }

  /// Adds the gradient of the `r`th network input to row `row`'s.
  private func addInputGradient(of r: Int, to row: Int, _ gradients: StepGradients) {
    let (size, actionSize) = (model.stateSize, model.actionSize)
    let (inverse, slope) = (model.inputs.inverse.pointer, inputGradients.pointer + r * (size + actionSize))
    for i in 0..<size { gradients.states[row * size + i] += inverse[i] * slope[i] }
    for i in 0..<actionSize { gradients.actions[row * actionSize + i] += inverse[size + i] * slope[size + i] }
  }
}
