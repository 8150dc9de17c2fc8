import Methods
import Environments
import Interfaces
import Kernels
import Planners
import TestSupport
import Testing

/// When a planning agent acts randomly, fits and plans, told by fakes.
@Suite struct PlanningScheduleTests {

  private static func agent(
    randomEpisodes: Int = 2, fitInterval: Int = 7, objective: any Objective = PointMass.short(10).objective
  ) -> PlanningAgent<KnownRewards<ProbeModel>, CountingPlanner> {
    var settings = PlanningSettings()
    settings.randomEpisodes = randomEpisodes
    settings.fitInterval = fitInterval
    settings.particles = 1
    let spec = PointMass.short(10).spec
    return PlanningAgent(
      settings, world: KnownRewards(ProbeModel(), objective),
      planner: CountingPlanner(CountingPlanner.Settings(), for: spec.action), spec: spec, using: RandomStream(seed: 4))
  }

  /// Two random episodes of 10 steps, a fit after them, and another every 7 steps.
  @Test func fitsAfterTheRandomEpisodesAndEverySoManySteps() throws {
    var runner = AgentRunner(Self.agent(), in: PointMass.short(10), seed: 1)
    try runner.collect(19)
    #expect(runner.agent.world.dynamics.fits == [])
    try runner.collect(36)
    #expect(runner.agent.world.dynamics.fits == [20, 27, 34, 41, 48, 55])
    #expect(runner.agent.metricNames == ["probe_transitions", "nonfinite_returns"])
    #expect(runner.metrics.mean(of: "probe_transitions") == Double(20 + 27 + 34 + 41 + 48 + 55) / 6)
  }

  @Test func earlyActionsAreUniform() throws {
    var runner = AgentRunner(Self.agent(randomEpisodes: 400), in: PointMass.short(10), seed: 1)
    try runner.collect(4000)
    for component in 0..<2 {
      var bins = [Int](repeating: 0, count: 20)
      for action in runner.actions { bins[min(Int((action[component] + 10)), 19)] += 1 }
      let test = OracleUniformity(bins)
      #expect(test.holds && runner.actions.allSatisfy { abs($0[component]) <= 10 }, "\(test)")
    }
  }

  /// Each episode plans from a fresh start, and an evaluation in the middle of one has its own.
  @Test func everyEpisodeHasItsOwnWarmStart() throws {
    var runner = AgentRunner(Self.agent(), in: PointMass.short(10), seed: 1)
    try runner.collect(20)
    let counted = (0..<10).map { [Float($0), Float($0)] }
    for _ in 0..<3 {
      try runner.collect(4)
      #expect(try runner.evaluate().actions == counted)
      try runner.collect(6)
    }
    #expect(Array(runner.actions[20...]) == counted + counted + counted)
  }

  /// Before the first fit there is nothing to plan in, for evaluation neither.
  @Test func evaluationBeforeTheFirstFitIsRandom() throws {
    var runner = AgentRunner(Self.agent(), in: PointMass.short(10), seed: 1)
    let first = try runner.evaluate().actions
    #expect(Set(first.joined()).count == 20 && first.joined().allSatisfy { abs($0) <= 10 })
    try runner.collect(13)
    #expect(try runner.evaluate().actions != first)
  }

  /// Returns that are not finite are counted from fit to fit, of collected decisions alone.
  @Test(arguments: [false, true]) func countsReturnsThatAreNotFinite(_ evaluates: Bool) throws {
    // the planner's one plan of zeros always fails
    let agent = Self.agent(objective: PoisonedObjective(limit: -1))
    var runner = AgentRunner(agent, in: PointMass.short(10), seed: 1)
    try runner.collect(20)
    #expect(runner.metrics.mean(of: "nonfinite_returns") == 0)
    for _ in 0..<3 {
      runner.metrics.clear()
      if evaluates { _ = try runner.evaluate() }
      try runner.collect(7)
      #expect(runner.metrics.mean(of: "nonfinite_returns") == 7)
    }
  }
}
