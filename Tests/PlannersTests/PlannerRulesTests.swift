import Environments
import Imagining
import Interfaces
import Kernels
import Planners
import TestSupport
import Testing

/// What every planner must do, whatever its method.
@Suite struct PlannerRulesTests {
  private static let (low, high): ([Float], [Float]) = ([-2, 1], [6, 1.5])

  private static func plan(
    _ planner: inout some Planner, _ evaluator: inout some PlanEvaluator, using random: inout RandomStream
  ) -> [Float] {
    var action = [Float](repeating: .nan, count: evaluator.actionSize)
    planner.plan(with: &evaluator, using: &random, action: &action)
    return action
  }

  private static func mean(_ planner: some Planner) -> [Float] { (planner as? any WarmStartedPlanner)?.warmStart ?? [] }

  /// A score that has no optimum inside the bounds.
  private static func evaluator(_ score: @escaping ([Float]) -> Float = { $0.reduce(0, +) }) -> RecordingEvaluator {
    RecordingEvaluator(horizon: 5, actionSize: 2, score: score)
  }

  private static func crossEntropy() -> CrossEntropy {
    CrossEntropy(CrossEntropy.Settings(horizon: 5), low: low, high: high)
  }
  private static func covarianceAdaptation() -> CovarianceAdaptationSearch {
    CovarianceAdaptationSearch(CovarianceAdaptationSearch.Settings(horizon: 5), low: low, high: high)
  }
  private static func pathIntegral() -> PathIntegral {
    PathIntegral(PathIntegral.Settings(horizon: 5), low: low, high: high)
  }
  private static func randomShooting() -> RandomShooting {
    RandomShooting(RandomShooting.Settings(horizon: 5), low: low, high: high)
  }

  // MARK: - Bounds

  private func checkBounds(_ planner: some Planner) {
    var planner = planner
    var random = RandomStream(seed: 1)
    // pulled to the upper bounds, then to the lower ones, where the warm start lies at the other side
    for sign: Float in [1, 1, -1, -1] {
      var evaluator = Self.evaluator { sign * $0.reduce(0, +) }
      let action = Self.plan(&planner, &evaluator, using: &random)
      let shown = evaluator.calls.joined().joined()
      for (i, value) in Array(shown).enumerated() where value < Self.low[i % 2] || value > Self.high[i % 2] {
        Issue.record("component \(i % 2) of a plan is \(value)")
        return
      }
      #expect(zip(action, zip(Self.low, Self.high)).allSatisfy { $0 >= $1.0 && $0 <= $1.1 }, "\(action)")
    }
  }

  @Test func plansAndDecisionsStayWithinTheBounds() {
    checkBounds(Self.crossEntropy())
    checkBounds(Self.covarianceAdaptation())
    checkBounds(Self.pathIntegral())
    checkBounds(Self.randomShooting())
    var wide = CrossEntropy.Settings(horizon: 5)
    wide.spread = 1
    checkBounds(CrossEntropy(wide, low: Self.low, high: Self.high))
    var rough = PathIntegral.Settings(horizon: 5)
    rough.spread = 1
    rough.freshness = 0.1
    checkBounds(PathIntegral(rough, low: Self.low, high: Self.high))
  }

  // MARK: - Warm start

  /// The next plans are drawn around the last plan shifted by one decision, and around the middle after `reset`.
  private func checkWarmStart(_ planner: some Planner, tolerance: Float) {
    var planner = planner
    let middle = (0..<10).map { 0.5 * (Self.low[$0 % 2] + Self.high[$0 % 2]) }
    var random = RandomStream(seed: 3)
    // every decision has an optimum of its own
    var evaluator = Self.evaluator { plan in
      -plan.indices.reduce(0) {
        let share = (plan[$1] - Self.low[$1 % 2]) / (Self.high[$1 % 2] - Self.low[$1 % 2])
        return $0 + 5 * (share - 0.1 * Float($1)) * (share - 0.1 * Float($1))
      }
    }
    func share(_ plan: [Float]) -> [Float] {
      plan.indices.map { (plan[$0] - Self.low[$0 % 2]) / (Self.high[$0 % 2] - Self.low[$0 % 2]) }
    }
    func gap(_ a: [Float], _ b: [Float]) -> Float { zip(share(a), share(b)).map { abs($0 - $1) }.reduce(0, max) }

    let action = Self.plan(&planner, &evaluator, using: &random)
    #expect(gap(evaluator.center(ofCall: 0), middle) < tolerance)
    let warm = Self.mean(planner)
    #expect(gap(action + warm.dropLast(2), middle) > 0.2, "the plan moved nowhere")
    #expect(Array(warm.suffix(2)) == Array(middle.suffix(2)), "the new last decision is in the middle")
    let next = evaluator.calls.count
    _ = Self.plan(&planner, &evaluator, using: &random)
    #expect(gap(evaluator.center(ofCall: next), warm) < tolerance)
    #expect(gap(evaluator.center(ofCall: next), middle) > 2 * tolerance)

    planner.reset()
    #expect(Self.mean(planner) == middle)
    let last = evaluator.calls.count
    _ = Self.plan(&planner, &evaluator, using: &random)
    #expect(gap(evaluator.center(ofCall: last), middle) < tolerance)
  }

  @Test func planningStartsFromTheShiftedPlan() {
    // the mean of 2,000 plans of deviation 1/10 of the range and less
    var narrow = CrossEntropy.Settings(horizon: 5, population: 2000, elites: 100, iterations: 12)
    narrow.spread = 0.1
    checkWarmStart(CrossEntropy(narrow, low: Self.low, high: Self.high), tolerance: 0.03)
    var small = CovarianceAdaptationSearch.Settings(horizon: 5, population: 2000, iterations: 12)
    small.spread = 0.1
    checkWarmStart(CovarianceAdaptationSearch(small, low: Self.low, high: Self.high), tolerance: 0.03)
    var smooth = PathIntegral.Settings(horizon: 5, population: 2000, iterations: 12)
    smooth.spread = 0.05
    smooth.temperature = 0.05
    checkWarmStart(PathIntegral(smooth, low: Self.low, high: Self.high), tolerance: 0.03)
  }

  @Test func resettingGivesTheSamePlanAsANewPlanner() {
    func check(_ planner: some Planner) {
      var (fresh, used) = (planner, planner)
      var (evaluator, random) = (Self.evaluator(), RandomStream(seed: 4))
      for _ in 0..<3 { _ = Self.plan(&used, &evaluator, using: &random) }
      used.reset()
      var streams = (RandomStream(seed: 8), RandomStream(seed: 8))
      #expect(Self.plan(&fresh, &evaluator, using: &streams.0) == Self.plan(&used, &evaluator, using: &streams.1))
      #expect(OracleState(fresh) == OracleState(used))
    }
    check(Self.crossEntropy())
    check(Self.covarianceAdaptation())
    check(Self.pathIntegral())
    check(Self.randomShooting())
  }

  // MARK: - Returns that are not finite

  /// Plans of one decision are good above 0, where the objective fails, and best at 0 below it.
  @Test(arguments: [Float.nan, .infinity, -.infinity]) func plansWithoutAFiniteReturnNeverWin(_ poison: Float) {
    func check(_ planner: some Planner) {
      var planner = planner
      let objective = FunctionObjective { _, action, _ in (action > 0 ? poison : action, false) }
      var evaluator = RolloutEvaluator(
        KnownRewards(ShiftModel(), objective), horizon: 1, particles: 2)
      var random = RandomStream(seed: 6)
      for _ in 0..<5 {
        evaluator.begin(at: [0], using: random.child("imagination"))
        let action = Self.plan(&planner, &evaluator, using: &random)
        #expect(action[0] <= 0 && action[0] > -1, "\(action)")
      }
      #expect(evaluator.nonFiniteReturns > 5 * 50, "\(evaluator.nonFiniteReturns)")
    }
    var pathIntegral = PathIntegral.Settings(horizon: 1)
    pathIntegral.temperature = 0.01
    check(CrossEntropy(CrossEntropy.Settings(horizon: 1), low: [-4], high: [4]))
    check(CovarianceAdaptationSearch(CovarianceAdaptationSearch.Settings(horizon: 1), low: [-4], high: [4]))
    check(PathIntegral(pathIntegral, low: [-4], high: [4]))
    check(RandomShooting(RandomShooting.Settings(horizon: 1), low: [-4], high: [4]))
  }

  /// Where fewer plans than elites have a finite return, these alone decide.
  @Test func crossEntropyTakesOnlyFinitePlansForElites() {
    var planner = CrossEntropy(CrossEntropy.Settings(horizon: 1), low: [-4], high: [4])
    var evaluator = RecordingEvaluator(horizon: 1, actionSize: 1) { $0[0] > -3 ? .nan : $0[0] }
    var random = RandomStream(seed: 6)
    let action = Self.plan(&planner, &evaluator, using: &random)
    let finite = evaluator.calls[0].count { $0[0] <= -3 }
    #expect(finite > 0 && finite < 20, "\(finite) finite plans")
    #expect(action[0] < -2.9 && action[0] >= -4, "\(action)")
  }

  /// With no finite return at all the plan is kept, and the decision means something.
  @Test func withoutAnyFiniteReturnThePlanIsKept() {
    func check(_ planner: some Planner) {
      var planner = planner
      var (good, random) = (Self.evaluator(), RandomStream(seed: 7))
      _ = Self.plan(&planner, &good, using: &random)
      let warm = Self.mean(planner)
      var bad = Self.evaluator { _ in .nan }
      let action = Self.plan(&planner, &bad, using: &random)
      #expect(bad.nonFiniteReturns == bad.calls.joined().count && bad.nonFiniteReturns > 0)
      let middle = zip(Self.low, Self.high).map { 0.5 * ($0 + $1) }
      if warm.isEmpty {
        #expect(action == middle)
      } else {
        #expect(action == Array(warm.prefix(2)))
        #expect(Self.mean(planner) == Array(warm.dropFirst(2)) + middle)
      }
    }
    check(Self.crossEntropy())
    check(Self.covarianceAdaptation())
    check(Self.pathIntegral())
    check(Self.randomShooting())
  }

  // MARK: - Reproducibility

  private static func noisyEvaluator() -> RolloutEvaluator<KnownRewards<ShiftModel>> {
    // 3 particles, 8 rows a shard: 100 shards of two plans
    RolloutEvaluator(
      KnownRewards(
        ShiftModel(shift: 0.1, noise: 0.3),
        FunctionObjective { _, action, next in (-(next - 2) * (next - 2) - 0.1 * action * action, next > 6) }),
      horizon: 4, particles: 3)
  }

  /// Decisions of four steps in a row.
  private static func course(_ planner: some Planner, seed: UInt64) -> [[Float]] {
    var (planner, evaluator, random) = (planner, noisyEvaluator(), RandomStream(seed: seed))
    return (0..<4).map { step in
      evaluator.begin(at: [Float(step)], using: random.child("imagination").child(step))
      return plan(&planner, &evaluator, using: &random)
    }
  }

  private static func courses(seed: UInt64) -> [[[Float]]] {
    [
      course(CrossEntropy(CrossEntropy.Settings(horizon: 4), low: [-3], high: [4]), seed: seed),
      course(
        CovarianceAdaptationSearch(CovarianceAdaptationSearch.Settings(horizon: 4), low: [-3], high: [4]), seed: seed),
      course(PathIntegral(PathIntegral.Settings(horizon: 4), low: [-3], high: [4]), seed: seed),
      course(RandomShooting(RandomShooting.Settings(horizon: 4), low: [-3], high: [4]), seed: seed),
    ]
  }

  @Test func plansAreFunctionsOfTheStream() {
    #expect(Self.courses(seed: 1) == Self.courses(seed: 1))
    for (one, other) in zip(Self.courses(seed: 1), Self.courses(seed: 2)) { #expect(one != other) }
  }

  /// In a process of its own: the pool belongs to all tests.
  @Test func threadsDoNotChangeABit() async {
    await #expect(processExitsWith: .success) {
      let one = Self.courses(seed: 1)
      WorkerPool.configure(threads: 2)
      #expect(WorkerPool.threads == 2 && Self.courses(seed: 1) == one)
    }
  }

  /// A planner restored in the middle of an episode goes on as the saved one does.
  @Test func restoredPlannersGoOnAlike() throws {
    func check(_ planner: some Planner) throws {
      var (original, restored) = (planner, planner)
      var (evaluator, random) = (Self.evaluator { $0[0] - $0[3] }, RandomStream(seed: 2))
      for _ in 0..<3 { _ = Self.plan(&original, &evaluator, using: &random) }
      try OracleState(original).restore(into: &restored)
      var copy = random
      for _ in 0..<3 {
        #expect(Self.plan(&original, &evaluator, using: &random) == Self.plan(&restored, &evaluator, using: &copy))
      }
      #expect(OracleState(original) == OracleState(restored))
    }
    try check(Self.crossEntropy())
    try check(Self.covarianceAdaptation())
    try check(Self.pathIntegral())
    try check(Self.randomShooting())
  }

  // MARK: - Allocation

  private static func checkAllocations(_ planner: some Planner, _ count: (() -> Void) -> Int) {
    let task = PointMass(PointMassSettings())
    var evaluator = RolloutEvaluator(
      KnownRewards(TrueModel(task), task.objective), horizon: 6, particles: 2)
    var (planner, random) = (planner, RandomStream(seed: 1))
    var action: [Float] = [0, 0]
    let observation: [Float] = [1, 0.5, 0, -0.5]
    let allocated = count {
      evaluator.begin(at: observation, using: random.child("imagination"))
      planner.plan(with: &evaluator, using: &random, action: &action)
    }
    #expect(allocated == 0)
  }

  private static func checkAllocations(_ count: (() -> Void) -> Int) {
    let (low, high): ([Float], [Float]) = ([-10, -10], [10, 10])
    checkAllocations(CrossEntropy(CrossEntropy.Settings(horizon: 6), low: low, high: high), count)
    checkAllocations(
      CovarianceAdaptationSearch(CovarianceAdaptationSearch.Settings(horizon: 6), low: low, high: high), count)
    checkAllocations(PathIntegral(PathIntegral.Settings(horizon: 6), low: low, high: high), count)
    checkAllocations(RandomShooting(RandomShooting.Settings(horizon: 6), low: low, high: high), count)
  }

  @Test func planningDoesNotAllocate() {
    Self.checkAllocations { body in allocations(in: body) }
  }

  @Test func planningWithTwoThreadsDoesNotAllocate() async {
    await #expect(processExitsWith: .success) {
      WorkerPool.configure(threads: 2)
      Self.checkAllocations { body in processAllocations(in: body) }
    }
  }
}
