import Experience
import Foundation
import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

/// Gradient estimates in a process of three states and three steps, whose gradient and whose estimates' expectations are
/// computed exactly over all its 216 episodes.
@Suite struct GradientUnbiasednessTests {
  private static let states = 3
  private static let actions = 2
  private static let steps = 3
  private static let observationSize = states * steps
  private static let policyCount = observationSize * actions + actions

  /// Probability of the next state, [state][action][next].
  private static let transition: [[[Double]]] = [
    [[0.6, 0.3, 0.1], [0.1, 0.2, 0.7]], [[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]], [[0.3, 0.3, 0.4], [0.8, 0.1, 0.1]],
  ]
  private static let reward: [[Double]] = [[1, -0.5], [2, 0.5], [-1, 3]]
  private static let start = [0.5, 0.3, 0.2]

  private static func place(_ state: Int, _ time: Int) -> Int { time * states + state }

  private static func probability(_ parameters: [Double], _ state: Int, _ time: Int, _ action: Int) -> Double {
    let logits = (0..<actions).map {
      parameters[place(state, time) * actions + $0] + parameters[observationSize * actions + $0]
    }
    let most = logits.max() ?? 0
    return exp(logits[action] - most) / logits.reduce(0) { $0 + exp($1 - most) }
  }

  /// Values of every state and time, [steps + 1][states].
  private static func values(_ parameters: [Double]) -> [[Double]] {
    var values = Array(repeating: Array(repeating: 0.0, count: states), count: steps + 1)
    for time in (0..<steps).reversed() {
      for state in 0..<states {
        values[time][state] = (0..<actions).reduce(0.0) { total, action in
          let after = (0..<states).reduce(0.0) { $0 + transition[state][action][$1] * values[time + 1][$1] }
          return total + probability(parameters, state, time, action) * (reward[state][action] + after)
        }
      }
    }
    return values
  }

  private static func expectedReturn(_ parameters: [Double]) -> Double {
    let values = values(parameters)
    return (0..<states).reduce(0.0) { $0 + start[$1] * values[0][$1] }
  }

  /// Expectation over all episodes of the sum over their steps of grad log p (generalized advantage) with values `v`.
  private static func expectedEstimate(_ parameters: [Double], values v: [[Double]], lambda: Double) -> [Double] {
    var total = [Double](repeating: 0, count: policyCount)
    func follow(_ path: [(state: Int, action: Int)], _ chance: Double, _ state: Int) {
      if path.count == steps {
        var advantage = 0.0
        for time in (0..<steps).reversed() {
          let (s, a) = path[time]
          let next = time + 1 < steps ? v[time + 1][path[time + 1].state] : 0
          advantage = reward[s][a] + next - v[time][s] + (time + 1 < steps ? lambda * advantage : 0)
          for i in 0..<actions {
            let score = (i == a ? 1 : 0) - probability(parameters, s, time, i)
            total[place(s, time) * actions + i] += chance * advantage * score
            total[observationSize * actions + i] += chance * advantage * score
          }
        }
        return
      }
      for action in 0..<actions {
        let taken = chance * probability(parameters, state, path.count, action)
        for next in 0..<states {
          follow(path + [(state: state, action: action)], taken * transition[state][action][next], next)
        }
      }
    }
    for state in 0..<states { follow([], start[state], state) }
    return total
  }

  private static let spec = EnvironmentSpec(
    observationSize: observationSize, action: .discrete(count: actions), timeStep: 1, stepLimit: steps)

  private static func policySettings() -> PolicySettings {
    var settings = PolicySettings()
    (settings.hidden, settings.valueHidden) = ([], [])
    return settings
  }

  /// Episodes of `policy`, one for each copy.
  private static func play(
    _ policy: StochasticPolicy, _ segment: inout RolloutSegment, _ streams: inout [RandomStream],
    _ world: inout RandomStream
  ) {
    let (copies, workspace) = (segment.copies, policy.makeWorkspace())
    func draw(_ weights: [Double]) -> Int {
      var left = Double(world.uniform())
      for index in weights.indices {
        left -= weights[index]
        if left < 0 { return index }
      }
      return weights.count - 1
    }
    func show(_ states: [Int], _ time: Int) -> [Float] {
      states.flatMap { state in
        (0..<observationSize).map { time < steps && $0 == place(state, time) ? Float(1) : 0 }
      }
    }
    segment.clear()
    var states = (0..<copies).map { _ in draw(start) }
    for time in 0..<steps {
      let observations = show(states, time)
      var (raw, taken) = ([Float](repeating: 0, count: copies), [Float](repeating: 0, count: copies))
      policy.sample(count: copies, on: observations, using: &streams, raw: &raw, actions: &taken, workspace)
      let rewards = (0..<copies).map { Float(reward[states[$0]][Int(taken[$0])]) }
      states = (0..<copies).map { draw(transition[states[$0]][Int(taken[$0])]) }
      segment.append(
        observations: observations, actions: raw, rewards: rewards,
        endings: Array(repeating: time == steps - 1 ? .terminated : .none, count: copies),
        next: show(states, time + 1))
    }
  }

  /// The learner with random parameters of the policy and a linear value function that gives `v` [steps + 1][states].
  private static func set<Learner: OnPolicyLearner>(_ learner: Learner, values v: [[Double]]?) throws -> Learner {
    var learner = OnPolicyCases.drawn(learner, seed: 3, scale: 0.7)
    guard let v else { return learner }
    var parameters = learner.parameters.elements
    for time in 0..<steps {
      for s in 0..<states { parameters[policyCount + place(s, time)] = Float(v[time][s]) }
    }
    parameters[policyCount + observationSize] = 0
    learner.parameters = Vector(parameters)
    return learner
  }

  /// Mean and standard error of a learner's estimates, scaled to sums over an episode, and the exact gradient.
  private static func measure<Learner: OnPolicyLearner>(
    _ learner: Learner, _ estimate: GradientEstimate, batches: Int = 3000
  ) throws -> (mean: [Double], errors: [Double]) {
    var (learner, world) = (learner, RandomStream(seed: 11))
    let copies = 40
    var segment = RolloutSegment(
      copies: copies, observationSize: observationSize, actionSize: 1, capacity: steps)
    var streams = (0..<copies).map { RandomStream(seed: 5).child($0) }
    var (moments, shuffles) = (RunningMoments(size: policyCount), RandomStream(seed: 6))
    let policy = learner.policy
    for _ in 0..<batches {
      play(policy, &segment, &streams, &world)
      for gradient in learner.policyGradients(on: segment, estimate, using: &shuffles) {
        gradient.withUnsafeBufferPointer { moments.add($0) }
      }
    }
    let scale = Double(steps)
    return (
      moments.mean.map { scale * $0 },
      moments.variance.map { scale * ($0 / Double(moments.count)).squareRoot() }
    )
  }

  private static func parameters<Learner: OnPolicyLearner>(_ learner: Learner) -> [Double] {
    Array(learner.parameters.doubles[..<policyCount])
  }

  private static func gradient(_ parameters: [Double]) -> [Double] {
    centralDifferences(parameters, 0..<policyCount) { expectedReturn($0) }
  }

  private static func largestDeviation(_ mean: [Double], _ errors: [Double], _ exact: [Double]) -> Double {
    zip(mean.indices, exact).map { abs(mean[$0] - $1) / max(errors[$0], 1e-9) }.max() ?? 0
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var lambda: Float
    var hasTrueValues: Bool
    var isUnbiased: Bool { lambda == 1 || hasTrueValues }
    var testDescription: String { "lambda \(lambda), \(hasTrueValues ? "true" : "wrong") values" }
  }

  static let cases = [Float(1), 0.7, 0].flatMap { lambda in
    [false, true].map { Case(lambda: lambda, hasTrueValues: $0) }
  }

  /// Generalized advantages estimate the gradient without bias with lambda 1 whatever the values, and with any lambda
  /// where values are true; otherwise with the bias that is computed over all episodes.
  @Test(arguments: cases) func advantagesAreBiasedOnlyByValues(_ test: Case) throws {
    var settings = ActorCriticSettings()
    (settings.policy, settings.discount, settings.lambda) = (Self.policySettings(), 1, test.lambda)
    let made = ActorCritic(settings, spec: Self.spec, using: RandomStream(seed: 1))
    let truth = Self.values(Self.parameters(try Self.set(made, values: nil)))
    let wrong = truth.enumerated().map { time, row in row.enumerated().map { $1 + Double(time * 2 - $0) } }
    let values = test.hasTrueValues ? truth : wrong
    let learner = try Self.set(made, values: values)
    let parameters = Self.parameters(learner)
    let exact = Self.gradient(parameters)
    let expected = Self.expectedEstimate(parameters, values: values, lambda: Double(test.lambda))
    let (mean, errors) = try Self.measure(learner, learner.gradientEstimate)
    let scale = exact.map(abs).max() ?? 0
    #expect(errors.allSatisfy { $0 < 0.1 * scale })
    #expect(Self.largestDeviation(mean, errors, expected) < 4.5)
    if test.isUnbiased {
      for (a, b) in zip(exact, expected) { #expect(abs(a - b) < 1e-6 * scale) }
    } else {
      #expect(Self.largestDeviation(mean, errors, exact) > 10)
    }
  }

  /// Every learner's estimate, in minibatches too, with lambda 1 and nothing normalized.
  @Test func everyLearnerIsUnbiased() throws {
    func check<Learner: OnPolicyLearner>(_ learner: Learner, _ name: String) throws {
      let learner = try Self.set(learner, values: nil)
      let (mean, errors) = try Self.measure(learner, learner.gradientEstimate, batches: 1500)
      let exact = Self.gradient(Self.parameters(learner))
      let deviation = Self.largestDeviation(mean, errors, exact)
      #expect(deviation < 4.5, "\(name): \(deviation) standard errors")
      #expect(errors.allSatisfy { $0 < 0.1 * (exact.map(abs).max() ?? 0) })
    }
    let random = RandomStream(seed: 1)
    var a2c = AdvantageActorCriticSettings()
    (a2c.policy, a2c.discount, a2c.lambda) = (Self.policySettings(), 1, 1)
    a2c.normalizeAdvantages = false
    try check(AdvantageActorCritic(a2c, spec: Self.spec, using: random), "a2c")
    var ppo = ProximalPolicyOptimizationSettings()
    (ppo.policy, ppo.discount, ppo.lambda, ppo.batchSize) = (Self.policySettings(), 1, 1, 30)
    ppo.normalizeAdvantages = false
    try check(ProximalPolicyOptimization(ppo, spec: Self.spec, using: random), "ppo")
    var trpo = TrustRegionPolicyOptimizationSettings()
    (trpo.policy, trpo.discount, trpo.lambda) = (Self.policySettings(), 1, 1)
    trpo.natural.normalizeAdvantages = false
    try check(TrustRegionPolicyOptimization(trpo, spec: Self.spec, using: random), "trpo")
    var npg = NaturalPolicyGradientSettings()
    (npg.policy, npg.discount, npg.lambda) = (Self.policySettings(), 1, 1)
    npg.natural.normalizeAdvantages = false
    try check(NaturalPolicyGradient(npg, spec: Self.spec, using: random), "npg")
    var penalty = KLPenalizedPolicySettings()
    (penalty.policy, penalty.discount, penalty.lambda, penalty.batchSize) = (Self.policySettings(), 1, 1, 60)
    penalty.normalizeAdvantages = false
    try check(KLPenalizedPolicy(penalty, spec: Self.spec, using: random), "kl-penalty")
  }

  /// The same of REINFORCE with each credit and baseline, whose estimates are means over episodes.
  @Test func everyCreditOfReinforceIsUnbiased() throws {
    for credit in [ReinforceSettings.Credit.whole, .rewardToGo] {
      for baseline in [ReinforceSettings.Baseline.none, .constant, .learned] {
        var settings = ReinforceSettings()
        (settings.policy, settings.discount, settings.credit, settings.baseline) = (
          Self.policySettings(), 1, credit, baseline
        )
        let learner = try Self.set(Reinforce(settings, spec: Self.spec, using: RandomStream(seed: 1)), values: nil)
        let (mean, errors) = try Self.measure(learner, learner.gradientEstimate, batches: 1500)
        let (exact, scale) = (Self.gradient(Self.parameters(learner)), Double(Self.steps))
        let deviation = Self.largestDeviation(mean.map { $0 / scale }, errors.map { $0 / scale }, exact)
        #expect(deviation < 4.5, "\(credit), \(baseline): \(deviation) standard errors")
      }
    }
  }
}
