import Interfaces
import Kernels
import Networks

extension ModelGradientVisitor {
  /// Adds the gradient of all steps to that of `pass`, from the last to the first; returns the sum over steps of the
  /// likelihood ratio's share.
  func goBack(_ pass: Pass, _ rollout: inout Rollout) -> Float {
    let (job, rows, gradient) = (pass.job, pass.rows, pass.gradient)
    let carried = carried.mutablePointer
    let elements = rows * job.network.inputs
    var shares: Float = 0
    for t in (0..<horizon).reversed() {
      setSeeds(t, pass)
      if settings.estimator != .reparametrization { setScores(t, rows) }
      let states = rollout.states(at: t)
      func pullBack(_ side: Side, pathwise: Bool, into target: UnsafeMutablePointer<Float>, adds: Bool) {
        pullBackWorld(t, pass, &rollout, side, pathwise: pathwise)
        pullBackPolicy(t, states, side, pass, isUnit: false, into: target, accumulate: adds)
      }
      switch settings.estimator {
      case .reparametrization:
        pullBack(pathwise, pathwise: true, into: gradient, adds: true)
        carry(pathwise, count: elements, into: carried)
      case .likelihoodRatio:
        pullBack(pathwise, pathwise: false, into: gradient, adds: true)
        shares += 1
      case .totalPropagation:
        guard let likelihood else { preconditionFailure("scratch for one estimator") }
        pullBack(pathwise, pathwise: true, into: pathwise.parameters.mutablePointer, adds: false)
        pullBack(likelihood, pathwise: false, into: likelihood.parameters.mutablePointer, adds: false)
        let share = TotalPropagation.likelihoodShare(
          pathwise: pathwise.variance(rows), likelihood: likelihood.variance(rows))
        shares += share
        let count = job.network.layout.count
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

  /// The loss's derivatives by the rewards of step t: 0 for rows that had ended.
  private func setSeeds(_ t: Int, _ pass: Pass) {
    let (seed, active, seeds) = (seed(t, of: pass.job), pass.active + t * pass.stride, seeds.mutablePointer)
    for row in 0..<pass.rows { seeds[row] = active[row] > 0 ? seed : 0 }
  }

  /// Weights of the scores: the loss's derivative times the return that follows, less the mean of the other
  /// trajectories from the same start (of the other rows where there is one from each).
  private func setScores(_ t: Int, _ rows: Int) {
    let (returns, scores) = (returns.pointer + t * self.rows, scores.mutablePointer)
    let seeds = seeds.pointer
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

  /// One side of a step through the world: pathwise from the states after it, or by the scores.
  private func pullBackWorld(_ t: Int, _ pass: Pass, _ rollout: inout Rollout, _ side: Side, pathwise: Bool) {
    let (rows, size, seeds) = (pass.rows, pass.job.network.inputs, seeds.pointer)
    let (states, actions, carried) = (
      side.states.mutablePointer, side.actions.mutablePointer, carried.mutablePointer
    )
    let after = pass.active + (t + 1) * pass.stride
    for row in 0..<rows where after[row] == 0 {
      for i in row * size..<(row + 1) * size { carried[i] = 0 }
    }
    rollout.pullBack(
      step: t, nextGradients: pathwise ? UnsafePointer(carried) : nil, rewardGradients: seeds,
      scoreWeights: pathwise ? nil : scores.pointer, stateGradients: states, actionGradients: actions)
    for row in 0..<rows where seeds[row] == 0 {
      for i in row * size..<(row + 1) * size { states[i] = 0 }
      for i in row * actionSize..<(row + 1) * actionSize { actions[i] = 0 }
    }
  }

  /// A side's action gradients through the policy at step t, into `target` and the side's `inputs`. Actions are in the
  /// environment's units unless `isUnit`.
  func pullBackPolicy(
    _ t: Int, _ states: UnsafePointer<Float>, _ side: Side, _ pass: Pass, isUnit: Bool,
    into target: UnsafeMutablePointer<Float>, accumulate: Bool
  ) {
    let (job, rows, actions) = (pass.job, pass.rows, side.actions.mutablePointer)
    // d(-β γ^t log π) counts where the reward does; what the critics value has no bonus
    let bonuses = logProbabilityGradients.mutablePointer
    for row in 0..<rows { bonuses[row] = t < horizon ? -settings.entropyWeight * seeds[row] : 0 }
    if !isUnit {
      let half = job.scaling.half.pointer
      for row in 0..<rows { for i in 0..<actionSize { actions[row * actionSize + i] *= half[i] } }
    }
    let slopes = outputGradients.mutablePointer
    job.head.backward(
      passes[t].output, noise: noise.pointer + place(t), actions: unitActions.pointer + place(t),
      actionGradient: actions, logProbabilityGradients: bonuses, rows: rows, size: actionSize, gradient: slopes)
    job.network.backward(
      job.parameters, states, rows: rows, outputGradient: slopes, passes[t], parameterGradient: target,
      accumulate: accumulate, inputGradient: side.inputs.mutablePointer,
      squaredNorms: side.squaredNorms.count > 0 ? side.squaredNorms.mutablePointer : nil, packed: job.packed)
  }

  /// The gradient with respect to the states before a step: through the world, and through the policy's action.
  private func carry(_ side: Side, count: Int, into carried: UnsafeMutablePointer<Float>) {
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

extension ModelGradientSide {
  /// Trace of the covariance of the rows' gradients, times the number of rows: Σ |g_i|² - |Σ g_i|² / n.
  fileprivate func variance(_ rows: Int) -> Float {
    let sum = Reductions.sum(squaredNorms.pointer, count: rows)
    let mean = Reductions.dot(parameters.pointer, parameters.pointer, count: parameters.count) / Float(rows)
    return sum.isNaN || mean.isNaN ? .infinity : max(sum - mean, 0)
  }
}
