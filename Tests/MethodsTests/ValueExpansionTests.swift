import Methods
import Archive
import Configuration
import Environments
import Experience
import Imagining
import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

/// V'(s) = 10 s with actions s / 2 and a bonus of 0.3 s, on the line.
struct LineBootstrap: BootstrapValue {
  final class Workspace {}
  let observationSize = 1
  let actionSize = 1

  func makeWorkspace() -> Workspace { Workspace() }

  func values(
    count: Int, of observations: UnsafePointer<Float>, using random: inout RandomStream,
    values: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) { for row in 0..<count { values[row] = 10 * observations[row] } }

  func act(
    count: Int, on observations: UnsafePointer<Float>, using random: inout RandomStream,
    actions: UnsafeMutablePointer<Float>, bonuses: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) {
    for row in 0..<count {
      actions[row] = 0.5 * observations[row]
      bonuses[row] = 0.3 * observations[row]
    }
  }
}

@Suite struct ValueExpansionTests {
  /// Real steps on the line from `states`: reward 7, to the next place; those in `ends` terminate.
  private static func batch(_ states: [Float], ends: Set<Int> = []) -> TransitionBatch {
    var batch = TransitionBatch(count: states.count, observationSize: 1, actionSize: 1)
    for (row, state) in states.enumerated() {
      batch.observations[row, 0] = state
      batch.actions[row, 0] = 100 + state
      batch.rewards[row] = 7
      batch.nextObservations[row, 0] = state + 1
      batch.continues[row] = ends.contains(row) ? 0 : 1
    }
    return batch
  }

  private static func expand(
    _ batch: TransitionBatch, horizon: Int, end: Float = .infinity, poison: Float = .infinity, discount: Float = 0.5
  ) -> (values: ValueBatch, lost: Int) {
    let expansion = ValueExpansion<KnownRewards<Line>, LineBootstrap>(
      horizon: horizon, in: KnownRewards(Line(poison: poison), EndOfLine(end: end)))
    var values = ValueBatch(count: (horizon + 1) * batch.count, observationSize: 1, actionSize: 1)
    values.observations.fill(.nan)
    values.targets.fill(.nan)
    let lost = expansion.expand(
      batch, bootstrap: LineBootstrap(), discount: discount, using: RandomStream(seed: 1), into: &values)
    return (values, lost)
  }

  /// By hand, from s_0 = 1 with discount 1/2 and two imagined steps: s_1 = 2, a_1 = 1, r_1 = 5; s_2 = 3, a_2 = 1.5,
  /// r_2 = 7.5; V'(s_3) = 40.
  @Test func targetsAreThoseByHand() {
    let (values, lost) = Self.expand(Self.batch([1]), horizon: 2)
    #expect(lost == 0 && values.weights.elements == [1, 1, 1])
    #expect(values.observations.elements == [1, 2, 3] && values.actions.elements == [101, 1, 1.5])
    let last: Float = 7.5 + 0.5 * 40
    let middle: Float = 5 + 0.5 * (0.3 * 3 + last)
    let real: Float = 7 + 0.5 * (0.3 * 2 + middle)
    for (found, expected) in zip(values.targets.elements, [real, middle, last]) {
      #expect(abs(found - expected) < 1e-5)
    }
  }

  /// The closed form for every row, horizon and end, on more rows than a shard has.
  @Test(arguments: [1, 2, 5]) func targetsFollowTheClosedForm(_ horizon: Int) {
    let states = (0..<300).map { Float($0 % 13) }
    let ends = Set(stride(from: 0, to: 300, by: 7))
    let (discount, end) = (Float(0.9), Float(12))
    let (values, lost) = Self.expand(Self.batch(states, ends: ends), horizon: horizon, end: end, discount: discount)
    #expect(lost == 0)
    for (row, start) in states.enumerated() {
      for t in 0...horizon {
        let place = t * states.count + row
        // the real step ended, or an earlier imagined one led to the end
        let isOver = t > 0 && (ends.contains(row) || (t > 1 && start + Float(t) >= end))
        #expect(values.weights[place] == (isOver ? 0 : 1))
        if isOver {
          #expect(values.targets[place] == 0 && values.observations[place, 0] == start)
          continue
        }
        // sum over k of discount^k r, and the bonuses of later steps
        var (total, factor, x) = (Double(0), Double(1), Double(start) + Double(t))
        if t == 0 {
          total = 7
          factor = ends.contains(row) ? 0 : Double(discount)
          x += 1
        }
        for k in max(t, 1)...max(horizon, 1) where factor > 0 {
          if k > t { total += factor * 0.3 * x }
          total += factor * 2.5 * x
          x += 1
          factor = x >= Double(end) ? 0 : factor * Double(discount)
        }
        total += factor * 10 * x
        #expect(abs(Double(values.targets[place]) - total) < 1e-3, "row \(row), step \(t)")
      }
    }
  }

  /// A row that leads to no number is lost as a whole, and leaves nothing behind that is none.
  @Test func rowsThatAreNotFiniteAreDropped() {
    let (values, lost) = Self.expand(Self.batch([0, 5, 6, 3]), horizon: 3, poison: 6)
    // the second steps from 6 first, the last one third; the others do not
    #expect(lost == 2)
    #expect((0..<16).map { values.weights[$0] } == (0..<16).map { $0 % 2 == 0 ? 1 : 0 })
    #expect(
      (values.targets.elements + values.observations.elements + values.actions.elements).allSatisfy { $0.isFinite })
  }

  /// What comes after a predicted end does not matter.
  @Test func numbersAfterTheEndMayBeAnything() {
    let (values, lost) = Self.expand(Self.batch([2]), horizon: 4, end: 4, poison: 5)
    #expect(lost == 0 && values.weights.elements == [1, 1, 0, 0, 0])
    #expect(abs(values.targets[1] - 7.5) < 1e-6)
  }

  /// Without model error and with the true values of a policy at the horizon, targets are the policy's true returns.
  @Test func withoutModelErrorTargetsAreReturns() throws {
    let task = PointMass.short(1000)
    let (horizon, discount) = (6, Float(0.95))
    let expansion = ValueExpansion<KnownRewards<TrueModel<PointMass>>, BrakingBootstrap>(
      horizon: horizon, in: KnownRewards(TrueModel(task), task.objective))
    var (batch, random) = (TransitionBatch(count: 140, observationSize: 4, actionSize: 2), RandomStream(seed: 3))
    var (copy, observation) = (task, [Float](repeating: 0, count: 4))
    for row in 0..<batch.count {
      copy.reset(using: &random, observation: &observation)
      batch.observations.setRow(row, observation)
      let action: [Float] = [random.uniform(-5, 5), random.uniform(-5, 5)]
      batch.actions.setRow(row, action)
      batch.rewards[row] = try copy.step(action, observation: &observation).reward
      batch.nextObservations.setRow(row, observation)
      batch.continues[row] = 1
    }
    var values = ValueBatch(count: (horizon + 1) * batch.count, observationSize: 4, actionSize: 2)
    _ = expansion.expand(batch, bootstrap: BrakingBootstrap(), discount: discount, using: random, into: &values)
    for place in 0..<values.count {
      copy.start(at: SIMD4(values.observations.row(place).map { Double($0) }), observation: &observation)
      var (total, factor) = (0.0, 1.0)
      var action = Array(values.actions.row(place))
      for _ in 0...horizon - place / batch.count {
        total += factor * Double(try copy.step(action, observation: &observation).reward)
        factor *= Double(discount)
        action = BrakingBootstrap.action(observation)
      }
      total += factor * Double(BrakingBootstrap.value(observation))
      #expect(abs(Double(values.targets[place]) - total) < 1e-4 * max(1, abs(total)))
    }
  }

  @Test func nothingIsAllocated() {
    let batch = Self.batch((0..<200).map { Float($0) })
    let expansion = ValueExpansion<KnownRewards<Line>, LineBootstrap>(
      horizon: 3, in: KnownRewards(Line(), EndOfLine()))
    var values = ValueBatch(count: 800, observationSize: 1, actionSize: 1)
    let count = allocations {
      _ = expansion.expand(
        batch, bootstrap: LineBootstrap(), discount: 0.9, using: RandomStream(seed: 1), into: &values)
    }
    #expect(count == 0)
  }

  @Test func threadsDoNotChangeABit() async {
    await #expect(processExitsWith: .success) {
      func course() throws -> OracleState {
        var runner = AgentRunner(ValueExpansionAgentTests.soft(seed: 1, batch: 200), in: PointMass.short(15), seed: 1)
        try runner.collect(20)
        return OracleState(runner.agent)
      }
      let one = try course()
      WorkerPool.configure(threads: 2)
      #expect(try one == course())
    }
  }
}

/// Brakes a point mass; its value is a guess, the same for everyone.
private struct BrakingBootstrap: BootstrapValue {
  final class Workspace {}
  let observationSize = 4
  let actionSize = 2

  static func action(_ x: [Float]) -> [Float] { [-x[0] - x[2], -x[1] - x[3]] }
  static func value(_ x: [Float]) -> Float { -5 * (x[0] * x[0] + x[3] * x[3]) }

  func makeWorkspace() -> Workspace { Workspace() }

  func values(
    count: Int, of observations: UnsafePointer<Float>, using random: inout RandomStream,
    values: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) {
    for row in 0..<count { values[row] = Self.value((0..<4).map { observations[4 * row + $0] }) }
  }

  func act(
    count: Int, on observations: UnsafePointer<Float>, using random: inout RandomStream,
    actions: UnsafeMutablePointer<Float>, bonuses: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) {
    for row in 0..<count {
      let action = Self.action((0..<4).map { observations[4 * row + $0] })
      for i in 0..<2 { actions[2 * row + i] = action[i] }
      bonuses[row] = 0
    }
  }
}

@Suite struct ValueExpansionAgentTests {
  static func settings(
    _ change: (inout ModelBasedValueExpansionSettings) -> Void = { _ in }
  ) -> ModelBasedValueExpansionSettings {
    var settings = ModelBasedValueExpansionSettings()
    settings.replayCapacity = 500
    settings.batchSize = 16
    settings.randomSteps = 10
    settings.fitInterval = 7
    settings.horizon = 2
    change(&settings)
    return settings
  }

  static func agent<Learner: ValueLearner>(
    _ learner: Learner, seed: UInt64, _ settings: ModelBasedValueExpansionSettings
  ) -> ModelBasedValueExpansion<KnownRewards<ProbeModel>, Learner> {
    let task = PointMass.short(15)
    return ModelBasedValueExpansion(
      settings, learner: learner, world: KnownRewards(ProbeModel(), task.objective), spec: task.spec,
      using: RandomStream(seed: seed).child("agent"))
  }

  static func soft(
    seed: UInt64, batch: Int = 16
  ) -> ModelBasedValueExpansion<KnownRewards<ProbeModel>, SoftActorCritic> {
    var learner = SoftActorCriticSettings()
    learner.hidden = [24, 24]
    return agent(
      SoftActorCritic(
        learner, observationSize: 4, low: [-10, -10], high: [10, 10], using: RandomStream(seed: seed).child("learner")),
      seed: seed, settings { $0.batchSize = batch })
  }

  static func deterministic(
    seed: UInt64, _ settings: ModelBasedValueExpansionSettings = settings()
  ) -> ModelBasedValueExpansion<KnownRewards<ProbeModel>, DeterministicActorCritic> {
    var learner = DeterministicActorCriticSettings()
    learner.hidden = [32, 32]
    return agent(
      DeterministicActorCritic(
        learner, observationSize: 4, low: [-10, -10], high: [10, 10], using: RandomStream(seed: seed).child("learner")),
      seed: seed, settings)
  }

  @Test func fitsOnSchedule() throws {
    var runner = AgentRunner(Self.soft(seed: 1), in: PointMass.short(15), seed: 1)
    for step in 1...26 {
      try runner.collect(1)
      let fits = stride(from: 10, through: step, by: 7).map { $0 }
      #expect(runner.agent.world.dynamics.fits == fits)
      #expect(runner.agent.updates == max(0, step - 10))
    }
  }

  @Test(arguments: [0, 11, 30]) func restoredAgentsGoOnAlike(_ steps: Int) throws {
    var original = AgentRunner(Self.soft(seed: 1), in: PointMass.short(15), seed: 1)
    try original.collect(steps)
    var restored = try original.continued(with: Self.soft(seed: 9))
    try original.collect(25)
    try restored.collect(25)
    #expect(original.actions == restored.actions)
    let isSame = OracleState(original.agent) == OracleState(restored.agent)
    #expect(isSame)
  }

  @Test(arguments: [true, false]) func stepsDoNotAllocate(_ tdK: Bool) throws {
    let settings = Self.settings {
      $0.fitInterval = 100_000
      $0.tdK = tdK
    }
    var runner = AgentRunner(Self.deterministic(seed: 1, settings), in: PointMass.short(100_000), seed: 1)
    let allocated = try runner.allocationsInSteps { try allocations(in: $0) }
    #expect(allocated == 0, "\(allocated) heap allocations in 4 steps")
  }

  /// With targets from the true model, 700 real steps bring the mass to rest.
  @Test(arguments: [UInt64(1), 2, 3]) func learnsThePointMassFromFewSteps(_ seed: UInt64) throws {
    let task = PointMass.short(25)
    let settings = Self.settings {
      $0.batchSize = 64
      $0.randomSteps = 100
      $0.updates = 10
      $0.fitInterval = 100
      $0.horizon = 4
    }
    var learner = SoftActorCriticSettings()
    learner.suitPointMass()
    let agent = Self.agent(
      SoftActorCritic(
        learner, observationSize: 4, low: [-10, -10], high: [10, 10], using: RandomStream(seed: seed).child("learner")),
      seed: seed, settings)
    var runner = AgentRunner(agent, in: task, seed: seed)
    try runner.collect(700)
    let cost = try runner.relativeCost().ratio
    #expect(cost < 4, "cost relative to the optimum: \(cost)")
  }
}
