import Foundation
import Interfaces
import Kernels
import Models
import TestSupport
import Testing

/// Derivatives of imagined trajectories in an ensemble.
@Suite struct DifferentiableRolloutTests {
  /// Distribution sampling has no tape.
  private static let differentiable: [Propagation] = [.ts1, .tsInfinity, .mean]

  private static func fitted(
    _ propagation: Propagation, learnsReward: Bool = false, _ change: (inout EnsembleSettings) -> Void = { _ in }
  ) throws -> ProbabilisticEnsemble {
    var model = ProbabilisticEnsemble.small {
      $0.propagation = propagation
      $0.learnsReward = learnsReward
      $0.epochs = 3
      change(&$0)
    }
    try model.fit(LinearSystem().data(300, seed: 1))
    return model
  }

  private static func course(_ rows: Int, _ steps: Int) -> (starts: [Float], actions: [Float]) {
    var random = RandomStream(seed: 4)
    return ((0..<2 * rows).map { _ in random.normal() }, (0..<rows * steps).map { _ in random.uniform(-1, 1) })
  }

  /// Through five steps, members and noise being held fixed.
  @Test(arguments: differentiable, [false, true])
  func gradientsAreThoseOfFiniteDifferences(_ propagation: Propagation, _ learnsReward: Bool) throws {
    let model = try Self.fitted(propagation, learnsReward: learnsReward)
    let (starts, actions) = Self.course(7, 5)
    let errors = rolloutGradientErrors(of: model, starts: starts, actions: actions, using: RandomStream(seed: 2))
    #expect(errors.starts.worst < 5e-3, "\(errors.starts)")
    #expect(errors.actions.worst < 5e-3, "\(errors.actions)")
  }

  /// The same for networks of means alone, and where terminations are predicted besides.
  @Test(arguments: differentiable, [false, true])
  func gradientsOfOtherNetworks(_ propagation: Propagation, _ deterministic: Bool) throws {
    let model = try Self.fitted(propagation, learnsReward: true) {
      $0.deterministic = deterministic
      $0.learnsTermination = true
    }
    let (starts, actions) = Self.course(7, 5)
    let errors = rolloutGradientErrors(of: model, starts: starts, actions: actions, using: RandomStream(seed: 2))
    #expect(errors.starts.worst < 5e-3, "\(errors.starts)")
    #expect(errors.actions.worst < 5e-3, "\(errors.actions)")
  }

  /// With a tape the same states follow as without, to the bit.
  @Test(arguments: differentiable) func keepingStepsChangesNothing(_ propagation: Propagation) throws {
    let model = try Self.fitted(propagation, learnsReward: true)
    let (starts, actions) = Self.course(40, 4)
    let plain = model.makeRollout(capacity: 50)
    let kept = model.makeRollout(capacity: 50, keeping: 4)
    for rollout in [plain, kept] {
      rollout.reset(count: 40, to: starts, rowsPerParticle: 3, firstParticle: 1, using: RandomStream(seed: 5))
    }
    for t in 0..<4 {
      for rollout in [plain, kept] { rollout.step(Array(actions[t * 40..<(t + 1) * 40])) }
      #expect(plain.rows(width: 2) == kept.rows(width: 2))
      let rewards = [plain, kept].map { rollout in (0..<40).map { rollout.predictedRewards?[$0] } }
      #expect(rewards[0] == rewards[1])
    }
    #expect((0..<80).allSatisfy { kept.states(at: 0)[$0] == starts[$0] })
    #expect((0..<80).allSatisfy { kept.states(at: 4)[$0] == plain.states[$0] })
  }

  /// The score is the derivative of the log-density at the state drawn: with one member the mean follows without noise,
  /// and the draws of its stream give the deviation.
  @Test func scoresAreThoseOfTheLogDensity() throws {
    let drawing = try Self.fitted(.tsInfinity) { $0.members = 1 }
    let averaging = try drawing.with { $0.propagation = .mean }
    let rows = 3
    let (starts, actions) = Self.course(rows, 1)
    // deviations are differences divided by draws: take a stream without small ones
    var (draws, seed) = (Vector(count: 2 * rows), UInt64(0))
    repeat {
      seed += 1
      var random = RandomStream(seed: seed)
      random.fillNormal(&draws)
    } while draws.elements.contains { abs($0) < 0.5 }
    func advance(_ model: ProbabilisticEnsemble, _ x: [Float], _ u: [Float]) -> [Float] {
      let rollout = model.makeRollout(capacity: rows, keeping: 1)
      rollout.reset(count: rows, to: x, rowsPerParticle: 1, firstParticle: 0, using: RandomStream(seed: seed))
      rollout.step(u)
      return (0..<2 * rows).map { rollout.states[$0] }
    }
    let drawn = advance(drawing, starts, actions)
    let weights: [Float] = [0.7, -1.1, 0.4]
    func logDensity(_ x: [Float], _ u: [Float]) -> Double {
      let (means, ends) = (advance(averaging, x, u), advance(drawing, x, u))
      return (0..<2 * rows).reduce(0) { sum, i in
        let deviation = Double(ends[i] - means[i]) / Double(draws[i])
        let gap = Double(drawn[i] - means[i]) / deviation
        return sum - Double(weights[i / 2]) * (gap * gap / 2 + log(deviation))
      }
    }
    let rollout = drawing.makeRollout(capacity: rows, keeping: 1)
    rollout.reset(count: rows, to: starts, rowsPerParticle: 1, firstParticle: 0, using: RandomStream(seed: seed))
    rollout.step(actions)
    var (states, slopes) = ([Float](repeating: 0, count: 2 * rows), [Float](repeating: 0, count: rows))
    rollout.pullBack(
      step: 0, nextGradients: nil, rewardGradients: nil, scoreWeights: weights, stateGradients: &states,
      actionGradients: &slopes)
    let byState = gradientError(of: states, at: starts.map { Double($0) }, step: 2e-2) {
      logDensity($0.map { Float($0) }, actions)
    }
    let byAction = gradientError(of: slopes, at: actions.map { Double($0) }, step: 2e-2) {
      logDensity(starts, $0.map { Float($0) })
    }
    #expect(byState.worst < 3e-2, "\(byState)")
    #expect(byAction.worst < 3e-2, "\(byAction)")
  }

  @Test(arguments: differentiable) func stepsAndGradientsDoNotAllocate(_ propagation: Propagation) throws {
    let model = try Self.fitted(propagation)
    let (starts, actions) = Self.course(30, 3)
    let rollout = model.makeRollout(capacity: 30, keeping: 3)
    var (states, slopes) = ([Float](repeating: 1, count: 60), [Float](repeating: 0, count: 30))
    let next = states
    let count = allocations {
      rollout.reset(count: 30, to: starts, rowsPerParticle: 1, firstParticle: 0, using: RandomStream(seed: 1))
      for t in 0..<3 {
        actions.withUnsafeBufferPointer { if let base = $0.baseAddress { rollout.advance(base + t * 30) } }
      }
      for t in 0..<3 {
        rollout.pullBack(
          step: t, nextGradients: next, rewardGradients: nil, scoreWeights: nil, stateGradients: &states,
          actionGradients: &slopes)
      }
    }
    #expect(count == 0, "\(count) heap allocations")
  }
}
