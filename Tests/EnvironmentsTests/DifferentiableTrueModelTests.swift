import Environments
import Interfaces
import Kernels
import TestSupport
import Testing

/// Tasks as models that can be differentiated, and the derivatives of their rewards.
@Suite struct DifferentiableTrueModelTests {
  @Test(arguments: [Float(0), 0.02]) func pendulum(_ noise: Float) {
    check(Pendulum(PendulumSettings()), noise, actionScale: 1.5)
  }
  @Test(arguments: [Float(0), 0.02]) func cartPoleSwingUp(_ noise: Float) {
    check(CartPoleSwingUp(CartPoleSwingUpSettings()), noise, actionScale: 0.3)
  }
  @Test(arguments: [Float(0), 0.02]) func pointMass(_ noise: Float) {
    check(PointMass(PointMassSettings()), noise, actionScale: 2)
  }

  /// Observations of starts [N * D], and actions [T * N * A] within the bounds.
  private func course<Task: DifferentiableTask>(
    _ task: Task, rows: Int, steps: Int, actionScale: Float
  ) -> (starts: [Float], actions: [Float]) {
    var random = RandomStream(seed: 3)
    let size = task.spec.observationSize
    var starts = [Float](repeating: 0, count: rows * size)
    for row in 0..<rows {
      let state = task.startState(using: &random)
      starts.withUnsafeMutableBufferPointer {
        if let base = $0.baseAddress { task.observe(state, into: base + row * size) }
      }
    }
    return (starts, (0..<rows * steps * task.spec.action.size).map { _ in random.uniform(-actionScale, actionScale) })
  }

  private func check<Task: DifferentiableTask>(_ task: Task, _ noise: Float, actionScale: Float) {
    let model = DifferentiableTrueModel(task, noise: noise)
    let (starts, actions) = course(task, rows: 5, steps: 4, actionScale: actionScale)
    let errors = rolloutGradientErrors(
      of: model, starts: starts, actions: actions, step: 4e-3, using: RandomStream(seed: 2))
    #expect(errors.starts.worst < 1e-2, "\(errors.starts)")
    #expect(errors.actions.worst < 1e-2, "\(errors.actions)")
  }

  /// Without noise, with and without a tape, the states are those of the plain true model.
  @Test func followsTheTask() {
    let task = CartPoleSwingUp(CartPoleSwingUpSettings())
    let (starts, actions) = course(task, rows: 5, steps: 8, actionScale: 3)
    var plain = TrueModel(task).makeRollout(capacity: 5)
    let model = DifferentiableTrueModel(task)
    var (kept, last) = (model.makeRollout(capacity: 5, keeping: 8), model.makeRollout(capacity: 5))
    plain.reset(count: 5, to: starts, rowsPerParticle: 1, firstParticle: 0, using: RandomStream(seed: 1))
    kept.reset(count: 5, to: starts, rowsPerParticle: 1, firstParticle: 0, using: RandomStream(seed: 1))
    last.reset(count: 5, to: starts, rowsPerParticle: 1, firstParticle: 0, using: RandomStream(seed: 1))
    for t in 0..<8 {
      let action = Array(actions[t * 5..<(t + 1) * 5])
      plain.advance(action)
      kept.advance(action)
      last.advance(action)
      for i in 0..<25 {
        #expect(abs(plain.states[i] - kept.states[i]) <= 1e-5 * max(1, abs(plain.states[i])))
        #expect(last.states[i] == kept.states(at: t + 1)[i])
      }
    }
  }

  /// Noise of the size asked for, and its score: a functional w·e / σ of the draws, seen through the Jacobians.
  @Test func scoresAreThoseOfTheNoise() {
    let (task, noise, rows) = (PointMass(PointMassSettings()), Float(0.1), 4000)
    let starts = [Float](repeating: 0.5, count: 4 * rows)
    let actions = [Float](repeating: 1, count: 2 * rows)
    var noisy = DifferentiableTrueModel(task, noise: noise).makeRollout(capacity: rows, keeping: 1)
    var exact = DifferentiableTrueModel(task).makeRollout(capacity: rows, keeping: 1)
    noisy.reset(count: rows, to: starts, rowsPerParticle: 1, firstParticle: 0, using: RandomStream(seed: 1))
    exact.reset(count: rows, to: starts, rowsPerParticle: 1, firstParticle: 0, using: RandomStream(seed: 1))
    noisy.advance(actions)
    exact.advance(actions)
    let errors = (0..<4 * rows).map { noisy.states[$0] - exact.states[$0] }
    let variance = errors.reduce(0) { $0 + $1 * $1 } / Float(errors.count)
    #expect(abs(variance.squareRoot() - noise) < 0.02 * noise, "deviation \(variance.squareRoot())")
    // the score with respect to f is (x' - f) / σ²; pulling it back is pulling back that gradient
    let weights = (0..<rows).map { Float($0 % 7) - 3 }
    let scores = errors.enumerated().map { weights[$0.offset / 4] * $0.element / (noise * noise) }
    var found = (states: errors, actions: actions)
    var expected = (states: errors, actions: actions)
    noisy.pullBack(
      step: 0, nextGradients: nil, rewardGradients: nil, scoreWeights: weights, stateGradients: &found.states,
      actionGradients: &found.actions)
    exact.pullBack(
      step: 0, nextGradients: scores, rewardGradients: nil, scoreWeights: nil, stateGradients: &expected.states,
      actionGradients: &expected.actions)
    for (a, b) in zip(found.states + found.actions, expected.states + expected.actions) {
      #expect(abs(a - b) <= 1e-2 + 1e-3 * abs(b))
    }
  }

  @Test func objectivesOfTasks() {
    checkObjective(Pendulum(PendulumSettings()), actionScale: 1.9)
    checkObjective(CartPoleSwingUp(CartPoleSwingUpSettings()), actionScale: 2.9)
    checkObjective(PointMass(PointMassSettings()), actionScale: 9)
  }

  private func checkObjective<Task: DifferentiableTask>(_ task: Task, actionScale: Float)
  where Task.Score: DifferentiableObjective {
    let (size, actionSize, rows, objective) = (task.spec.observationSize, task.spec.action.size, 12, task.objective)
    let (states, actions) = course(task, rows: rows, steps: 1, actionScale: actionScale)
    let next = course(task, rows: 2 * rows, steps: 1, actionScale: actionScale).starts.suffix(rows * size)
    var (byState, byNext) = ([Float](repeating: 9, count: rows * size), [Float](repeating: 9, count: rows * size))
    var byAction = [Float](repeating: 9, count: rows * actionSize)
    objective.differentiate(
      count: rows, states: states, actions: actions, next: Array(next), stateGradients: &byState,
      actionGradients: &byAction, nextGradients: &byNext)
    let gradients = [byState, byAction, byNext]
    func total(_ values: [[Double]]) -> Double {
      let values = values.map { $0.map { Float($0) } }
      var (rewards, ends) = ([Float](repeating: 0, count: rows), [Bool](repeating: false, count: rows))
      objective.evaluate(
        count: rows, states: values[0], actions: values[1], next: values[2], rewards: &rewards, terminated: &ends)
      return rewards.reduce(0) { $0 + Double($1) }
    }
    let point = [states, actions, Array(next)].map { $0.map { Double($0) } }
    for part in 0..<3 {
      let error = gradientError(of: gradients[part], at: point[part], step: 2e-2) { moved in
        var values = point
        values[part] = moved
        return total(values)
      }
      #expect(error.worst < 2e-2, "\(Task.name), part \(part): \(error)")
    }
  }

  @Test func stepsAndGradientsDoNotAllocate() {
    let task = Pendulum(PendulumSettings())
    let (starts, actions) = course(task, rows: 20, steps: 3, actionScale: 1)
    var rollout = DifferentiableTrueModel(task, noise: 0.1).makeRollout(capacity: 20, keeping: 3)
    var (states, slopes) = ([Float](repeating: 1, count: 60), [Float](repeating: 0, count: 20))
    let next = states
    let count = allocations {
      rollout.reset(count: 20, to: starts, rowsPerParticle: 1, firstParticle: 0, using: RandomStream(seed: 1))
      for t in 0..<3 {
        actions.withUnsafeBufferPointer { if let base = $0.baseAddress { rollout.advance(base + t * 20) } }
      }
      for t in 0..<3 {
        rollout.pullBack(
          step: t, nextGradients: next, rewardGradients: nil, scoreWeights: next, stateGradients: &states,
          actionGradients: &slopes)
      }
    }
    #expect(count == 0, "\(count) heap allocations")
  }
}
