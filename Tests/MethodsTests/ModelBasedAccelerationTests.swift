import Methods
import Archive
import Environments
import Experience
import Interfaces
import Kernels
import Learners
import Models
import TestSupport
import Testing

@Suite struct ModelBasedAccelerationTests {
  private static let task = PointMass.short(15)
  private typealias Probed = ModelBasedAcceleration<ProbeLearner, KnownRewards<TimeVaryingLinearModel>>

  private static func probe(
    _ change: (inout ImaginationSettings) -> Void = { _ in }
  ) -> Probed {
    var (settings, imagining, linear) = (OffPolicySettings(), ImaginationSettings(), TimeVaryingLinearSettings())
    settings.replayCapacity = 500
    settings.batchSize = 16
    settings.randomSteps = 150
    imagining.length = 4
    imagining.rollouts = 6
    imagining.interval = 5
    imagining.updates = 3
    imagining.firstFit = 8
    imagining.margin = 1000
    change(&imagining)
    linear.episodes = 10
    linear.ridge = 1e-10
    linear.noise = false
    return ModelBasedAcceleration(
      settings, imagining, learner: ProbeLearner(),
      world: KnownRewards(TimeVaryingLinearModel(linear, stateSize: 4, actionSize: 2), task.objective), spec: task.spec,
      using: RandomStream(seed: 2))
  }

  /// The point mass is linear: what is imagined is what the task itself would have done, and scored as there.
  @Test func exactModelImaginesTheTrueTask() throws {
    var runner = AgentRunner(Self.probe(), in: Self.task, seed: 1)
    try runner.collect(200)
    let (before, after) = (
      runner.agent.imagined.contents.observations.elements.map(Double.init),
      runner.agent.imagined.contents.nextObservations.elements.map(Double.init)
    )
    let (actions, rewards) = (
      runner.agent.imagined.contents.actions.elements.map(Double.init),
      runner.agent.imagined.contents.rewards.elements.map(Double.init)
    )
    let count = rewards.count
    #expect(count > 150)
    #expect(actions.allSatisfy { $0 == 7 })  // as the learner explores
    #expect(runner.agent.imagined.contents.continues.elements.map(Double.init).allSatisfy { $0 == 1 })
    var worst = 0.0
    for row in 0..<count {
      let x = (0..<4).map { before[4 * row + $0] }
      let (push, impulse) = (0.035, 0.7)
      let expected: [Double] = [
        x[0] + 0.1 * x[2] + push, x[1] + 0.1 * x[3] + push, x[2] + impulse, x[3] + impulse,
      ]
      for i in 0..<4 { worst = max(worst, abs(after[4 * row + i] - expected[i])) }
      let (distance, speed) = (x[0] * x[0] + x[1] * x[1], x[2] * x[2] + x[3] * x[3])
      let cost = distance + 0.1 * speed + 0.1 * 2 * 49
      #expect(abs(rewards[row] + cost) < 1e-4 * cost)
    }
    #expect(worst < 2e-3, "\(worst)")
  }

  /// Imagined starts are real states, and each start's next step goes on from the last.
  @Test func rolloutsBranchFromTheNewestEpisodes() throws {
    var runner = AgentRunner(Self.probe { $0.interval = 1000 }, in: Self.task, seed: 1)
    try runner.collect(199)
    #expect(runner.agent.imagined.count == 0)
    runner = AgentRunner(Self.probe { $0.interval = 200 }, in: Self.task, seed: 1)
    try runner.collect(200)
    let imagined = runner.agent.imagined.contents.observations.elements.map(Double.init)
    let real = runner.agent.replay.contents.observations.elements.map(Double.init)
    let rows = stride(from: 0, to: real.count, by: 4).map { Array(real[$0..<$0 + 4]) }
    for start in 0..<6 {
      let x = Array(imagined[4 * start..<4 * start + 4])
      let place = try #require(rows.firstIndex(of: x), "start \(start) is no real state")
      // 200 steps are 13 episodes of 15 and 5 steps of one that the model was not fitted to; the ten before it count
      #expect(place >= 3 * 15 && place < 13 * 15)
    }
  }

  /// One update on real transitions for each step, three on imagined ones until imagination ends.
  @Test func updatesOnSchedule() throws {
    var runner = AgentRunner(Self.probe { $0.end = 180 }, in: Self.task, seed: 1)
    for step in 1...220 {
      try runner.collect(1)
      // the first round is at step 155 and gives 24 transitions, enough for a batch
      let expected = max(0, step - 150) + (step < 155 ? 0 : 3 * (min(step, 180) - 154))
      #expect(runner.agent.learner.updates == expected, "after \(step) steps")
    }
  }

  /// States far from all real ones are not believed.
  @Test func rolloutsAreGivenUpOutsideTheData() throws {
    var runner = AgentRunner(Self.probe { $0.margin = 0 }, in: Self.task, seed: 1)
    try runner.collect(400)
    let (imagined, real) = (
      runner.agent.imagined.contents.nextObservations.elements.map(Double.init),
      runner.agent.replay.contents.observations.elements.map(Double.init)
        + runner.agent.replay.contents.nextObservations.elements.map(Double.init)
    )
    #expect(!imagined.isEmpty)
    for i in 0..<4 {
      let seen = stride(from: i, to: real.count, by: 4).map { real[$0] }
      let (low, high) = (seen.min() ?? 0, seen.max() ?? 0)
      #expect(stride(from: i, to: imagined.count, by: 4).allSatisfy { imagined[$0] >= low && imagined[$0] <= high })
    }
    #expect((runner.metrics.mean(of: "abandoned_share") ?? 0) > 0)
  }

  /// An observation that never varies, which a model need not predict to the last bit, does not end rollouts.
  @Test func observationsThatNeverVaryAreNoLimit() throws {
    let task = WithConstant(base: Self.task)
    var (settings, imagining, ensemble) = (OffPolicySettings(), ImaginationSettings(), EnsembleSettings())
    (settings.replayCapacity, settings.batchSize, settings.randomSteps) = (500, 16, 150)
    (imagining.rollouts, imagining.length, imagining.firstFit, imagining.margin) = (6, 2, 8, 0.5)
    (ensemble.members, ensemble.hidden, ensemble.weightDecay, ensemble.epochs) = (2, [16], [1e-5], 20)
    var learning = NormalizedAdvantageFunctionSettings()
    learning.hidden = [8]
    let (low, high) = task.spec.action.bounds
    let agent = ModelBasedAcceleration(
      settings, imagining,
      learner: NormalizedAdvantageFunction(
        learning, observationSize: 5, low: low, high: high, using: RandomStream(seed: 3)),
      world: KnownRewards(
        ProbabilisticEnsemble(ensemble, stateSize: 5, actionSize: 2, using: RandomStream(seed: 4)),
        WithConstant.Known(base: Self.task)),
      spec: task.spec, using: RandomStream(seed: 2))
    var runner = AgentRunner(agent, in: task, seed: 1)
    try runner.collect(300)
    let imagined = runner.agent.imagined.contents.nextObservations.elements.map(Double.init)
    let constants = stride(from: 4, to: imagined.count, by: 5).map { imagined[$0] }
    #expect(constants.count > 50 && constants.allSatisfy { abs($0 - 0.3) < 1e-3 })
    #expect((runner.metrics.mean(of: "abandoned_share") ?? 1) < 0.5)
  }

  /// A saved agent goes on bit for bit, in the middle of an episode and of imagination.
  @Test func continuesExactly() throws {
    var original = AgentRunner(Self.probe(), in: Self.task, seed: 1)
    try original.collect(172)
    var restored = try original.continued(with: Self.probe())
    try original.collect(60)
    try restored.collect(60)
    #expect(original.actions == restored.actions)
    #expect(OracleState(original.agent) == OracleState(restored.agent))
  }
}

/// A point mass whose observations end with a constant.
private struct WithConstant: Environment {
  var base: PointMass
  private var seen = [Float](repeating: 0, count: 4)

  init(base: PointMass) { self.base = base }

  var spec: EnvironmentSpec {
    EnvironmentSpec(
      observationSize: 5, action: base.spec.action, timeStep: base.spec.timeStep, stepLimit: base.spec.stepLimit)
  }

  mutating func reset(using random: inout RandomStream, observation: inout [Float]) throws {
    base.reset(using: &random, observation: &seen)
    observation = seen + [0.3]
  }

  mutating func step(_ action: [Float], observation: inout [Float]) throws -> StepOutcome {
    let outcome = try base.step(action, observation: &seen)
    observation = seen + [0.3]
    return outcome
  }

  func save(to writer: inout StateWriter) { writer.write("base", base) }
  mutating func restore(from reader: StateReader) throws(ArchiveError) { try reader.read("base", into: &base) }

  /// The point mass's own objective, on the other components.
  struct Known: Objective {
    let base: PointMass

    func evaluate(
      count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
      rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
    ) {
      for row in 0..<count {
        base.objective.evaluate(
          count: 1, states: states + 5 * row, actions: actions + 2 * row, next: next + 5 * row, rewards: rewards + row,
          terminated: terminated + row)
      }
    }
  }
}
