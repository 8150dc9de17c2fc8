import Foundation
import Interfaces
import Kernels
import Models

/// The expected return of a policy in Gaussian process dynamics whose state stays normal from step to step: PILCO's moment
/// matching (Deisenroth and Rasmussen 2011, section 2.2), with gradients by the policy's parameters.
///
/// State and action are in the units of the model's normalized inputs. Each step matches the moments of the policy's action,
/// of the state and action together, and of the next state. Rewards are averages over fixed draws of the state before and
/// after the step (`NormalDraws`) at the mean action: the task's reward may be any function with derivatives.
package struct MomentPropagation {
  private let model: GaussianProcessModel
  private let matching: MomentMatching
  private let squash: SineMoments
  private let objective: any DifferentiableObjective
  private let draws: NormalDraws
  private let horizon: Int
  private let discount: Double
  private let (size, actionSize): (Int, Int)
  // next = state + change * factor + shift, in units of normalized states
  private let (factor, shift): ([Double], [Double])
  private let (mean, scale): ([Double], [Double])

  /// In `model`, which has been fitted, for actions between `low` and `high` [A], with rewards of `objective`.
  package init(
    _ model: GaussianProcessModel, _ objective: any DifferentiableObjective, low: [Float], high: [Float], horizon: Int,
    discount: Double, draws: NormalDraws
  ) {
    self.model = model
    self.objective = objective
    (self.horizon, self.discount, self.draws) = (horizon, discount, draws)
    (size, actionSize) = (model.stateSize, model.actionSize)
    matching = MomentMatching(model.sums)
    let (inputs, changes) = (model.inputUnits, model.changeUnits)
    (mean, scale) = inputs
    factor = (0..<model.stateSize).map { changes.scale[$0] / inputs.scale[$0] }
    shift = (0..<model.stateSize).map { changes.mean[$0] / inputs.scale[$0] }
    let size = model.stateSize
    squash = SineMoments(
      center: low.indices.map { (0.5 * Double(low[$0] + high[$0]) - inputs.mean[size + $0]) / inputs.scale[size + $0] },
      half: low.indices.map { 0.5 * Double(high[$0] - low[$0]) / inputs.scale[size + $0] })
  }

  /// A normal state.
  package struct State {
    package var mean: [Double]
    package var covariance: [Double]

    package init(mean: [Double], covariance: [Double]) { (self.mean, self.covariance) = (mean, covariance) }
  }

  /// What a step came from.
  private struct Step {
    let state: State
    let unsquashed: OutputMoments
    let action: OutputMoments
    let joint: State
    let root: [Double]
  }

  /// Minus the expected return from `start`, and its gradient by the policy's parameters; infinite where a covariance is
  /// not positive semidefinite.
  package func loss(_ policy: MomentPolicy, from start: State, gradient: inout [Double]) -> Double {
    for i in gradient.indices { gradient[i] = 0 }
    let bases = MomentMatching(policy.sums)
    var (steps, state) = ([Step](), start)
    for _ in 0..<horizon {
      guard let step = step(bases, state), let next = next(step) else { return .infinity }
      steps.append(step)
      state = next
    }
    guard let lastRoot = draws.root(state.covariance) else { return .infinity }
    // by the state after the last step, then back
    var total = 0.0
    var after = State(
      mean: Array(repeating: 0, count: size), covariance: Array(repeating: 0, count: size * size))
    var rewards: [RewardGradient] = []
    for t in 0..<horizon {
      let next = t + 1 < horizon ? (steps[t + 1].state, steps[t + 1].root) : (state, lastRoot)
      let reward = reward(steps[t], next.0, next.1, weight: -pow(discount, Double(t)))
      total += reward.value
      rewards.append(reward)
    }
    for t in (0..<horizon).reversed() {
      add(rewards[t].after, to: &after)
      guard let before = pullBack(steps[t], after, byAction: rewards[t].action, bases, policy, &gradient) else {
        return .infinity
      }
      after = before
      add(rewards[t].before, to: &after)
    }
    return total.isFinite && gradient.allSatisfy(\.isFinite) ? total : .infinity
  }

  private func add(_ share: State, to total: inout State) {
    for i in share.mean.indices { total.mean[i] += share.mean[i] }
    for i in share.covariance.indices { total.covariance[i] += share.covariance[i] }
  }

  private func step(_ bases: MomentMatching, _ state: State) -> Step? {
    guard let unsquashed = bases.moments(mean: state.mean, covariance: state.covariance),
      let root = draws.root(state.covariance)
    else { return nil }
    let action = squash.moments(unsquashed)
    let width = size + actionSize
    var covariance = [Double](repeating: 0, count: width * width)
    for i in 0..<size {
      for j in 0..<size { covariance[i * width + j] = state.covariance[i * size + j] }
      for a in 0..<actionSize {
        covariance[i * width + size + a] = action.cross[i * actionSize + a]
        covariance[(size + a) * width + i] = action.cross[i * actionSize + a]
      }
    }
    for a in 0..<actionSize {
      for b in 0..<actionSize { covariance[(size + a) * width + size + b] = action.covariance[a * actionSize + b] }
    }
    return Step(
      state: state, unsquashed: unsquashed, action: action,
      joint: State(mean: state.mean + action.mean, covariance: covariance), root: root)
  }

  private func next(_ step: Step) -> State? {
    guard let change = matching.moments(mean: step.joint.mean, covariance: step.joint.covariance) else { return nil }
    var state = step.state
    for i in 0..<size {
      state.mean[i] += factor[i] * change.mean[i] + shift[i]
      for j in 0..<size {
        state.covariance[i * size + j] +=
          factor[i] * factor[j] * change.covariance[i * size + j] + factor[j] * change.cross[i * size + j]
          + factor[i] * change.cross[j * size + i]
      }
    }
    return state
  }

  /// The gradient by the state before a step from that by the state after it and by the mean action; adds that by the policy.
  private func pullBack(
    _ step: Step, _ after: State, byAction: [Double], _ bases: MomentMatching, _ policy: MomentPolicy,
    _ gradient: inout [Double]
  ) -> State? {
    let width = size + actionSize
    var byChange = OutputMoments(inputs: width, outputs: size)
    for i in 0..<size {
      byChange.mean[i] = factor[i] * after.mean[i]
      for j in 0..<size {
        byChange.covariance[i * size + j] = factor[i] * factor[j] * after.covariance[i * size + j]
        byChange.cross[i * size + j] =
          factor[j] * (after.covariance[i * size + j] + after.covariance[j * size + i])
      }
    }
    guard
      let joint = matching.pullBack(byChange, mean: step.joint.mean, covariance: step.joint.covariance)
    else { return nil }
    var before = after
    var action = OutputMoments(inputs: size, outputs: actionSize)
    for i in 0..<size {
      before.mean[i] += joint.mean[i]
      for j in 0..<size { before.covariance[i * size + j] += joint.covariance[i * width + j] }
      for a in 0..<actionSize {
        action.cross[i * actionSize + a] =
          joint.covariance[i * width + size + a] + joint.covariance[(size + a) * width + i]
      }
    }
    for a in 0..<actionSize {
      action.mean[a] = joint.mean[size + a] + byAction[a]
      for b in 0..<actionSize {
        action.covariance[a * actionSize + b] = joint.covariance[(size + a) * width + size + b]
      }
    }
    guard
      let found = bases.pullBack(
        squash.pullBack(action, step.unsquashed), mean: step.state.mean, covariance: step.state.covariance,
        parameters: true), let parameters = found.parameters
    else { return nil }
    add(State(mean: found.mean, covariance: found.covariance), to: &before)
    policy.add(parameters, to: &gradient)
    return before
  }

  private struct RewardGradient {
    var value: Double
    var before: State
    var after: State
    var action: [Double]
  }

  /// `weight` times the expected reward of a step, with gradients by the states before and after it and by the mean action.
  private func reward(_ step: Step, _ next: State, _ nextRoot: [Double], weight: Double) -> RewardGradient {
    let count = draws.count
    func points(_ state: State, _ root: [Double]) -> Matrix {
      let normalized = draws.points(mean: state.mean, root: root)
      var points = Matrix(rows: count, columns: size)
      let target = points.mutablePointer
      for q in 0..<count {
        for i in 0..<size { target[q * size + i] = Float(mean[i] + scale[i] * normalized[q * size + i]) }
      }
      return points
    }
    let (states, ends) = (points(step.state, step.root), points(next, nextRoot))
    var actions = Matrix(rows: count, columns: actionSize)
    let raw = (0..<actionSize).map { Float(mean[size + $0] + scale[size + $0] * step.action.mean[$0]) }
    for q in 0..<count { actions.setRow(q, raw) }
    var (rewards, ended) = ([Float](repeating: 0, count: count), [Bool](repeating: false, count: count))
    objective.evaluate(
      count: count, states: states.pointer, actions: actions.pointer, next: ends.pointer, rewards: &rewards,
      terminated: &ended)
    var (byState, byAction, byNext) = (states, actions, ends)
    objective.differentiate(
      count: count, states: states.pointer, actions: actions.pointer, next: ends.pointer,
      stateGradients: byState.mutablePointer, actionGradients: byAction.mutablePointer,
      nextGradients: byNext.mutablePointer)
    let share = weight / Double(count)
    func back(_ gradient: Matrix, _ root: [Double]) -> State {
      let byPoints = (0..<count * size).map { share * Double(gradient.pointer[$0]) * scale[$0 % size] }
      let (mean, covariance) = draws.pullBack(byPoints, root: root)
      return State(mean: mean, covariance: covariance)
    }
    var action = [Double](repeating: 0, count: actionSize)
    for q in 0..<count {
      for a in 0..<actionSize { action[a] += share * Double(byAction[q, a]) * scale[size + a] }
    }
    return RewardGradient(
      value: share * rewards.reduce(0.0) { $0 + Double($1) }, before: back(byState, step.root),
      after: back(byNext, nextRoot), action: action)
  }
}
