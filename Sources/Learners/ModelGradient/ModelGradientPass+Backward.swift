import Interfaces
import Kernels
import Networks

extension ModelGradientPass {
  /// Adds the gradient of all steps to `gradient`, from the last to the first; returns the sum over steps of the likelihood
  /// ratio's share.
  func goBack<Rollout: DifferentiableRollout>(
    _ rows: Int, _ rollout: inout Rollout, gradient: UnsafeMutablePointer<Float>, _ workspace: ModelGradientWorkspace
  ) -> Float {
    let carried = workspace.carried.mutablePointer
    let elements = rows * network.inputs
    var shares: Float = 0
    for t in (0..<horizon).reversed() {
      differentiateRewards(t, rows, rollout, workspace)
      if settings.estimator != .reparametrization { setScores(t, rows, workspace) }
      let states = rollout.states(at: t)
      func pullBack(
        _ side: ModelGradientWorkspace.Side, pathwise: Bool, into target: UnsafeMutablePointer<Float>, adds: Bool
      ) {
        pullBackModel(t, rows, &rollout, side, pathwise: pathwise, workspace)
        pullBackPolicy(t, states, side, rows: rows, isUnit: false, into: target, accumulate: adds, workspace)
      }
      switch settings.estimator {
      case .reparametrization:
        pullBack(workspace.pathwise, pathwise: true, into: gradient, adds: true)
        carry(workspace.pathwise, count: elements, into: carried)
      case .likelihoodRatio:
        pullBack(workspace.pathwise, pathwise: false, into: gradient, adds: true)
        shares += 1
      case .totalPropagation:
        guard let likelihood = workspace.likelihood else { preconditionFailure("scratch for one estimator") }
        let pathwise = workspace.pathwise
        pullBack(pathwise, pathwise: true, into: pathwise.parameters.mutablePointer, adds: false)
        pullBack(likelihood, pathwise: false, into: likelihood.parameters.mutablePointer, adds: false)
        let share = TotalPropagation.likelihoodShare(
          pathwise: pathwise.variance(rows), likelihood: likelihood.variance(rows))
        shares += share
        let count = network.layout.count
        TotalPropagation.add(
          pathwise.parameters.pointer, likelihood.parameters.pointer, share, count: count, to: gradient)
        carried.update(repeating: 0, count: elements)
        carry(pathwise, count: elements, into: pathwise.states.mutablePointer)
        carry(likelihood, count: elements, into: likelihood.states.mutablePointer)
        TotalPropagation.add(pathwise.states.pointer, likelihood.states.pointer, share, count: elements, to: carried)
      }
    }
    return shares
  }

  /// Derivatives of the step's rewards, times those of the loss by them.
  private func differentiateRewards<Rollout: DifferentiableRollout>(
    _ t: Int, _ rows: Int, _ rollout: Rollout, _ workspace: ModelGradientWorkspace
  ) {
    let (size, seed, alive) = (network.inputs, seed(t), workspace.alive.pointer + t * workspace.rows)
    let seeds = workspace.seeds.mutablePointer
    for row in 0..<rows { seeds[row] = alive[row] > 0 ? seed : 0 }
    let (states, actions, next) = (
      workspace.rewardStates.mutablePointer, workspace.rewardActions.mutablePointer,
      workspace.rewardNext.mutablePointer
    )
    guard case .objective(let objective) = rewards else {
      states.update(repeating: 0, count: rows * size)
      actions.update(repeating: 0, count: rows * actionSize)
      next.update(repeating: 0, count: rows * size)
      return
    }
    objective.differentiate(
      count: rows, states: rollout.states(at: t), actions: workspace.actions.pointer + place(t, workspace),
      next: rollout.states(at: t + 1), stateGradients: states, actionGradients: actions, nextGradients: next)
    for row in 0..<rows {
      let factor = seeds[row]
      // a trajectory that has ended may be anywhere, where 0 times it would not be 0
      for i in row * size..<(row + 1) * size {
        states[i] = factor == 0 ? 0 : factor * states[i]
        next[i] = factor == 0 ? 0 : factor * next[i]
      }
      for i in row * actionSize..<(row + 1) * actionSize { actions[i] = factor == 0 ? 0 : factor * actions[i] }
    }
  }

  /// Weights of the scores: the loss's derivative times the return that follows, less the mean of the other trajectories
  /// from the same start (of the other rows where there is one from each).
  private func setScores(_ t: Int, _ rows: Int, _ workspace: ModelGradientWorkspace) {
    let (returns, scores) = (workspace.returns.pointer + t * workspace.rows, workspace.scores.mutablePointer)
    let seeds = workspace.seeds.pointer
    let group = settings.particles > 1 ? settings.particles : rows
    for first in stride(from: 0, to: rows, by: group) {
      let count = min(group, rows - first)
      let mean = Reductions.sum(returns + first, count: count) / Float(count)
      let correction = count > 1 ? Float(count) / Float(count - 1) : 1
      let baseline = count > 1 ? mean : 0
      for row in first..<first + count {
        scores[row] = seeds[row] == 0 ? 0 : seeds[row] * correction * (returns[row] - baseline)
      }
    }
  }

  /// One side of a step through the model: pathwise from the states after it, or by the scores.
  private func pullBackModel<Rollout: DifferentiableRollout>(
    _ t: Int, _ rows: Int, _ rollout: inout Rollout, _ side: ModelGradientWorkspace.Side, pathwise: Bool,
    _ workspace: ModelGradientWorkspace
  ) {
    let (size, seeds) = (network.inputs, workspace.seeds.pointer)
    let (states, actions) = (side.states.mutablePointer, side.actions.mutablePointer)
    let rewardNext = workspace.rewardNext.mutablePointer
    if pathwise {
      let (carried, after) = (workspace.carried.pointer, workspace.alive.pointer + (t + 1) * workspace.rows)
      for row in 0..<rows where after[row] > 0 {
        for i in row * size..<(row + 1) * size { rewardNext[i] += carried[i] }
      }
    }
    rollout.pullBack(
      step: t, nextGradients: pathwise ? UnsafePointer(rewardNext) : nil, rewardGradients: seeds,
      scoreWeights: pathwise ? nil : workspace.scores.pointer, stateGradients: states, actionGradients: actions)
    let (rewardStates, rewardActions) = (workspace.rewardStates.pointer, workspace.rewardActions.pointer)
    for row in 0..<rows {
      let isAlive = seeds[row] != 0
      for i in row * size..<(row + 1) * size { states[i] = isAlive ? states[i] + rewardStates[i] : 0 }
      for i in row * actionSize..<(row + 1) * actionSize {
        actions[i] = isAlive ? actions[i] + rewardActions[i] : 0
      }
    }
  }

  /// A side's action gradients through the policy at step t, into `target` and the side's `inputs`. Actions are in the
  /// environment's units unless `isUnit`.
  func pullBackPolicy(
    _ t: Int, _ states: UnsafePointer<Float>, _ side: ModelGradientWorkspace.Side, rows: Int, isUnit: Bool,
    into target: UnsafeMutablePointer<Float>, accumulate: Bool, _ workspace: ModelGradientWorkspace
  ) {
    let (place, actions) = (place(t, workspace), side.actions.mutablePointer)
    if !isUnit {
      let half = scaling.half.pointer
      for row in 0..<rows { for i in 0..<actionSize { actions[row * actionSize + i] *= half[i] } }
    }
    let slopes = workspace.outputGradients.mutablePointer
    head.backward(
      workspace.passes[t].output, noise: workspace.noise.pointer + place,
      actions: workspace.unitActions.pointer + place, actionGradient: actions,
      logProbabilityGradient: t < horizon ? settings.entropyWeight / Float(blocks.rows) : 0, rows: rows,
      size: actionSize, gradient: slopes)
    network.backward(
      parameters, states, rows: rows, outputGradient: slopes, workspace.passes[t], parameterGradient: target,
      accumulate: accumulate, inputGradient: side.inputs.mutablePointer,
      squaredNorms: side.squaredNorms.count > 0 ? side.squaredNorms.mutablePointer : nil, panels: panels)
  }

  /// The gradient with respect to the states before a step: through the model, and through the policy's action.
  private func carry(
    _ side: ModelGradientWorkspace.Side, count: Int, into carried: UnsafeMutablePointer<Float>
  ) {
    let (states, inputs) = (side.states.pointer, side.inputs.pointer)
    for i in 0..<count { carried[i] = states[i] + inputs[i] }
  }
}

/// The combination of two estimators of one gradient (Parmas et al. 2018, algorithm 2).
package enum TotalPropagation {
  /// Weight k of the likelihood ratio that minimizes the variance of k LR + (1 - k) RP, the two taken as uncorrelated:
  /// k = V_RP / (V_RP + V_LR). A side whose variance is not finite gets nothing; both without variance, RP gets all.
  package static func likelihoodShare(pathwise: Float, likelihood: Float) -> Float {
    guard likelihood.isFinite else { return 0 }
    guard pathwise.isFinite else { return 1 }
    let sum = pathwise + likelihood
    return sum > 0 ? (sum.isFinite ? pathwise / sum : 0.5) : 0
  }

  /// target += (1 - k) pathwise + k likelihood; a side of no weight may be not finite.
  package static func add(
    _ pathwise: UnsafePointer<Float>, _ likelihood: UnsafePointer<Float>, _ share: Float, count: Int,
    to target: UnsafeMutablePointer<Float>
  ) {
    if share < 1 { Elementwise.add(target, pathwise, count: count, scale: 1 - share) }
    if share > 0 { Elementwise.add(target, likelihood, count: count, scale: share) }
  }
}

extension ModelGradientWorkspace.Side {
  /// Trace of the covariance of the rows' gradients, times the number of rows: Σ |g_i|² - |Σ g_i|² / n.
  fileprivate func variance(_ rows: Int) -> Float {
    let sum = Reductions.sum(squaredNorms.pointer, count: rows)
    let mean = Reductions.dot(parameters.pointer, parameters.pointer, count: parameters.count) / Float(rows)
    return sum.isNaN || mean.isNaN ? .infinity : max(sum - mean, 0)
  }
}
