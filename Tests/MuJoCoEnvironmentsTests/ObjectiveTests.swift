#if MuJoCo

import Interfaces
import Kernels
import MuJoCoEnvironments
import Testing

/// Objectives against `step`, beyond the exact ones that conformance compares: distances from observed positions, and
/// the documented approximations.
@Suite struct ObjectiveTests {
  /// A reward from observed positions is exact up to their rounding, divided by the time of a step.
  @Test func observedPositionsGiveTheReward() throws {
    var hopper = HopperSettings()
    hopper.excludeCurrentPositionsFromObservation = false
    try check(MuJoCoEnvironment<Hopper>(.v5, hopper), within: 1e-3)
    try check(MuJoCoEnvironment<Hopper>(.v4, hopper), within: 1e-3)
    var swimmer = SwimmerSettings()
    swimmer.excludeCurrentPositionsFromObservation = false
    try check(MuJoCoEnvironment<Swimmer>(.v5, swimmer), within: 1e-3)
  }

  /// The velocity at the end of a step stands for the mean over it: close on average, not in every step.
  @Test func approximations() throws {
    var ant = AntSettings()
    ant.approximateObjective = true
    try check(MuJoCoEnvironment<Ant>(.v5, ant), within: 0.5)
    var walker = Walker2dSettings()
    walker.approximateObjective = true
    try check(MuJoCoEnvironment<Walker2d>(.v5, walker), within: 0.5)
    var cheetah = HalfCheetahSettings()
    cheetah.approximateObjective = true
    try check(MuJoCoEnvironment<HalfCheetah>(.v5, cheetah), within: 0.5)
    var pendulum = InvertedDoublePendulumSettings()
    pendulum.approximateObjective = true
    try check(MuJoCoEnvironment<InvertedDoublePendulum>(.v5, pendulum), within: 0.01)
    #expect(try MuJoCoEnvironment<InvertedDoublePendulum>(.v5).objective == nil)
  }

  /// Mean absolute difference of rewards over random steps below `tolerance`; terminations agree.
  private func check<Task: MuJoCoTask>(_ made: MuJoCoEnvironment<Task>, within tolerance: Float) throws {
    var (environment, random) = (made, RandomStream(seed: 8))
    let objective = try #require(environment.objective)
    #expect(objective.knowsReward)
    let (low, high) = environment.spec.action.bounds
    var (before, after) = ([Float](repeating: 0, count: environment.spec.observationSize), [Float]())
    after = before
    var (total, steps) = (Float(0), Float(0))
    environment.reset(using: &random, observation: &before)
    for _ in 0..<300 {
      let action = zip(low, high).map { random.uniform($0, $1) }
      let outcome = try environment.step(action, observation: &after)
      var (rewards, terminated) = ([Float.nan], [false])
      objective.evaluate(
        Matrix(rows: 1, columns: before.count, before), Matrix(rows: 1, columns: action.count, action),
        Matrix(rows: 1, columns: after.count, after), rewards: &rewards, terminated: &terminated)
      total += abs(rewards[0] - outcome.reward)
      steps += 1
      #expect(terminated[0] == (outcome.ending == .terminated))
      swap(&before, &after)
      if outcome.ending != .none { environment.reset(using: &random, observation: &before) }
    }
    #expect(total / steps <= tolerance, "\(environment.name): rewards differ by \(total / steps) on average")
    #expect(total > 0)
  }
}

#endif
