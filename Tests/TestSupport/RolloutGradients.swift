import Interfaces
import Kernels

extension DynamicsModel {
  /// A rollout that keeps no steps.
  package func makeRollout(capacity: Int) -> Rollout { makeRollout(capacity: capacity, keeping: 0) }
}

extension ModelRollout {
  /// Starts at `count` states [N, D].
  package mutating func reset(
    count: Int, to states: UnsafePointer<Float>, rowsPerParticle: Int, firstParticle: Int, using random: RandomStream
  ) {
    reset(
      RolloutStarts(
        count: count, states: states, rowsPerParticle: rowsPerParticle, firstParticle: firstParticle), using: random)
  }
}

extension ModelRollout where Self: AnyObject {
  /// The same of an object.
  package func reset(
    count: Int, to states: UnsafePointer<Float>, rowsPerParticle: Int, firstParticle: Int, using random: RandomStream
  ) {
    var rollout = self
    rollout.reset(
      RolloutStarts(
        count: count, states: states, rowsPerParticle: rowsPerParticle, firstParticle: firstParticle), using: random)
  }
}

/// Compares the gradient, through all steps of a rollout, of a random linear functional of its states (and of the rewards
/// it predicts) with central differences, in single precision: once by the start states, once by the actions.
///
/// `starts` [N * D] and `actions` [T * N * A]; `random` is the stream of the rollout and of the functional.
package func rolloutGradientErrors<Model: DynamicsModel>(
  of model: Model, starts: [Float], actions: [Float], step h: Double = 1e-2, using random: RandomStream
) -> (starts: GradientError, actions: GradientError) {
  let (size, actionSize) = (model.stateSize, model.actionSize)
  let count = starts.count / size
  let steps = actions.count / (count * actionSize)
  var stream = random.child("functional")
  let weights = (0..<(steps + 1) * count * size).map { _ in stream.normal() }
  let prices = (0..<steps * count).map { _ in stream.normal() }
  var rollout = model.makeRollout(capacity: count + 3, keeping: steps)

  func value(_ starts: [Float], _ actions: [Float]) -> Double {
    rollout.reset(count: count, to: starts, rowsPerParticle: 1, firstParticle: 0, using: random.child("rollout"))
    var total = 0.0
    for t in 0..<steps {
      actions.withUnsafeBufferPointer {
        if let base = $0.baseAddress { rollout.advance(base + t * count * actionSize) }
      }
      if let rewards = rollout.predictedRewards {
        for row in 0..<count { total += Double(prices[t * count + row]) * Double(rewards[row]) }
      }
    }
    for t in 0...steps {
      let states = rollout.states(at: t)
      for i in 0..<count * size { total += Double(weights[t * count * size + i]) * Double(states[i]) }
    }
    return total
  }

  _ = value(starts, actions)
  var next = Array(weights[(steps * count * size)...])
  var (current, slopes) = (next, [Float](repeating: 0, count: count * actionSize))
  var actionGradient = [Float](repeating: 0, count: actions.count)
  for t in (0..<steps).reversed() {
    rollout.pullBack(
      step: t, nextGradients: next, rewardGradients: Array(prices[t * count..<(t + 1) * count]), scoreWeights: nil,
      stateGradients: &current, actionGradients: &slopes)
    for i in next.indices { next[i] = weights[t * count * size + i] + current[i] }
    for i in slopes.indices { actionGradient[t * count * actionSize + i] = slopes[i] }
  }
  return (
    gradientError(of: next, at: starts.map { Double($0) }, step: h) { value($0.map { Float($0) }, actions) },
    gradientError(of: actionGradient, at: actions.map { Double($0) }, step: h) { value(starts, $0.map { Float($0) }) }
  )
}
