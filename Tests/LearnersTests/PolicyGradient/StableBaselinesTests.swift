import Experience
import Foundation
import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

/// Advantages and updates from the same parameters and rollout as Stable-Baselines3's and sb3-contrib's, whose results
/// `Benchmarks/peers/policy_gradient_sb3.py` wrote to a file.
@Suite struct StableBaselinesTests {
  struct Fixture: Decodable {
    let steps: Int
    let copies: Int
    let observationSize: Int
    let cases: [String: [String: Update]]
  }

  struct Update: Decodable {
    let rollout: Rollout
    let before: [Float]
    let after: [Double]?
    let step: [Double]?
  }

  struct Rollout: Decodable {
    let observations: [Float]
    let actions: [Float]
    let rewards: [Float]
    let endings: [Int]
    let next: [Float]
    let advantages: [Double]
    let returns: [Double]
    let values: [Double]
    let logProbabilities: [Double]
  }

  private func fixture() throws -> Fixture {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "Fixtures/stable_baselines3.json")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Fixture.self, from: Data(contentsOf: path))
  }

  /// The update of `method` in the case `kind`, its rollout as a segment, and the space of its actions.
  private func update(_ kind: String, _ method: String) throws -> (Update, RolloutSegment, ActionSpace) {
    let fixture = try fixture()
    let update = try #require(fixture.cases[kind]?[method])
    let space: ActionSpace = kind == "gaussian" ? .box(low: [-1, -1], high: [1, 1]) : .discrete(count: 3)
    let (copies, size, rollout) = (fixture.copies, fixture.observationSize, update.rollout)
    var segment = RolloutSegment(
      copies: copies, observationSize: size, actionSize: space.size, capacity: fixture.steps)
    for t in 0..<fixture.steps {
      func rows(_ all: [Float], _ width: Int) -> [Float] { Array(all[t * copies * width..<(t + 1) * copies * width]) }
      segment.append(
        observations: rows(rollout.observations, size), actions: rows(rollout.actions, space.size),
        rewards: rows(rollout.rewards, 1),
        endings: rollout.endings[t * copies..<(t + 1) * copies].map { Ending.allCases[$0] },
        next: rows(rollout.next, size))
    }
    return (update, segment, space)
  }

  private func parameters<Learner: OnPolicyLearner>(
    after learner: Learner, _ update: Update, _ segment: RolloutSegment
  ) throws -> [Double] {
    var learner = learner
    learner.parameters = Vector(update.before)
    var (random, metrics) = (RandomStream(seed: 1), OnPolicyCases.metrics(Learner.self))
    try learner.update(on: segment, steps: 0, using: &random, metrics: &metrics)
    return learner.parameters.doubles
  }

  @Test(arguments: ["gaussian", "categorical"]) func proximalUpdateIsTheirs(_ kind: String) throws {
    let (update, segment, space) = try update(kind, "ppo")
    var settings = ProximalPolicyOptimizationSettings()
    settings.policy = OnPolicyCases.policy()
    (settings.batchSize, settings.epochs, settings.entropyWeight) = (segment.rows, 3, 0.01)
    (settings.learningRate, settings.valueClipRange) = (1e-3, 0.2)
    let learner = ProximalPolicyOptimization(settings, spec: OnPolicyCases.spec(space), using: RandomStream(seed: 1))
    let worst = worstGap(try parameters(after: learner, update, segment), try #require(update.after))
    #expect(worst < 1e-4, "parameters are off by \(worst)")
    #expect(worstGap(update.before.map(Double.init), update.after ?? []) > 1e-3)
  }

  @Test(arguments: ["gaussian", "categorical"], ["a2c", "a2c_tensorflow"])
  func advantageActorCriticUpdateIsTheirs(_ kind: String, _ method: String) throws {
    let (update, segment, space) = try update(kind, method)
    var settings = AdvantageActorCriticSettings()
    settings.policy = OnPolicyCases.policy()
    (settings.entropyWeight, settings.lambda) = (0.01, 0.9)
    if method == "a2c_tensorflow" { settings.optimizer = .tensorFlowRMSprop }
    let learner = AdvantageActorCritic(settings, spec: OnPolicyCases.spec(space), using: RandomStream(seed: 1))
    let worst = worstGap(try parameters(after: learner, update, segment), try #require(update.after))
    #expect(worst < 1e-6, "parameters are off by \(worst)")
    #expect(worstGap(update.before.map(Double.init), update.after ?? []) > 1e-4)
  }

  /// The natural policy gradient always takes the longest step that TRPO's line search begins with. sb3-contrib
  /// averages the divergence over a Gaussian's components, where it is their sum: its limit and damping are a
  /// component's.
  @Test(arguments: ["gaussian", "categorical"]) func naturalStepIsTheirs(_ kind: String) throws {
    let (update, segment, space) = try update(kind, "trpo")
    var settings = NaturalPolicyGradientSettings()
    settings.policy = OnPolicyCases.policy()
    (settings.natural.iterations, settings.natural.valueEpochs) = (40, 0)
    let components: Float = kind == "gaussian" ? 2 : 1
    settings.natural.damping *= components
    settings.natural.maxDivergence *= components
    let learner = NaturalPolicyGradient(settings, spec: OnPolicyCases.spec(space), using: RandomStream(seed: 1))
    let step = try #require(update.step)
    let found = zip(try parameters(after: learner, update, segment), update.before).prefix(step.count)
      .map { $0 - Double($1) }
    let worst = worstGap(found, step)
    #expect(worst < 1e-4, "the step is off by \(worst)")
    #expect(step.contains { abs($0) > 0.01 })
  }

  @Test(arguments: ["gaussian", "categorical"], ["ppo", "a2c", "trpo"]) func advantagesAreTheirs(
    _ kind: String, _ method: String
  ) throws {
    let (update, segment, space) = try update(kind, method)
    let networks = PolicyValueNetworks(OnPolicyCases.policy(), spec: OnPolicyCases.spec(space))
    let evaluation = RolloutEvaluation(networks, rows: segment.rows)
    let parameters = Vector(update.before)
    evaluation.evaluate(segment, parameters.pointer)
    evaluation.estimateAdvantages(segment, discount: 0.99, lambda: method == "a2c" ? 0.9 : 0.95)
    withExtendedLifetime(parameters) {}
    for (found, expected) in [
      (evaluation.values, update.rollout.values), (evaluation.logProbabilities, update.rollout.logProbabilities),
      (evaluation.advantages, update.rollout.advantages), (evaluation.targets, update.rollout.returns),
    ] {
      #expect(worstGap(found.elements.map(Double.init), expected) < 1e-5)
    }
  }
}
