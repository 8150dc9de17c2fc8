import Environments
import Imagining
import Interfaces
import Kernels
import Planners
import TestSupport
import Testing

/// Planners against objectives whose best plan is known.
@Suite struct KnownOptimumTests {
  private static let (low, high): ([Float], [Float]) = ([-1, 0], [3, 10])
  private static let target: [Float] = [0.5, 7, -0.5, 2, 2.5, 5, 1, 9]

  /// -sum ((plan - target) / range)² over four decisions of two components.
  private static func quadratic() -> RecordingEvaluator {
    RecordingEvaluator(horizon: 4, actionSize: 2) { plan in
      -plan.indices.reduce(0) {
        let gap = (plan[$1] - target[$1]) / (high[$1 % 2] - low[$1 % 2])
        return $0 + gap * gap
      }
    }
  }

  /// The whole plan that `planner` found: its first decision, and the warm start that it keeps of the rest.
  private static func plan(
    _ planner: inout some Planner, with evaluator: inout some PlanEvaluator, seed: UInt64
  ) -> [Float] {
    var random = RandomStream(seed: seed)
    var action = [Float](repeating: .nan, count: evaluator.actionSize)
    planner.plan(with: &evaluator, using: &random, action: &action)
    return action + ((planner as? any WarmStartedPlanner)?.warmStart ?? []).dropLast(evaluator.actionSize)
  }

  private static func worstGap(_ plan: [Float]) -> Float {
    zip(plan, target).enumerated().map { abs($1.0 - $1.1) / (high[$0 % 2] - low[$0 % 2]) }.reduce(0, max)
  }

  /// To 1 % of the range in every component.
  @Test(arguments: [UInt64(1), 2, 3]) func crossEntropyFindsTheBestPlan(_ seed: UInt64) {
    var planner = CrossEntropy(
      CrossEntropy.Settings(horizon: 4, population: 500, elites: 50, iterations: 20), low: Self.low, high: Self.high)
    var evaluator = Self.quadratic()
    let plan = Self.plan(&planner, with: &evaluator, seed: seed)
    #expect(Self.worstGap(plan) < 0.01, "\(plan)")
  }

  /// To 1 % of the range in every component.
  @Test(arguments: [UInt64(1), 2, 3]) func covarianceAdaptationFindsTheBestPlan(_ seed: UInt64) {
    var planner = CovarianceAdaptationSearch(
      CovarianceAdaptationSearch.Settings(horizon: 4, population: 50, iterations: 60), low: Self.low, high: Self.high)
    var evaluator = Self.quadratic()
    let plan = Self.plan(&planner, with: &evaluator, seed: seed)
    #expect(Self.worstGap(plan) < 0.01, "\(plan)")
  }

  /// To 5 % of the range in every component: the weighted average keeps some of the noise.
  @Test(arguments: [UInt64(1), 2, 3]) func pathIntegralFindsTheBestPlan(_ seed: UInt64) {
    var planner = PathIntegral(
      PathIntegral.Settings(horizon: 4, population: 2000, iterations: 40, temperature: 0.1), low: Self.low,
      high: Self.high)
    var evaluator = Self.quadratic()
    let plan = Self.plan(&planner, with: &evaluator, seed: seed)
    #expect(Self.worstGap(plan) < 0.05, "\(plan)")
  }

  /// Random shooting decides as the best of its plans begins, and these are uniform over the bounds.
  @Test(arguments: [UInt64(1), 2, 3]) func randomShootingTakesItsBestPlan(_ seed: UInt64) {
    var planner = RandomShooting(RandomShooting.Settings(horizon: 4, population: 4000), low: Self.low, high: Self.high)
    var evaluator = Self.quadratic()
    var (random, action) = (RandomStream(seed: seed), [Float](repeating: .nan, count: 2))
    planner.plan(with: &evaluator, using: &random, action: &action)
    let best = evaluator.calls[0].max { evaluator.score($0) < evaluator.score($1) }
    #expect(action == best.map { Array($0.prefix(2)) })
    var bins = [Int](repeating: 0, count: 40)
    for plan in evaluator.calls[0] {
      for i in plan.indices {
        bins[min(Int((plan[i] - Self.low[i % 2]) / (Self.high[i % 2] - Self.low[i % 2]) * 40), 39)] += 1
      }
    }
    let test = OracleUniformity(bins)
    #expect(test.holds, "\(test)")
  }

  /// An optimum outside the bounds draws the plan to the bound.
  @Test func optimaOutsideTheBoundsLeadToTheBounds() {
    func check(_ planner: inout some Planner, within share: Float) {
      // upper bounds of the first component, lower ones of the second
      var evaluator = RecordingEvaluator(horizon: 3, actionSize: 2) { plan in
        plan.indices.reduce(0) {
          $0 + ($1 % 2 == 0 ? plan[$1] - Self.high[0] : Self.low[1] - plan[$1]) / (Self.high[$1 % 2] - Self.low[$1 % 2])
        }
      }
      let plan = Self.plan(&planner, with: &evaluator, seed: 1)
      for (i, value) in plan.enumerated() {
        let (low, high) = (Self.low[i % 2], Self.high[i % 2])
        #expect(abs(value - (i % 2 == 0 ? high : low)) <= share * (high - low), "\(plan)")
      }
    }
    var crossEntropy = CrossEntropy(
      CrossEntropy.Settings(horizon: 3, population: 500, elites: 50, iterations: 40), low: Self.low, high: Self.high)
    check(&crossEntropy, within: 0.02)
    var pathIntegral = PathIntegral(
      PathIntegral.Settings(horizon: 3, population: 1000, iterations: 60, temperature: 0.05), low: Self.low,
      high: Self.high)
    check(&pathIntegral, within: 0.05)
  }

  // MARK: - The linear-quadratic point mass, planned in its true dynamics

  private static let task = PointMass(PointMassSettings())

  /// Return of `plan` from `start` in the environment itself.
  private static func play(_ plan: [Float], from start: SIMD4<Double>) throws -> Double {
    var (task, observation) = (task, [Float](repeating: 0, count: 4))
    task.start(at: start, observation: &observation)
    return try stride(from: 0, to: plan.count, by: 2).reduce(0) {
      $0 + Double(try task.step([plan[$1], plan[$1 + 1]], observation: &observation).reward)
    }
  }

  private static func starts(_ count: Int) -> [SIMD4<Double>] {
    var random = RandomStream(seed: 31)
    return (0..<count).map { _ in task.startState(using: &random) }
  }

  private static func planInTheTask(
    _ planner: inout some Planner, horizon: Int, from start: SIMD4<Double>, seed: UInt64
  ) -> [Float] {
    var evaluator = RolloutEvaluator(
      KnownRewards(TrueModel(task), task.objective), horizon: horizon, particles: 1)
    evaluator.begin(at: (0..<4).map { Float(start[$0]) }, using: RandomStream(seed: 1))
    return plan(&planner, with: &evaluator, seed: seed)
  }

  /// A plan costs at most 1 % more than the closed form's, from every start.
  @Test func crossEntropyComesNearTheRegulator() throws {
    let optimum = try Self.task.optimum(horizon: 12)
    for (index, start) in Self.starts(6).enumerated() {
      var planner = CrossEntropy(
        CrossEntropy.Settings(horizon: 12, population: 500, elites: 50, iterations: 20), low: [-10, -10],
        high: [10, 10])
      let plan = Self.planInTheTask(&planner, horizon: 12, from: start, seed: UInt64(index))
      let (cost, least) = (try -Self.play(plan, from: start), -optimum.value(of: (0..<4).map { start[$0] }))
      #expect(cost >= least * (1 - 1e-4) && cost < 1.01 * least, "cost \(cost), optimum \(least)")
    }
  }

  /// The weighted average of perturbed plans: at most 10 % more.
  @Test func pathIntegralComesNearTheRegulator() throws {
    let optimum = try Self.task.optimum(horizon: 8)
    for (index, start) in Self.starts(6).enumerated() {
      var settings = PathIntegral.Settings(horizon: 8, population: 1000, iterations: 60, temperature: 1)
      settings.spread = 0.05
      var planner = PathIntegral(settings, low: [-10, -10], high: [10, 10])
      let plan = Self.planInTheTask(&planner, horizon: 8, from: start, seed: UInt64(index))
      let (cost, least) = (try -Self.play(plan, from: start), -optimum.value(of: (0..<4).map { start[$0] }))
      #expect(cost >= least * (1 - 1e-4) && cost < 1.1 * least, "cost \(cost), optimum \(least)")
    }
  }

  /// Planning again at every step, warm-started, a whole episode costs at most 5 % more than with the closed form of the
  /// same horizon at every step.
  @Test func replanningEveryStepControlsTheMass() throws {
    let (horizon, regulator) = (10, try Self.task.optimum(horizon: 10))
    func play(from start: SIMD4<Double>, _ decide: ([Float]) -> [Float]) throws -> Double {
      var (task, observation) = (Self.task, [Float](repeating: 0, count: 4))
      task.start(at: start, observation: &observation)
      return try (0..<task.spec.stepLimit).reduce(0) { total, _ in
        total + Double(try task.step(decide(observation), observation: &observation).reward)
      }
    }
    for start in Self.starts(3) {
      var planner = CrossEntropy(
        CrossEntropy.Settings(horizon: horizon, population: 500, elites: 50, iterations: 12), low: [-10, -10],
        high: [10, 10])
      var evaluator = RolloutEvaluator(
        KnownRewards(TrueModel(Self.task), Self.task.objective), horizon: horizon, particles: 1)
      var (action, random) = ([Float](repeating: 0, count: 2), RandomStream(seed: 5))
      let found = try play(from: start) { observation in
        evaluator.begin(at: observation, using: random.child("imagination"))
        planner.plan(with: &evaluator, using: &random, action: &action)
        return action
      }
      let reference = try play(from: start) { regulator.action(in: $0.map(Double.init)).map { Float($0) } }
      #expect(found > 1.05 * reference, "return \(found), of the closed form \(reference)")
    }
  }
}
