import Experience
import Foundation
import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

/// REINFORCE's gradients from the same weights and episodes as the NumPy estimators of `Experiments/variance-reduction`,
/// whose results `Plots/tests/write_reinforce_fixture.py` wrote to a file.
@Suite struct ReinforceReferenceTests {
  struct Fixture: Decodable {
    let hidden: Int
    let policy: [Float]
    let value: [Float]
    let lengths: [Int]
    let observations: [Float]
    let actions: [Float]
    let gradients: [Case]
  }

  struct Case: Decodable {
    let credit: String
    let baseline: String
    let normalize: Bool
    let discount: Float
    let gradient: [Double]
  }

  @Test func gradientsAreThoseOfTheStudy() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "Fixtures/reinforce.json")
    let fixture = try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: path))
    let rows = fixture.lengths.reduce(0, +)
    var segment = RolloutSegment(copies: 1, observationSize: 4, actionSize: 1, capacity: rows)
    var row = 0
    for length in fixture.lengths {
      for step in 0..<length {
        let observation = Array(fixture.observations[4 * row..<4 * row + 4])
        segment.append(
          observations: observation, actions: [fixture.actions[row]], rewards: [1],
          endings: [step == length - 1 ? .terminated : .none], next: observation)
        row += 1
      }
    }
    // two logits, the first always 0, whose gradient is that of the second with the sign reversed
    let (inner, hidden) = (5 * fixture.hidden, fixture.hidden)
    var parameters = Array(fixture.policy[..<inner])
    for unit in 0..<hidden { parameters += [0, fixture.policy[inner + unit]] }
    parameters += [0, fixture.policy[inner + hidden]]
    parameters += fixture.value
    #expect(fixture.gradients.count == 24)
    for test in fixture.gradients {
      var settings = ReinforceSettings()
      settings.policy.hidden = [hidden]
      settings.credit = test.credit == "whole" ? .whole : .rewardToGo
      settings.baseline = test.baseline == "value" ? .learned : test.baseline == "constant" ? .constant : .none
      (settings.normalize, settings.discount) = (test.normalize, test.discount)
      let spec = EnvironmentSpec(observationSize: 4, action: .discrete(count: 2), timeStep: 1, stepLimit: 500)
      var learner = Reinforce(settings, spec: spec, using: RandomStream(seed: 1))
      #expect(learner.parameters.count == parameters.count)
      learner.parameters = Vector(parameters)
      let gradient = learner.gradient(on: segment).map { -Double($0) }
      var expected = Array(test.gradient[..<inner])
      for value in test.gradient[inner...] { expected += [-value, value] }
      let scale = expected.map(abs).max() ?? 1
      #expect(gradient.count == expected.count)
      for (own, other) in zip(gradient, expected) {
        #expect(abs(own - other) < 1e-4 * scale, "\(test.credit) \(test.baseline) \(test.normalize) \(test.discount)")
      }
    }
  }
}
