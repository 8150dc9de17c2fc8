import Archive
import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

/// What every learner must do, whatever its method.
@Suite struct SoftActorCriticRulesTests {
  private static func wide(_ settings: inout SoftActorCriticSettings) { settings.hidden = [40, 24] }

  @Test func oneSeedOneResult() throws {
    let learner = try Cases.learner(Self.wide)
    let first = try Cases.trained(learner, updates: 4, batch: 50, seed: 1)
    #expect(try Cases.trained(learner, updates: 4, batch: 50, seed: 1) == first)
    #expect(try Cases.trained(learner, updates: 4, batch: 50, seed: 2) != first)
    #expect(OracleState(try Cases.learner(seed: 2, Self.wide)) != OracleState(learner))
  }

  /// In a process of its own: the pool belongs to all tests.
  @Test func threadsDoNotChangeABit() async {
    await #expect(processExitsWith: .success) {
      let learner = try Cases.learner(Self.wide)
      let sizes = [1, 64, 129, 300]
      let one = try sizes.map { try Cases.trained(learner, updates: 5, batch: $0, seed: 1) }
      WorkerPool.configure(threads: 2)
      #expect(WorkerPool.threads == 2)
      #expect(try sizes.map { try Cases.trained(learner, updates: 5, batch: $0, seed: 1) } == one)
    }
  }

  /// Copies are values: updating one leaves the other alone, and both go the same way afterward.
  @Test func copiesAreIndependent() throws {
    var (original, metrics) = (try Cases.learner(Self.wide), Cases.metrics)
    var random = RandomStream(seed: 1)
    // scratch and moments exist when the copy is made
    try original.update(on: Cases.batch(32, seed: 1), using: &random, metrics: &metrics)
    var copy = original
    let before = OracleState(original)
    var streams = (random, random)
    try copy.update(on: Cases.batch(32, seed: 2), using: &streams.0, metrics: &metrics)
    #expect(OracleState(original) == before && OracleState(copy) != before)
    try original.update(on: Cases.batch(32, seed: 2), using: &streams.1, metrics: &metrics)
    #expect(OracleState(original) == OracleState(copy))
  }

  /// A learner restored after some updates goes on as the saved one does, in updates and actions.
  @Test func restoredLearnersGoOnAlike() throws {
    var (original, metrics) = (try Cases.learner(seed: 1, Self.wide), Cases.metrics)
    var random = RandomStream(seed: 1)
    for seed in 1...3 {
      try original.update(on: Cases.batch(40, seed: UInt64(seed)), using: &random, metrics: &metrics)
    }
    var restored = try Cases.learner(seed: 2, Self.wide)
    try OracleState(original).restore(into: &restored)
    var copy = random
    for seed in 4...6 {
      try original.update(on: Cases.batch(40, seed: UInt64(seed)), using: &random, metrics: &metrics)
      try restored.update(on: Cases.batch(40, seed: UInt64(seed)), using: &copy, metrics: &metrics)
    }
    #expect(OracleState(original) == OracleState(restored) && original.temperature == restored.temperature)
    var actions = ([Float](repeating: 0, count: 2), [Float](repeating: 0, count: 2))
    original.act(on: [1, 2, 3], explore: true, using: &random, action: &actions.0)
    restored.act(on: [1, 2, 3], explore: true, using: &copy, action: &actions.1)
    #expect(actions.0 == actions.1)
  }

  @Test func anotherArchitectureIsRefused() throws {
    let state = OracleState(try Cases.learner())
    var wider = try Cases.learner(Self.wide)
    #expect(throws: ArchiveError.self) { try state.restore(into: &wider) }
  }

  private static func checkAllocations(_ count: (() throws -> Void) throws -> Int) throws {
    for size in [32, 200] {
      var (learner, random, metrics) = (try Cases.learner(wide), RandomStream(seed: 1), Cases.metrics)
      let batch = Cases.batch(size, seed: 1)
      let updating = try count { try learner.update(on: batch, using: &random, metrics: &metrics) }
      #expect(updating == 0, "\(updating) heap allocations in an update of \(size) rows")
      var (action, observation): ([Float], [Float]) = ([0, 0], [1, 2, 3])
      observation[0] = 0.5
      #expect(try count { learner.act(on: observation, explore: true, using: &random, action: &action) } == 0)
    }
  }

  @Test func updatesAndActionsDoNotAllocate() throws {
    try Self.checkAllocations { body in try allocations(in: body) }
  }

  @Test func updatesWithTwoThreadsDoNotAllocate() async {
    await #expect(processExitsWith: .success) {
      WorkerPool.configure(threads: 2)
      try Self.checkAllocations { body in try processAllocations(repetitions: 50, in: body) }
    }
  }

  /// Anything in the batch that is not a number stops the run by name.
  @Test(arguments: ["observation", "action", "reward", "next observation"], [Float.nan, .infinity])
  func numbersThatAreNotFiniteAreReported(_ place: String, _ poison: Float) throws {
    var (learner, random, metrics) = (try Cases.learner(), RandomStream(seed: 1), Cases.metrics)
    var batch = Cases.batch(20, seed: 1)
    switch place {
    case "observation": batch.observations[7, 1] = poison
    case "action": batch.actions[7, 1] = poison
    case "reward": batch.rewards[7] = poison
    default: batch.nextObservations[7, 1] = poison
    }
    let failure = #expect(throws: NumericalFailure.self) {
      try learner.update(on: batch, using: &random, metrics: &metrics)
    }
    #expect(failure?.metric == "critic_loss")
  }
}
