import Interfaces
import Kernels
import Learners
import Methods
import Networks
import TestSupport
import Testing

/// TD-MPC2's planner in a world that is made by hand, whose rewards tell good actions from bad ones.
@Suite struct LatentPlannerTests {
  /// A world that pays 50 for a first component of the action above 0.25 and -50 below, whatever the state; values are
  /// 0.
  private static func learner(endsAtOnce: Bool? = nil) throws -> TDMPC2 {
    var settings = TDMPC2LearnerSettings()
    settings.learnsTermination = endsAtOnce != nil
    (settings.latent, settings.simplex, settings.encoderHidden, settings.hidden) = (8, 4, [4], [4])
    (settings.bins, settings.binLimit) = (3, 4)
    var learner = TDMPC2(
      settings,
      for: EnvironmentSpec(
        observationSize: 3, action: .box(low: [-1, -1], high: [1, 1]), timeStep: 1, stepLimit: 100),
      using: RandomStream(seed: 1))
    var world = learner.world
    let layout = learner.networks.layout
    func set(_ name: String, _ values: [Float]) throws {
      let entry = try #require(layout.entries.first { $0.name == name })
      for (index, value) in values.enumerated() { world[entry.offset + index] = value }
    }
    // hidden units s (a - 1/4), -s (a - 1/4), 0, 0, of which the normalization leaves the sign
    let rows = [[Float]](repeating: [0, 0, 0, 0], count: 8) + [[40, -40, 0, 0], [0, 0, 0, 0]]
    try set("reward.layers.0.weight", rows.flatMap { $0 })
    try set("reward.layers.0.bias", [-10, 10, 0, 0])
    // logits of the bins -4, 0 and 4
    try set("reward.layers.1.weight", [-20, 0, 20, 20, 0, -20, 0, 0, 0, 0, 0, 0])
    if let endsAtOnce { try set("termination.layers.1.bias", [endsAtOnce ? 5 : -5]) }
    learner.adopt(world: world)
    return learner
  }

  @Test func findsTheActionsThatPay() throws {
    var learner = try Self.learner()
    var settings = TDMPC2PlannerSettings()
    (settings.population, settings.policyPlans, settings.elites) = (200, 10, 20)
    let planner = LatentPlanner(settings, for: learner)
    var (start, action) = (Vector(count: planner.warmStartCount), [Float](repeating: 0, count: 2))
    for seed in 0..<5 {
      start.fill(0)
      planner.plan(
        &learner, [0.1, 0.2, 0.3], warmStart: &start, explores: false, using: RandomStream(seed: UInt64(seed)),
        action: &action)
      #expect(action[0] > 0.25 && action[0] <= 1 && abs(action[1]) <= 1)
      for t in 0..<3 { #expect(start[2 * t] > 0.25, "step \(t): \(start[2 * t])") }
    }
  }

  /// Where every first action ends the episode, rewards after it do not count; where none does, plans are those of a
  /// world that has no ends.
  @Test func plansEndWithTheEpisode() throws {
    var settings = TDMPC2PlannerSettings()
    (settings.population, settings.policyPlans, settings.elites) = (200, 10, 20)
    func means(_ endsAtOnce: Bool?) throws -> [Float] {
      var learner = try Self.learner(endsAtOnce: endsAtOnce)
      let planner = LatentPlanner(settings, for: learner)
      var (start, action) = (Vector(count: planner.warmStartCount), [Float](repeating: 0, count: 2))
      planner.plan(
        &learner, [0.1, 0.2, 0.3], warmStart: &start, explores: false, using: RandomStream(seed: 4), action: &action)
      return start.elements
    }
    #expect(try means(false) == means(nil))
    let (without, found) = (try means(nil), try means(true))
    #expect(found[0] > 0.25 && found != without, "\(found)")
    // among plans whose first action pays the later ones are alike: nothing draws them beyond 0.25
    #expect(min(without[2], without[4]) > 0.25 && min(found[2], found[4]) < 0.25, "\(found), not \(without)")
  }

  /// The same numbers from the same stream, with any number of threads; noise only where it explores; and no
  /// allocation.
  @Test func plansFollowTheirStream() throws {
    var learner = try Self.learner()
    var settings = TDMPC2PlannerSettings()
    (settings.population, settings.policyPlans, settings.elites, settings.stdMin) = (300, 10, 20, 0.5)
    let planner = LatentPlanner(settings, for: learner)
    func plan(_ seed: UInt64, explores: Bool) -> [Float] {
      var (start, action) = (Vector(count: planner.warmStartCount), [Float](repeating: 0, count: 2))
      planner.plan(
        &learner, [1, 0, 0], warmStart: &start, explores: explores, using: RandomStream(seed: seed), action: &action)
      return action + start.elements
    }
    let found = plan(3, explores: false)
    #expect(plan(3, explores: false) == found && plan(4, explores: false) != found)
    let noisy = plan(3, explores: true)
    #expect(noisy[2...] == found[2...] && noisy[..<2] != found[..<2])
    var (start, action) = (Vector(count: planner.warmStartCount), [Float](repeating: 0, count: 2))
    let observation: [Float] = [1, 0, 0]
    let count = allocations {
      planner.plan(
        &learner, observation, warmStart: &start, explores: true, using: RandomStream(seed: 1), action: &action)
    }
    #expect(count == 0, "\(count) heap allocations")
  }
}
