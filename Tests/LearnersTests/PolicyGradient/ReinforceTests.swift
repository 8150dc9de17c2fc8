import Experience
import Foundation
import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

/// REINFORCE's estimators in a process of two steps whose gradient is known exactly.
@Suite struct ReinforceTests {
  /// Two choices twice; the second's reward depends on both. Observations tell the step.
  private static let first = [1.0, -0.5]
  private static let second = [[2.0, 0.3], [-1.0, 3.0]]

  struct Case: Sendable, CustomTestStringConvertible {
    var credit: ReinforceSettings.Credit
    var baseline: ReinforceSettings.Baseline
    var testDescription: String { "credit \(credit), baseline \(baseline)" }
  }

  static let cases = [ReinforceSettings.Credit.whole, .rewardToGo].flatMap { credit in
    [ReinforceSettings.Baseline.none, .constant, .learned].map { Case(credit: credit, baseline: $0) }
  }

  private func learner(_ settings: ReinforceSettings) throws -> Reinforce {
    var settings = settings
    settings.policy.hidden = []
    settings.policy.valueHidden = [4]
    let spec = EnvironmentSpec(observationSize: 2, action: .discrete(count: 2), timeStep: 1, stepLimit: 10)
    return OnPolicyCases.drawn(Reinforce(settings, spec: spec, using: RandomStream(seed: 1)), seed: 2, scale: 0.5)
  }

  /// Expected discounted return of a linear policy with weights [2, 2] and biases [2].
  private func value(_ parameters: [Double], discount: Double) -> Double {
    func probability(_ step: Int, _ action: Int) -> Double {
      let logits = (0..<2).map { parameters[2 * step + $0] + parameters[4 + $0] }
      return exp(logits[action]) / (exp(logits[0]) + exp(logits[1]))
    }
    return (0..<2).reduce(0) { total, a in
      (0..<2).reduce(total) { total, b in
        total + probability(0, a) * probability(1, b) * (Self.first[a] + discount * Self.second[a][b])
      }
    }
  }

  /// Episodes of `learner`'s policy, one for each copy.
  private func play(_ learner: Reinforce, _ segment: inout RolloutSegment, _ streams: inout [RandomStream]) {
    let copies = segment.copies
    let workspace = learner.policy.makeWorkspace()
    segment.clear()
    var actions: [[Float]] = []
    for step in 0..<2 {
      let shown: [Float] = step == 0 ? [1, 0] : [0, 1]
      let observations: [Float] = (0..<copies).flatMap { _ in shown }
      var (raw, taken) = ([Float](repeating: 0, count: copies), [Float](repeating: 0, count: copies))
      learner.policy.sample(count: copies, on: observations, using: &streams, raw: &raw, actions: &taken, workspace)
      actions.append(taken)
      let rewards = (0..<copies).map { n in
        let a = Int(actions[0][n])
        return Float(step == 0 ? Self.first[a] : Self.second[a][Int(taken[n])])
      }
      segment.append(
        observations: observations, actions: raw, rewards: rewards,
        endings: Array(repeating: step == 0 ? .none : .terminated, count: copies), next: observations)
    }
  }

  /// The mean over many batches lies within four standard errors of the exact gradient, in every component.
  @Test(arguments: cases) func estimatorsAreUnbiased(_ test: Case) throws {
    var settings = ReinforceSettings()
    (settings.credit, settings.baseline) = (test.credit, test.baseline)
    settings.discount = test.credit == .whole ? 0.8 : 1
    var learner = try learner(settings)
    let parameters = Array(learner.parameters.doubles[..<6])
    let exact = centralDifferences(parameters, 0..<6) { value($0, discount: Double(settings.discount)) }
    let (copies, batches) = (50, 10_000)
    var segment = RolloutSegment(copies: copies, observationSize: 2, actionSize: 1, capacity: 2)
    var streams = (0..<copies).map { RandomStream(seed: 3).child($0) }
    var moments = RunningMoments(size: 6)
    for _ in 0..<batches {
      play(learner, &segment, &streams)
      learner.gradient(on: segment).withUnsafeBufferPointer { moments.add($0) }
    }
    for i in 0..<6 {
      let error = (moments.variance(of: i) / Double(batches)).squareRoot()
      #expect(abs(-moments.mean[i] - exact[i]) < 4 * error, "\(-moments.mean[i]) not \(exact[i]) ± \(error)")
      #expect(error < 0.02 * (exact.map(abs).max() ?? 0))
    }
  }

  /// Baselines and rewards to go make the gradient's variance smaller.
  @Test func baselinesReduceTheVariance() throws {
    func spread(_ credit: ReinforceSettings.Credit, _ baseline: ReinforceSettings.Baseline) throws -> Double {
      var settings = ReinforceSettings()
      (settings.credit, settings.baseline, settings.discount) = (credit, baseline, 1)
      var learner = try learner(settings)
      var segment = RolloutSegment(copies: 20, observationSize: 2, actionSize: 1, capacity: 2)
      var streams = (0..<20).map { RandomStream(seed: 4).child($0) }
      var moments = RunningMoments(size: 6)
      for _ in 0..<2000 {
        play(learner, &segment, &streams)
        learner.gradient(on: segment).withUnsafeBufferPointer { moments.add($0) }
      }
      return moments.variance.reduce(0, +)
    }
    let whole = try spread(.whole, .none)
    #expect(try spread(.rewardToGo, .none) < whole)
    #expect(try spread(.whole, .constant) < whole)
  }

  /// Steps of episodes that the segment cuts off have no weight, and without a whole episode nothing is learned.
  @Test func onlyWholeEpisodesCount() throws {
    var settings = ReinforceSettings()
    (settings.credit, settings.baseline) = (.whole, .none)
    var learner = try learner(settings)
    func segment(_ extra: Int) -> RolloutSegment {
      var segment = RolloutSegment(copies: 1, observationSize: 2, actionSize: 1, capacity: 8)
      for (index, ending) in ([Ending.none, .terminated] + Array(repeating: Ending.none, count: extra)).enumerated() {
        segment.append(
          observations: [1, 0], actions: [Float(index % 2)], rewards: [1], endings: [ending], next: [0, 1])
      }
      return segment
    }
    let (whole, cut) = (learner.gradient(on: segment(0)), learner.gradient(on: segment(3)))
    for (a, b) in zip(whole, cut) { #expect(abs(a - b) < 1e-5) }
    var unfinished = RolloutSegment(copies: 1, observationSize: 2, actionSize: 1, capacity: 8)
    unfinished.append(observations: [1, 0], actions: [0], rewards: [1], endings: [.none], next: [0, 1])
    let before = OracleState(learner)
    var (random, metrics) = (RandomStream(seed: 5), OnPolicyCases.metrics(Reinforce.self))
    try learner.update(on: unfinished, steps: 0, using: &random, metrics: &metrics)
    #expect(OracleState(learner) == before && metrics.isEmpty)
  }
}
