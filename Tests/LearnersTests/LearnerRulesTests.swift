import Archive
import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

/// What every learner must do, whatever its method.
@Suite struct LearnerRulesTests {
  @Test(arguments: LearnerCase.all) func oneSeedOneResult(_ test: LearnerCase) throws {
    func check<Factory: LearnerFactory>(_ factory: Factory.Type) throws {
      let learner = try factory.wide()
      let first = try factory.trained(learner, updates: 4, batch: 50, seed: 1)
      #expect(try factory.trained(learner, updates: 4, batch: 50, seed: 1) == first)
      #expect(try factory.trained(learner, updates: 4, batch: 50, seed: 2) != first)
      #expect(OracleState(try factory.wide(seed: 2)) != OracleState(learner))
    }
    try check(test.factory)
  }

  private static func states<Factory: LearnerFactory>(_ factory: Factory.Type) throws -> [OracleState] {
    let learner = try factory.wide()
    return try [1, 64, 129, 300].map { try factory.trained(learner, updates: 5, batch: $0, seed: 1) }
  }

  /// In a process of its own: the pool belongs to all tests.
  @Test func threadsDoNotChangeABit() async {
    await #expect(processExitsWith: .success) {
      let one = try LearnerCase.all.map { try Self.states($0.factory) }
      WorkerPool.configure(threads: 2)
      #expect(WorkerPool.threads == 2)
      #expect(try LearnerCase.all.map { try Self.states($0.factory) } == one)
    }
  }

  /// Copies are values: updating one leaves the other alone, and both go the same way afterward.
  @Test(arguments: LearnerCase.all) func copiesAreIndependent(_ test: LearnerCase) throws {
    func check<Factory: LearnerFactory>(_ factory: Factory.Type) throws {
      var (original, metrics) = (try factory.wide(), factory.metrics)
      var random = RandomStream(seed: 1)
      // scratch and moments exist when the copy is made
      try original.update(on: factory.batch(32, seed: 1), using: &random, metrics: &metrics)
      var copy = original
      let before = OracleState(original)
      var streams = (random, random)
      try copy.update(on: factory.batch(32, seed: 2), using: &streams.0, metrics: &metrics)
      #expect(OracleState(original) == before && OracleState(copy) != before)
      try original.update(on: factory.batch(32, seed: 2), using: &streams.1, metrics: &metrics)
      #expect(OracleState(original) == OracleState(copy))
    }
    try check(test.factory)
  }

  /// A learner restored after some updates goes on as the saved one does, in updates and actions.
  @Test(arguments: LearnerCase.all) func restoredLearnersGoOnAlike(_ test: LearnerCase) throws {
    func check<Factory: LearnerFactory>(_ factory: Factory.Type) throws {
      var (original, metrics) = (try factory.wide(), factory.metrics)
      var (random, action) = (RandomStream(seed: 1), [Float](repeating: 0, count: factory.actionSize))
      original.startEpisode(of: 0)
      for seed in 1...3 {
        original.act(on: [1, 2, 3], explore: true, using: &random, action: &action)
        try original.update(on: factory.batch(40, seed: UInt64(seed)), using: &random, metrics: &metrics)
      }
      var restored = try factory.wide(seed: 2)
      try OracleState(original).restore(into: &restored)
      var (copy, other) = (random, action)
      for seed in 4...6 {
        try original.update(on: factory.batch(40, seed: UInt64(seed)), using: &random, metrics: &metrics)
        try restored.update(on: factory.batch(40, seed: UInt64(seed)), using: &copy, metrics: &metrics)
        original.act(on: [1, 2, 3], explore: true, using: &random, action: &action)
        restored.act(on: [1, 2, 3], explore: true, using: &copy, action: &other)
        #expect(action == other)
      }
      #expect(OracleState(original) == OracleState(restored))
    }
    try check(test.factory)
  }

  /// Many copies are acted on as each would be alone, to the bit: exploring, too, where no layer has a single output.
  @Test(arguments: LearnerCase.all, [5, 300]) func copiesActAsTheyWouldAlone(_ test: LearnerCase, _ count: Int) throws {
    func check<Factory: LearnerFactory>(_ factory: Factory.Type) throws {
      for hidden in [[40, 24], [256, 256]] {
        var together = try factory.learner(seed: 1, hidden: hidden)
        together.prepare(copies: count)
        var alone = together
        var steps = CopySteps(count: count, observationSize: 3, actionSize: factory.actionSize)
        var (random, action) = (RandomStream(seed: 4), [Float](repeating: 0, count: factory.actionSize))
        var streams = (0..<count).map { RandomStream(seed: 9).child($0) }
        var own = streams
        for explore in [true, false, true] {
          random.fillNormal(steps.observations.mutablePointer, count: steps.observations.count)
          together.act(on: &steps, explore: explore, using: &streams)
          for copy in 0..<count {
            alone.act(
              on: Array(steps.observations.row(copy)), of: copy, explore: explore, using: &own[copy], action: &action)
            #expect(action == Array(steps.actions.row(copy)))
          }
        }
        #expect(streams == own && OracleState(together) == OracleState(alone))
      }
    }
    try check(test.factory)
  }

  @Test(arguments: LearnerCase.all) func anotherArchitectureIsRefused(_ test: LearnerCase) throws {
    func check<Factory: LearnerFactory>(_ factory: Factory.Type) throws {
      let state = OracleState(try factory.learner(seed: 1, hidden: [5, 4]))
      var wider = try factory.wide()
      #expect(throws: ArchiveError.self) { try state.restore(into: &wider) }
    }
    try check(test.factory)
  }

  private static func checkAllocations<Factory: LearnerFactory>(
    _ factory: Factory.Type, _ count: (() throws -> Void) throws -> Int
  ) throws {
    for size in [32, 200] {
      var (learner, random, metrics) = (try factory.wide(), RandomStream(seed: 1), factory.metrics)
      let batch = factory.batch(size, seed: 1)
      let updating = try count { try learner.update(on: batch, using: &random, metrics: &metrics) }
      #expect(updating == 0, "\(factory.name): \(updating) heap allocations in an update of \(size) rows")
      let values = ValueBatch(count: 2 * size, observationSize: Cases.observationSize, actionSize: factory.actionSize)
      let halves = try count {
        try learner.fitValues(to: values, metrics: &metrics)
        try learner.improvePolicy(at: batch.observations, using: &random, metrics: &metrics)
      }
      #expect(halves == 0, "\(factory.name): \(halves) heap allocations in the halves of an update")
      var (action, observation): ([Float], [Float]) = (Array(repeating: 0, count: factory.actionSize), [1, 2, 3])
      observation[0] = 0.5
      let acting = try count { learner.act(on: observation, explore: true, using: &random, action: &action) }
      #expect(acting == 0, "\(factory.name): \(acting) heap allocations in an action")
    }
  }

  @Test(arguments: LearnerCase.all) func updatesAndActionsDoNotAllocate(_ test: LearnerCase) throws {
    try Self.checkAllocations(test.factory) { body in try allocations(in: body) }
  }

  @Test func updatesWithTwoThreadsDoNotAllocate() async {
    await #expect(processExitsWith: .success) {
      WorkerPool.configure(threads: 2)
      for test in LearnerCase.all {
        try Self.checkAllocations(test.factory) { body in try processAllocations(in: body) }
      }
    }
  }

  /// Anything in the batch that is not a number stops the run by name.
  @Test(arguments: LearnerCase.all, ["observation", "action", "reward", "next observation"])
  func numbersThatAreNotFiniteAreReported(_ test: LearnerCase, _ place: String) throws {
    func check<Factory: LearnerFactory>(_ factory: Factory.Type) throws {
      if factory.isDiscrete && place == "action" { return }  // an index
      for poison in [Float.nan, .infinity] {
        var (learner, random, metrics) = (try factory.wide(), RandomStream(seed: 1), factory.metrics)
        var batch = factory.batch(20, seed: 1)
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
    try check(test.factory)
  }
}
