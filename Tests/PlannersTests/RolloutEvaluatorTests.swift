import Environments
import Imagining
import Interfaces
import Kernels
import Planners
import TestSupport
import Testing

@Suite struct RolloutEvaluatorTests {
  private func returns(
    _ plans: [[Float]], from start: [Float] = [0], model: ShiftModel = ShiftModel(), particles: Int = 1,
    _ score: @escaping @Sendable (Float, Float, Float) -> (Float, Bool)
  ) -> (returns: [Float], nonFinite: Int) {
    var evaluator = RolloutEvaluator(
      KnownRewards(model, FunctionObjective(score: score)), horizon: plans[0].count, particles: particles)
    evaluator.begin(at: start, using: RandomStream(seed: 1))
    var returns = [Float](repeating: .nan, count: plans.count)
    evaluator.evaluate(Matrix(rows: plans.count, columns: plans[0].count, plans.flatMap { $0 }), returns: &returns)
    return (returns, evaluator.nonFiniteReturns)
  }

  /// Returns are those of stepping the environment, one plan after the other.
  private func checkAgainstTheEnvironment<Task: StateSpaceTask>(_ task: Task, plans count: Int, horizon: Int) throws {
    var random = RandomStream(seed: 14)
    let (low, high) = task.spec.action.bounds
    var (observation, unused) = ([Float](repeating: 0, count: task.spec.observationSize), task)
    try unused.reset(using: &random, observation: &observation)
    let plans = Matrix(
      rows: count, columns: horizon * low.count,
      (0..<count * horizon).flatMap { _ in low.indices.map { random.uniform(low[$0], high[$0]) } })
    var evaluator = RolloutEvaluator(
      KnownRewards(TrueModel(task), task.objective), horizon: horizon, particles: 1)
    evaluator.begin(at: observation, using: random)
    var returns = [Float](repeating: .nan, count: count)
    evaluator.evaluate(plans, returns: &returns)
    for row in 0..<count {
      var (copy, seen, total) = (task, observation, 0.0)
      copy.start(
        at: observation.withUnsafeBufferPointer { shown in
          shown.baseAddress.map { task.state(fromObservation: $0) } ?? Task.State()
        }, observation: &seen)
      let plan = Array(plans.row(row))
      for t in 0..<horizon {
        let outcome = try copy.step(Array(plan[t * low.count..<(t + 1) * low.count]), observation: &seen)
        total += Double(outcome.reward)
        if outcome.ending == .terminated { break }
      }
      #expect(
        abs(Double(returns[row]) - total) <= 1e-5 * max(1, abs(total)), "plan \(row): \(returns[row]) for \(total)")
    }
  }

  /// 64 rows are a shard: one, several, and a last one that is not full.
  @Test(arguments: [1, 64, 150]) func returnsAreThoseOfTheEnvironment(_ plans: Int) throws {
    try checkAgainstTheEnvironment(PointMass(PointMassSettings()), plans: plans, horizon: 9)
    try checkAgainstTheEnvironment(Pendulum(PendulumSettings()), plans: plans, horizon: 12)
    try checkAgainstTheEnvironment(CartPoleSwingUp(CartPoleSwingUpSettings()), plans: plans, horizon: 12)
  }

  /// Every plan's return is the mean over its particles, however plans and particles fall into shards.
  @Test(arguments: [1, 2, 3, 5, 8, 11], [1, 2, 7, 30]) func particlesAreAveraged(_ particles: Int, _ plans: Int) {
    let drawn = (0..<plans).map { [Float($0), Float(2 * $0), 1] }
    let found = returns(drawn, from: [10], model: ShiftModel(shift: 4), particles: particles) { _, _, next in
      (next, false)
    }
    let offset = 4 * Float(particles - 1) / 2  // mean of 4 p
    let expected = drawn.map { plan in
      (10 + plan[0] + offset) + (10 + plan[0] + plan[1] + offset) + (11 + plan[0] + plan[1] + offset)
    }
    for (value, truth) in zip(found.returns, expected) { #expect(abs(value - truth) <= 1e-5 * truth) }
  }

  /// The step that terminates earns its reward, and nothing after it does: neither rewards nor what is not a number.
  @Test func nothingIsEarnedAfterTermination() {
    // particle p starts at p and reaches 5 after 5 - p steps
    let found = returns(
      [[1, 1, 1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0, 0, 0]], model: ShiftModel(shift: 1), particles: 4
    ) {
      state, _, next in (state >= 5 ? .nan : 1, next >= 5)
    }
    #expect(found.returns == [Float(5 + 4 + 3 + 2) / 4, 8])
    #expect(found.nonFinite == 0)
  }

  /// A termination that the objective takes back later stays one.
  @Test func terminationIsFinal() {
    let found = returns([[6, -6, 1, 1]]) { _, _, next in (1, next > 5) }
    #expect(found.returns == [1])
  }

  @Test func returnsThatAreNotFiniteAreCounted() {
    let plans = (0..<40).map { [Float($0), 0] }
    for poison in [Float.nan, .infinity, -.infinity] {
      let found = returns(plans, particles: 3) { _, action, _ in
        (action.truncatingRemainder(dividingBy: 3) == 1 ? poison : 2, false)
      }
      let expected = plans.map { $0[0].truncatingRemainder(dividingBy: 3) == 1 ? -Float.infinity : 4 }
      #expect(found.returns == expected)
      #expect(found.nonFinite == 13)
    }
    // rewards that cancel to something that is not a number
    #expect(returns([[1, -1]]) { _, action, _ in (action * .infinity, false) }.returns == [-.infinity])
  }

  /// Predicted rewards go before the objective's, whose termination counts all the same.
  @Test func predictedRewardsAreUsed() {
    let found = returns([[1, -2, 3, 4]], model: ShiftModel(predictsRewards: true)) { _, _, next in (1000, next >= 2) }
    #expect(found.returns == [-6])
  }

  /// Predicted terminations go before the objective's; with rewards predicted too, no objective is needed.
  @Test func predictedTerminationsAreUsed() {
    let plans: [[Float]] = [[1, 2, 3, 4], [1, 1, -5, 4]]
    // beyond 2: the first plan after two steps, the second never
    #expect(returns(plans, model: ShiftModel(edge: 2)) { _, _, next in (1, next > 0) }.returns == [2, 4])
    var evaluator = RolloutEvaluator(
      KnownRewards(ShiftModel(predictsRewards: true, edge: 2), UnknownObjective()), horizon: 4, particles: 1)
    evaluator.begin(at: [0], using: RandomStream(seed: 1))
    var found: [Float] = [0, 0]
    evaluator.evaluate(Matrix(rows: 2, columns: 4, plans.flatMap { $0 }), returns: &found)
    #expect(found == [-3, -11])
  }

  /// Imagined noise differs from call to call and from plan to plan, and not from one `begin` to the same one again.
  @Test func randomnessComesFromTheStream() {
    var evaluator = RolloutEvaluator(
      KnownRewards(ShiftModel(noise: 1), FunctionObjective { _, _, next in (next, false) }), horizon: 2,
      particles: 1)
    let plans = Matrix(rows: 20, columns: 2)
    var (first, second, again) = (
      [Float](repeating: 0, count: 20), [Float](repeating: 0, count: 20), [Float](repeating: 0, count: 20)
    )
    evaluator.begin(at: [0], using: RandomStream(seed: 1))
    evaluator.evaluate(plans, returns: &first)
    evaluator.evaluate(plans, returns: &second)
    evaluator.begin(at: [0], using: RandomStream(seed: 1))
    evaluator.evaluate(plans, returns: &again)
    #expect(first == again && first != second && Set(first).count == 20)
    evaluator.begin(at: [0], using: RandomStream(seed: 2))
    evaluator.evaluate(plans, returns: &again)
    #expect(first != again)
  }

  /// Another population, larger or smaller, needs no new evaluator.
  @Test func populationsMayChange() {
    var evaluator = RolloutEvaluator(
      KnownRewards(ShiftModel(), FunctionObjective { _, _, next in (next, false) }), horizon: 1, particles: 3)
    evaluator.begin(at: [1], using: RandomStream(seed: 1))
    for count in [1, 50, 2, 9] {
      var returns = [Float](repeating: .nan, count: count)
      evaluator.evaluate(Matrix(rows: count, columns: 1, (0..<count).map { Float($0) }), returns: &returns)
      #expect(returns == (0..<count).map { Float($0 + 1) })
    }
  }
}
