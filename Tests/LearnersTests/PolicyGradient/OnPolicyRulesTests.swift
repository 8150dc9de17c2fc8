import Archive
import Experience
import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

/// What every on-policy learner must do, whatever its method.
@Suite struct OnPolicyRulesTests {
  /// A learner of continuous actions whose updates take all of its paths.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let make: @Sendable (UInt64) -> any OnPolicyLearner

    init(_ name: String, _ make: @escaping @Sendable (EnvironmentSpec, RandomStream) -> any OnPolicyLearner) {
      testDescription = name
      self.make = { make(OnPolicyCases.spec(OnPolicyCases.box), RandomStream(seed: $0)) }
    }
  }

  static let cases = [
    Case("PPO") {
      var settings = ProximalPolicyOptimizationSettings()
      (settings.policy, settings.epochs, settings.batchSize) = (OnPolicyCases.policy(), 2, 150)
      return ProximalPolicyOptimization(settings, spec: $0, using: $1)
    },
    Case("PPO with a shared network") {
      var settings = ProximalPolicyOptimizationSettings()
      (settings.policy, settings.epochs, settings.batchSize) = (OnPolicyCases.policy(), 2, 150)
      settings.sharedNetwork = true
      return ProximalPolicyOptimization(settings, spec: $0, using: $1)
    },
    Case("A2C") {
      var settings = AdvantageActorCriticSettings()
      settings.policy = OnPolicyCases.policy { $0.orthogonal = false }
      return AdvantageActorCritic(settings, spec: $0, using: $1)
    },
    Case("actor-critic") {
      var settings = ActorCriticSettings()
      (settings.policy, settings.criticUpdates) = (OnPolicyCases.policy { $0.squashed = true }, 3)
      return ActorCritic(settings, spec: $0, using: $1)
    },
    Case("REINFORCE") {
      var settings = ReinforceSettings()
      (settings.policy, settings.valueEpochs) = (OnPolicyCases.policy(), 2)
      return Reinforce(settings, spec: $0, using: $1)
    },
    Case("KL penalty") {
      var settings = KLPenalizedPolicySettings()
      (settings.policy, settings.epochs) = (OnPolicyCases.policy { $0.spread = .state }, 2)
      return KLPenalizedPolicy(settings, spec: $0, using: $1)
    },
    Case("TRPO") {
      var settings = TrustRegionPolicyOptimizationSettings()
      settings.policy = OnPolicyCases.policy()
      (settings.natural.valueEpochs, settings.natural.subsampling) = (2, 2)
      return TrustRegionPolicyOptimization(settings, spec: $0, using: $1)
    },
    Case("NPG") {
      var settings = NaturalPolicyGradientSettings()
      settings.policy = OnPolicyCases.policy()
      settings.natural.valueEpochs = 2
      return NaturalPolicyGradient(settings, spec: $0, using: $1)
    },
  ]

  private static func trained(_ learner: any OnPolicyLearner, segments: [UInt64], random: inout RandomStream) throws
    -> any OnPolicyLearner
  {
    func train<Learner: OnPolicyLearner>(_ learner: Learner) throws -> any OnPolicyLearner {
      var (learner, metrics) = (learner, OnPolicyCases.metrics(Learner.self))
      for seed in segments {
        let segment = OnPolicyCases.segment(OnPolicyCases.box, steps: 75, copies: 4, seed: seed)
        try learner.update(on: segment, steps: Int(seed), using: &random, metrics: &metrics)
      }
      #expect(metrics.nonFinite == nil)
      return learner
    }
    return try train(learner)
  }

  private static func state(_ learner: any OnPolicyLearner) -> OracleState { OracleState(learner) }

  private static func states() throws -> [OracleState] {
    try cases.map { test in
      var random = RandomStream(seed: 5)
      return state(try trained(test.make(1), segments: [1, 2], random: &random))
    }
  }

  /// In a process of its own: the pool belongs to all tests.
  @Test func threadsDoNotChangeABit() async {
    await #expect(processExitsWith: .success) {
      let one = try Self.states()
      WorkerPool.configure(threads: 2)
      #expect(WorkerPool.threads == 2)
      #expect(try Self.states() == one)
    }
  }

  /// A learner restored after some updates goes on as the saved one does.
  @Test(arguments: cases) func restoredLearnersGoOnAlike(_ test: Case) throws {
    var random = RandomStream(seed: 6)
    let original = try Self.trained(test.make(1), segments: [1, 2], random: &random)
    var (restored, copy) = (test.make(2), random)
    #expect(Self.state(restored) != Self.state(original))
    try Self.state(original).restore(into: &restored)
    #expect(Self.state(restored) == Self.state(original))
    let one = try Self.trained(original, segments: [3, 4], random: &random)
    let two = try Self.trained(restored, segments: [3, 4], random: &copy)
    #expect(Self.state(one) == Self.state(two) && Self.state(one) != Self.state(original))
  }

  /// Copies are values: updating one leaves the other alone.
  @Test(arguments: cases) func copiesAreIndependent(_ test: Case) throws {
    var random = RandomStream(seed: 7)
    let original = try Self.trained(test.make(1), segments: [1], random: &random)
    let before = Self.state(original)
    var (first, second) = (random, random)
    let one = try Self.trained(original, segments: [2], random: &first)
    #expect(Self.state(original) == before)
    #expect(Self.state(try Self.trained(original, segments: [2], random: &second)) == Self.state(one))
  }

  @Test(arguments: cases) func updatesAllocateNothing(_ test: Case) throws {
    func check<Learner: OnPolicyLearner>(_ learner: Learner) throws {
      var (learner, metrics, random) = (learner, OnPolicyCases.metrics(Learner.self), RandomStream(seed: 8))
      let segment = OnPolicyCases.segment(OnPolicyCases.box, steps: 75, copies: 4, seed: 1)
      let count = try allocations { try learner.update(on: segment, steps: 0, using: &random, metrics: &metrics) }
      #expect(count == 0, "\(count) allocations")
    }
    try check(test.make(1))
  }

  /// Acting: the mode without exploration, draws with it, and each copy from its own stream whatever the others do.
  @Test(arguments: cases) func actionsOfCopiesAreTheirOwn(_ test: Case) throws {
    func check<Learner: OnPolicyLearner>(_ learner: Learner) {
      let (policy, workspace) = (learner.policy, learner.policy.makeWorkspace())
      let observations: [Float] = (0..<4).flatMap { _ in [Float(0.3), -0.8, 0.5] }
      var streams = (0..<4).map { RandomStream(seed: 9).child($0) }
      var (raw, actions) = ([Float](repeating: .nan, count: 8), [Float](repeating: .nan, count: 8))
      policy.sample(count: 4, on: observations, using: &streams, raw: &raw, actions: &actions, workspace)
      var (alone, one, other) = (
        [RandomStream(seed: 9).child(2)], [Float](repeating: .nan, count: 2), [Float](repeating: .nan, count: 2)
      )
      policy.sample(count: 1, on: Array(observations[..<3]), using: &alone, raw: &one, actions: &other, workspace)
      #expect(Array(raw[4..<6]) == one && Array(actions[4..<6]) == other && streams[2] == alone[0])
      #expect(raw[..<2] != raw[2..<4])
      var random = RandomStream(seed: 10)
      policy.act(count: 1, on: observations, explore: false, using: &random, actions: &one, workspace)
      #expect(random == RandomStream(seed: 10) && one.allSatisfy(\.isFinite))
    }
    check(test.make(1))
  }
}
