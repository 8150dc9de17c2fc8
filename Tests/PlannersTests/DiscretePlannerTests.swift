import Environments
import Imagining
import Interfaces
import Kernels
import Planners
import TestSupport
import Testing

/// Planners for actions that are choices, against exhaustive search.
@Suite struct DiscretePlannerTests {
  private static func plan(
    _ planner: inout some Planner, _ evaluator: inout some PlanEvaluator,
    _ random: inout RandomStream, decisions: Int = 1
  ) -> [Float] {
    var action = [Float](repeating: .nan, count: decisions * evaluator.actionSize)
    planner.plan(with: &evaluator, using: &random, action: &action)
    return action
  }

  /// Every sequence of `count` digits, the i-th below `choices[i % A]`.
  private static func all(_ choices: [Int], count: Int) -> [[Float]] {
    (0..<count).reduce([[]]) { plans, i in
      plans.flatMap { plan in (0..<choices[i % choices.count]).map { plan + [Float($0)] } }
    }
  }

  /// Scores that couple each choice with the next ones, without ties.
  private static func coupled(_ plan: [Float]) -> Float {
    let weights: [Float] = [1, -2, 0.7]
    var total: Float = 0
    for i in plan.indices {
      let (choice, next, place) = (plan[i], plan[(i + 1) % plan.count], Float(i + 1))
      total += weights[Int(choice)] * place
      total += choice == next ? -3.1 : 0.3 * next
      total += 0.013 * choice * place
    }
    return total
  }

  private static func shooting(_ horizon: Int, _ choices: [Int], population: Int)
    -> DiscreteShooting
  {
    var settings = DiscreteShooting.Settings()
    (settings.horizon, settings.population) = (horizon, population)
    return DiscreteShooting(settings, choices: choices)
  }

  private static func crossEntropy(
    _ horizon: Int, _ choices: [Int], population: Int = 300, iterations: Int = 8
  )
    -> CategoricalCrossEntropy
  {
    var settings = CategoricalCrossEntropy.Settings()
    (settings.horizon, settings.population, settings.iterations) = (horizon, population, iterations)
    settings.elites = population / 10
    return CategoricalCrossEntropy(settings, choices: choices)
  }

  /// Where there are no more plans than the population each is tried once, and the best is taken.
  @Test(arguments: [([3], 5), ([2], 7), ([3, 2], 3), ([1], 4)]) func fewPlansAreAllTried(
    _ choices: [Int], _ horizon: Int
  ) {
    let plans = Self.all(choices, count: horizon * choices.count)
    for population in [plans.count, plans.count + 100] {
      var (planner, random) = (
        Self.shooting(horizon, choices, population: population), RandomStream(seed: 1)
      )
      #expect(planner.isExhaustive)
      var evaluator = RecordingEvaluator(
        horizon: horizon, actionSize: choices.count, score: Self.coupled)
      let found = Self.plan(&planner, &evaluator, &random, decisions: horizon)
      #expect(evaluator.calls[0] == plans)
      #expect(found == plans.max { Self.coupled($0) < Self.coupled($1) })
    }
    if plans.count > 1 {
      #expect(!Self.shooting(horizon, choices, population: plans.count - 1).isExhaustive)
    }
  }

  /// Where there are more, plans are drawn uniformly, and the best drawn one is taken.
  @Test func manyPlansAreDrawnUniformly() {
    var (planner, random) = (Self.shooting(6, [3, 2], population: 4000), RandomStream(seed: 1))
    var evaluator = RecordingEvaluator(horizon: 6, actionSize: 2) { $0.reduce(0) { 3 * $0 + $1 } }
    let found = Self.plan(&planner, &evaluator, &random, decisions: 6)
    #expect(found == evaluator.calls[0].max { evaluator.score($0) < evaluator.score($1) })
    var (threes, twos) = ([Int](repeating: 0, count: 9), [Int](repeating: 0, count: 4))
    for plan in evaluator.calls[0] {
      threes[Int(plan[0] * 3 + plan[2])] += 1
      twos[Int(plan[1] * 2 + plan[5])] += 1
    }
    #expect(OracleUniformity(threes).holds && OracleUniformity(twos).holds)
  }

  /// Categorical cross-entropy finds the plan that exhaustive search finds, of 729 and of 4,096.
  @Test(arguments: [([3], 6), ([2], 12), ([2, 3], 3)], [UInt64(1), 2, 3])
  func crossEntropyFindsTheBestOfAllPlans(_ shape: ([Int], Int), _ seed: UInt64) {
    let (choices, horizon) = shape
    let plans = Self.all(choices, count: horizon * choices.count)
    var (planner, random) = (
      Self.crossEntropy(horizon, choices, population: 600, iterations: 12), RandomStream(seed: seed)
    )
    var evaluator = RecordingEvaluator(
      horizon: horizon, actionSize: choices.count, score: Self.coupled)
    let found = Self.plan(&planner, &evaluator, &random, decisions: horizon)
    #expect(found == plans.max { Self.coupled($0) < Self.coupled($1) }, "\(Self.coupled(found))")
  }

  /// In the true dynamics of CartPole, from near the boundary, both survive a horizon that few plans survive.
  @Test func plansBalanceThePole() {
    let task = CartPole(CartPoleSettings())
    func survives(_ planner: some Planner) -> Int {
      var (planner, random) = (planner, RandomStream(seed: 6))
      var evaluator = RolloutEvaluator(
        KnownRewards(TrueModel(task), task.objective), horizon: 10, particles: 1)
      var (copy, observation) = (task, [Float](repeating: 0, count: 4))
      copy.start(at: SIMD4(0, 0, 0.1, 0.9), observation: &observation)
      for step in 0..<40 {
        evaluator.begin(at: observation, using: random.child("imagination"))
        let action = Self.plan(&planner, &evaluator, &random)
        guard let outcome = try? copy.step(action, observation: &observation),
          outcome.ending == .none
        else {
          return step + 1
        }
      }
      return 40
    }
    #expect(survives(Self.shooting(10, [2], population: 1024)) == 40)
    #expect(survives(Self.crossEntropy(10, [2])) == 40)
    #expect(
      survives(Self.shooting(10, [2], population: 1)) < 40,
      "any plan will do: the test shows nothing")
  }

  /// Distributions move up with the decisions taken and start anew after a reset; a choice never becomes impossible.
  @Test func warmStartsMoveUp() {
    var (planner, random) = (Self.crossEntropy(4, [2]), RandomStream(seed: 1))
    let wanted: [Float] = [0, 1, 1, 0]
    var evaluator = RecordingEvaluator(horizon: 4, actionSize: 1) { plan in
      zip(plan, wanted).reduce(0) { $0 + ($1.0 == $1.1 ? 1 : 0) }
    }
    #expect(Self.plan(&planner, &evaluator, &random) == [0])
    let warm = planner.probabilities
    let first = (0..<4).map { warm[2 * $0] }
    #expect(first[0] < 0.3 && first[1] < 0.3 && first[2] > 0.7 && first[3] == 0.5, "\(first)")
    #expect(warm.allSatisfy { $0 > 0.2 })
    planner.reset()
    #expect(planner.probabilities.allSatisfy { $0 == 0.5 })
  }

  /// Plans without a finite return never win, and without any there is still a choice.
  @Test func plansWithoutAFiniteReturnNeverWin() {
    func check(_ planner: some Planner) {
      var (planner, random) = (planner, RandomStream(seed: 1))
      var evaluator = RecordingEvaluator(horizon: 3, actionSize: 1) { $0[0] == 1 ? .nan : -$0[0] }
      for _ in 0..<3 { #expect(Self.plan(&planner, &evaluator, &random) == [0]) }
      var hopeless = RecordingEvaluator(horizon: 3, actionSize: 1) { _ in .nan }
      let action = Self.plan(&planner, &hopeless, &random)
      #expect([0, 1, 2].contains(action[0]))
    }
    check(Self.shooting(3, [3], population: 100))
    check(Self.shooting(3, [3], population: 20))
    check(Self.crossEntropy(3, [3]))
  }

  @Test func seedsThreadsAndCheckpoints() throws {
    func course(_ planner: some Planner, seed: UInt64) throws -> [[Float]] {
      var (planner, random) = (planner, RandomStream(seed: seed))
      var evaluator = RecordingEvaluator(horizon: 5, actionSize: 2) {
        $0.reduce(0) { 0.9 * $0 + $1 * $1 - $1 }
      }
      var found: [[Float]] = []
      for step in 0..<6 {
        if step == 3 {
          var copy = planner
          copy.reset()
          try OracleState(planner).restore(into: &copy)
          planner = copy
        }
        found.append(Self.plan(&planner, &evaluator, &random))
      }
      return found + evaluator.calls.joined()
    }
    let (shooting, crossEntropy) = (
      Self.shooting(5, [3, 4], population: 30), Self.crossEntropy(5, [3, 4], population: 30)
    )
    #expect(try course(shooting, seed: 1) == course(shooting, seed: 1))
    #expect(try course(shooting, seed: 1) != course(shooting, seed: 2))
    #expect(try course(crossEntropy, seed: 1) == course(crossEntropy, seed: 1))
    #expect(try course(crossEntropy, seed: 1) != course(crossEntropy, seed: 2))
  }

  @Test func planningDoesNotAllocate() {
    func check(_ planner: some Planner) {
      let task = MountainCar(MountainCarSettings())
      var evaluator = RolloutEvaluator(
        KnownRewards(TrueModel(task), task.objective), horizon: 6, particles: 1)
      var (planner, random, action) = (planner, RandomStream(seed: 1), [Float(0)])
      let observation: [Float] = [-0.5, 0]
      let allocated = allocations {
        evaluator.begin(at: observation, using: random.child("imagination"))
        planner.plan(with: &evaluator, using: &random, action: &action)
      }
      #expect(allocated == 0)
    }
    check(Self.shooting(6, [3], population: 1000))
    check(Self.shooting(6, [3], population: 100))
    check(Self.crossEntropy(6, [3]))
  }
}
