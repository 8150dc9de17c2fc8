import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

@Suite struct ClonedPolicyTests {
  private static func policy(seed: UInt64 = 1, capacity: Int = 600, updates: Int = 1500)
    -> ClonedPolicy
  {
    var settings = ClonedPolicySettings()
    settings.hidden = [32, 32]
    settings.capacity = capacity
    settings.updates = updates
    settings.learningRate = 3e-3
    return ClonedPolicy(
      settings, observationSize: 2, low: [-2, 0], high: [2, 10], using: RandomStream(seed: seed))
  }

  /// What is to be imitated, within the bounds; observations in very different units.
  private static func decide(_ x: [Float]) -> [Float] { [0.8 * x[0] - 0.004 * x[1], 5 + 3 * x[0]] }

  private static func observation(_ random: inout RandomStream) -> [Float] {
    [random.uniform(-1, 1), 1000 + random.uniform(-100, 100)]
  }

  private static func act(_ policy: ClonedPolicy, _ x: [Float]) -> [Float] {
    var action: [Float] = [0, 0]
    x.withUnsafeBufferPointer { x in
      action.withUnsafeMutableBufferPointer { action in
        if let x = x.baseAddress, let action = action.baseAddress {
          policy.act(on: x, action: action)
        }
      }
    }
    return action
  }

  private static func shown(_ count: Int, _ policy: ClonedPolicy, seed: UInt64 = 7) -> ClonedPolicy {
    var (policy, random) = (policy, RandomStream(seed: seed))
    for _ in 0..<count {
      let x = observation(&random)
      policy.observe(x, decide([x[0], x[1] - 1000]))
    }
    return policy
  }

  private static func fit(_ policy: inout ClonedPolicy) throws -> Double? {
    var metrics = MetricRow(names: ["prior_loss"])
    try policy.fit(metrics: &metrics)
    return metrics.mean(of: "prior_loss")
  }

  /// To 3 % of the range on average, within the bounds everywhere.
  @Test func imitatesDecisions() throws {
    var policy = Self.policy()
    #expect(try Self.fit(&policy) == nil && !policy.isFitted, "nothing to learn from")
    policy = Self.shown(500, policy)
    #expect(try #require(try Self.fit(&policy)) < 0.02 && policy.isFitted)
    var (random, gap) = (RandomStream(seed: 9), Float(0))
    for _ in 0..<200 {
      let x = Self.observation(&random)
      let (found, truth) = (Self.act(policy, x), Self.decide([x[0], x[1] - 1000]))
      gap += (abs(found[0] - truth[0]) / 4 + abs(found[1] - truth[1]) / 10) / 400
    }
    #expect(gap < 0.03, "\(gap)")
    let far = Self.act(policy, [50, -5000])
    #expect(abs(far[0]) <= 2 && far[1] >= 0 && far[1] <= 10)
  }

  /// The oldest decisions are forgotten first.
  @Test func keepsTheLatestDecisions() throws {
    var (early, late) = (Self.policy(capacity: 50), Self.policy(capacity: 50))
    for _ in 0..<130 { early.observe([5, 5], [2, 10]) }
    early = Self.shown(50, early)
    late = Self.shown(50, late)
    #expect(early.actions.sorted() == late.actions.sorted())
  }

  @Test func seedsAndCheckpoints() throws {
    func course(_ seed: UInt64, restoring: Bool) throws -> OracleState {
      var policy = Self.shown(100, Self.policy(seed: seed, updates: 30))
      _ = try Self.fit(&policy)
      if restoring {
        var fresh = Self.policy(seed: 99, updates: 30)
        try OracleState(policy).restore(into: &fresh)
        policy = fresh
      }
      policy = Self.shown(60, policy, seed: 8)
      _ = try Self.fit(&policy)
      return OracleState(policy)
    }
    let state = try course(1, restoring: false)
    #expect(try course(1, restoring: false) == state && course(1, restoring: true) == state)
    #expect(try course(2, restoring: false) != state)
  }

  @Test func numbersThatAreNotFiniteAreReported() {
    var policy = Self.policy(updates: 5)
    policy.observe([.nan, 0], [0, 0])
    #expect(throws: NumericalFailure.self) { try Self.fit(&policy) }
  }

  @Test func actingDoesNotAllocate() throws {
    var policy = Self.shown(50, Self.policy(updates: 5))
    _ = try Self.fit(&policy)
    let x: [Float] = [0.5, 1000]
    var action: [Float] = [0, 0]
    let count = allocations {
      x.withUnsafeBufferPointer { x in
        action.withUnsafeMutableBufferPointer { action in
          if let x = x.baseAddress, let action = action.baseAddress {
            policy.act(on: x, action: action)
          }
        }
      }
    }
    #expect(count == 0)
  }
}
