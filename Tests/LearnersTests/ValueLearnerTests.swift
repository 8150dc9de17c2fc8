import Archive
import Interfaces
import Kernels
import Learners
import Networks
import TestSupport
import Testing

/// What agents with a model rely on: policies, values and targets apart from updates.
@Suite struct ValueLearnerTests {
  /// A batch policy without exploration gives the actions of `act`, more than a block of them, and draws nothing.
  @Test(arguments: LearnerCase.all) func policiesActAsTheirLearners(_ test: LearnerCase) throws {
    func check<Factory: LearnerFactory>(_ factory: Factory.Type) throws {
      var (learner, random) = (try factory.wide(), RandomStream(seed: 1))
      let (policy, states) = (learner.policy, factory.batch(150, seed: 3).observations)
      var actions = Matrix(rows: 150, columns: factory.actionSize)
      policy.act(on: states, explore: false, using: &random, actions: &actions, policy.makeWorkspace())
      #expect(random == RandomStream(seed: 1), "acting without exploration draws numbers")
      var action = [Float](repeating: 0, count: factory.actionSize)
      for row in 0..<150 {
        learner.act(on: Array(states.row(row)), explore: false, using: &random, action: &action)
        let gap = zip(action, actions.row(row)).map { abs($0 - $1) }.reduce(0, max)
        #expect(gap < 1e-5, "row \(row) differs by \(gap)")
      }
    }
    try check(test.factory)
  }

  /// Exploring actions of a policy, mean and spread, are those of `act` (in the long run, for noise with a memory).
  @Test(arguments: LearnerCase.all) func policiesExploreAsTheirLearners(_ test: LearnerCase) throws {
    func check<Factory: LearnerFactory>(_ factory: Factory.Type) throws {
      let (count, size) = (20_000, factory.actionSize)
      var (learner, random) = (try factory.wide(), RandomStream(seed: 1))
      let state: [Float] = [0.3, -0.2, 0.1]
      var action = [Float](repeating: 0, count: size)
      // warm-up: schedules and noise with a memory arrive where they stay
      for _ in 0..<200 { learner.act(on: state, explore: true, using: &random, action: &action) }
      var states = Matrix(rows: count, columns: state.count)
      for row in 0..<count { states.setRow(row, state) }
      var (batched, single) = (Matrix(rows: count, columns: size), Matrix(rows: count, columns: size))
      let policy = learner.policy
      policy.act(on: states, explore: true, using: &random, actions: &batched, policy.makeWorkspace())
      for row in 0..<count {
        learner.act(on: state, explore: true, using: &random, action: &action)
        single.setRow(row, action)
      }
      func moments(_ matrix: Matrix, _ column: Int) -> (mean: Double, deviation: Double) {
        let values = (0..<count).map { Double(matrix[$0, column]) }
        let mean = values.reduce(0, +) / Double(count)
        return (mean, (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)).squareRoot())
      }
      for column in 0..<size {
        let (a, b) = (moments(batched, column), moments(single, column))
        #expect(a.deviation > 0)
        // noise with a memory of 7 steps is worth a thirteenth of as many independent draws
        #expect(abs(a.mean - b.mean) < 0.12 * a.deviation, "means \(a.mean), \(b.mean)")
        #expect(abs(a.deviation / b.deviation - 1) < 0.08, "deviations \(a.deviation), \(b.deviation)")
      }
    }
    try check(test.factory)
  }

  /// One policy, four threads, a workspace each: every thread's actions are those of one thread alone.
  @Test(arguments: LearnerCase.all) func threadsShareAPolicy(_ test: LearnerCase) async throws {
    func check<Factory: LearnerFactory>(_ factory: Factory.Type) async throws {
      let policy = try factory.wide().policy
      let states = factory.batch(400, seed: 3).observations
      @Sendable func actions(_ part: Int) -> Matrix {
        var (random, result) = (RandomStream(seed: 1).child(part), Matrix(rows: 400, columns: policy.actionSize))
        let workspace = policy.makeWorkspace()
        for _ in 0..<20 { policy.act(on: states, explore: true, using: &random, actions: &result, workspace) }
        return result
      }
      let expected = (0..<4).map(actions)
      let found = await withTaskGroup(of: (Int, Matrix).self) { group in
        for part in 0..<4 { group.addTask { (part, actions(part)) } }
        var found = expected
        for await (part, result) in group { found[part] = result }
        return found
      }
      #expect(found == expected)
    }
    try await check(test.factory)
  }

  /// A policy in hand keeps acting as it did when the learner goes on.
  @Test(arguments: LearnerCase.all) func policiesDoNotChange(_ test: LearnerCase) throws {
    func check<Factory: LearnerFactory>(_ factory: Factory.Type) throws {
      var (learner, random, metrics) = (try factory.wide(), RandomStream(seed: 1), factory.metrics)
      let (policy, bootstrap, batch) = (learner.policy, learner.bootstrap, factory.batch(50, seed: 3))
      func snapshot() -> [[Float]] {
        var (random, actions) = (RandomStream(seed: 2), Matrix(rows: 50, columns: factory.actionSize))
        policy.act(on: batch.observations, explore: true, using: &random, actions: &actions, policy.makeWorkspace())
        return [actions.elements, values(bootstrap, batch.observations, seed: 3)]
      }
      let before = snapshot()
      for _ in 0..<5 { try learner.update(on: batch, using: &random, metrics: &metrics) }
      #expect(snapshot() == before)
    }
    try check(test.factory)
  }

  private func values<B: BootstrapValue>(_ bootstrap: B, _ states: Matrix, seed: UInt64) -> [Float] {
    var (random, values) = (RandomStream(seed: seed), Vector(count: states.rows))
    bootstrap.values(
      count: states.rows, of: states.pointer, using: &random, values: values.mutablePointer,
      bootstrap.makeWorkspace())
    return values.elements
  }

  /// An update is a fit to bootstrapped targets and an improvement at the same states, where nothing is drawn.
  @Test(arguments: [
    LearnerCase(factory: DeepDeterministic.self), LearnerCase(factory: NormalizedAdvantages.self),
    LearnerCase(factory: DeepQ.self), LearnerCase(factory: DuelingDeepQ.self),
  ])
  func updatesAreTheirHalves(_ test: LearnerCase) throws {
    func check<Factory: LearnerFactory>(_ factory: Factory.Type) throws {
      var (whole, metrics, random) = (try factory.wide(), factory.metrics, RandomStream(seed: 1))
      var halves = whole
      for update in 1...5 {
        let batch = factory.batch(140, seed: UInt64(update))
        var fitted = ValueBatch(count: 140, observationSize: Cases.observationSize, actionSize: factory.actionSize)
        fitted.observations = batch.observations
        fitted.actions = batch.actions
        let next = values(halves.bootstrap, batch.nextObservations, seed: 9)
        for row in 0..<140 {
          fitted.targets[row] = batch.rewards[row] + halves.discount * batch.continues[row] * next[row]
        }
        try whole.update(on: batch, using: &random, metrics: &metrics)
        try halves.fitValues(to: fitted, metrics: &metrics)
        try halves.improvePolicy(at: batch.observations, using: &random, metrics: &metrics)
        for (name, gap, _) in OracleState(whole).gaps(to: OracleState(halves)) {
          #expect(gap < 1e-6, "\(name) differs by \(gap) after \(update) updates")
        }
      }
    }
    try check(test.factory)
  }

  /// Rows of weight 0 do not count, and 2 counts twice: a fit to rows of which some are repeated or left out. Dropout leaves
  /// other components out of each row.
  @Test(arguments: LearnerCase.all.filter { $0.factory.name != "droq" }) func weightsCountRows(_ test: LearnerCase)
    throws
  {
    func check<Factory: LearnerFactory>(_ factory: Factory.Type) throws {
      let batch = factory.batch(8, seed: 1)
      func fitted(_ rows: [(row: Int, weight: Float)]) throws -> OracleState {
        var (learner, metrics) = (try factory.wide(), factory.metrics)
        var values = ValueBatch(
          count: rows.count, observationSize: Cases.observationSize, actionSize: factory.actionSize)
        for (place, (row, weight)) in rows.enumerated() {
          values.observations.setRow(place, Array(batch.observations.row(row)))
          values.actions.setRow(place, Array(batch.actions.row(row)))
          values.targets[place] = batch.rewards[row]
          values.weights[place] = weight
        }
        try learner.fitValues(to: values, metrics: &metrics)
        return OracleState(learner)
      }
      // both of 4 rows, so that the average is over the same number
      let (weighted, repeated) = (
        try fitted([(0, 2), (1, 1), (2, 0), (3, 1)]), try fitted([(0, 1), (0, 1), (1, 1), (3, 1)])
      )
      // moments, not parameters: Adam's step has the sign of a gradient that is nearly 0
      for (name, gap, scale) in repeated.gaps(to: weighted) where name.hasSuffix("first") {
        #expect(gap < 1e-5 * max(1e-6, scale), "\(name) differs by \(gap)")
      }
    }
    try check(test.factory)
  }

  /// Policies and values do not allocate once their workspace is there.
  @Test(arguments: LearnerCase.all) func askingDoesNotAllocate(_ test: LearnerCase) throws {
    func check<Factory: LearnerFactory>(_ factory: Factory.Type) throws {
      let (learner, count) = (try factory.wide(), 300)
      let states = factory.batch(count, seed: 1).observations
      var (random, actions, values) = (
        RandomStream(seed: 1), Matrix(rows: count, columns: factory.actionSize), Vector(count: count)
      )
      var bonuses = Vector(count: count)
      let (a, b) = (learner.policy.makeWorkspace(), learner.bootstrap.makeWorkspace())
      let found = allocations {
        let (policy, bootstrap) = (learner.policy, learner.bootstrap)
        for explore in [false, true] {
          policy.act(
            count: count, on: states.pointer, explore: explore, using: &random, actions: actions.mutablePointer, a)
        }
        bootstrap.values(
          count: count, of: states.pointer, using: &random, values: values.mutablePointer, b)
        bootstrap.act(
          count: count, on: states.pointer, using: &random, actions: actions.mutablePointer,
          bonuses: bonuses.mutablePointer, b)
      }
      #expect(found == 0, "\(found) heap allocations")
    }
    try check(test.factory)
  }
}
