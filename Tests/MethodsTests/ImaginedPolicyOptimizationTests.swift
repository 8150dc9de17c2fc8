import Archive
import Configuration
import Environments
import Experience
import Interfaces
import Kernels
import Learners
import Methods
import Models
import TestSupport
import Testing

/// A line on which actions are rewards, in each of whose hypotheses with a sign of its own; the first is what it imagines.
private struct SignedLine: LearnedDynamics {
  static let metricNames: [String] = []
  var signs: [Float]
  var isFitted: Bool { true }
  var stateSize: Int { 1 }
  var actionSize: Int { 1 }
  var preferredRows: Int { 7 }
  var predictsRewards: Bool { true }
  var members: [SignedLine] { signs.map { SignedLine(signs: [$0]) } }

  func makeRollout(capacity: Int, keeping steps: Int) -> Walk { Walk(sign: signs[0], capacity: capacity) }

  final class Walk: ModelRollout {
    private let sign: Float
    private var position: Vector
    private var rewards: Vector
    private(set) var count = 0
    private(set) var steps = 0

    init(sign: Float, capacity: Int) {
      self.sign = sign
      position = Vector(count: capacity)
      rewards = Vector(count: capacity)
    }

    var states: UnsafePointer<Float> { position.pointer }
    var predictedRewards: UnsafePointer<Float>? { rewards.pointer }

    func reset(_ starts: RolloutStarts, using random: RandomStream) {
      (count, steps) = (starts.count, 0)
      position.mutablePointer.update(from: starts.states, count: count)
    }

    func advance(_ actions: UnsafePointer<Float>) {
      steps += 1
      for row in 0..<count {
        rewards[row] = sign * actions[row]
        position[row] += 1
      }
    }
  }

  mutating func fit(to data: some TransitionSource, using random: inout RandomStream, metrics: inout MetricRow) {}
  func save(to writer: inout StateWriter) {}
  mutating func restore(from reader: StateReader) {}
}

@Suite struct ImaginedPolicyOptimizationTests {
  private static let lineSpec = EnvironmentSpec(
    observationSize: 1, action: .box(low: [-1], high: [1]), timeStep: 1, stepLimit: 1000)

  private static func learner(
    _ spec: EnvironmentSpec, seed: UInt64 = 1, hidden: [Int] = [8]
  ) -> TrustRegionPolicyOptimization {
    var settings = TrustRegionPolicyOptimizationSettings()
    settings.policy.hidden = hidden
    settings.discount = 0.9
    settings.natural.maxDivergence = 0.02
    return TrustRegionPolicyOptimization(settings, spec: spec, using: RandomStream(seed: seed).child("learner"))
  }

  private static func settings(
    _ change: (inout ImaginedPolicyOptimizationSettings) -> Void = { _ in }
  ) -> ImaginedPolicyOptimizationSettings {
    var settings = ImaginedPolicyOptimizationSettings()
    (settings.steps, settings.horizon, settings.imaginedSteps) = (5, 4, 200)
    (settings.updates, settings.validationInterval, settings.validationRollouts) = (12, 3, 20)
    change(&settings)
    return settings
  }

  /// In the task itself trajectories are the task's, with its rewards, and so are their returns.
  @Test func inTheTrueWorldImaginedReturnsAreReal() throws {
    var task = PointMass.short(1000)
    let world = TrueWorld(KnownRewards(TrueModel(task), task.objective))
    let imagined = ImaginedSegments(in: world, space: task.spec.action)
    var (starts, random) = (RolloutStates(count: 300, observationSize: 4, actionSize: 2), RandomStream(seed: 3))
    for row in 0..<starts.count {
      for column in 0..<4 { starts.states[row, column] = random.uniform(-1, 1) }
    }
    let steps = 6
    imagined.run(
      from: starts, steps: steps, policy: Self.learner(task.spec).policy, using: RandomStream(seed: 4))
    var segment = RolloutSegment(copies: 1, observationSize: 4, actionSize: 2, capacity: 16)
    imagined.append(to: &segment)
    #expect(segment.rows == 300 * steps && imagined.stepCount == segment.rows && imagined.nonFinite == 0)
    #expect(segment.truncatedRows == (0..<300).map { steps * $0 + steps - 1 })
    var (next, total, worst) = ([Float](repeating: 0, count: 4), 0.0, Float(0))
    let bounds = task.spec.action.bounds
    for row in 0..<segment.rows {
      let shown = Array(segment.observations.row(row))
      if row.isMultiple(of: steps) {
        #expect(shown == Array(starts.states.row(row / steps)))
        task.start(at: SIMD4(shown.map { Double($0) }), observation: &next)
      } else {
        for (a, b) in zip(shown, next) { worst = max(worst, abs(a - b)) }
      }
      let action = segment.actions.row(row).enumerated().map { min(max($1, bounds.low[$0]), bounds.high[$0]) }
      let outcome = try task.step(action, observation: &next)
      total += Double(outcome.reward)
      #expect(abs(outcome.reward - segment.rewards[row]) < 1e-4 * max(1, abs(outcome.reward)))
      if row % steps == steps - 1 {
        for (a, b) in zip(segment.truncated.row(row / steps), next) { worst = max(worst, abs(a - b)) }
      }
    }
    #expect(worst < 1e-4 && abs(imagined.meanReturn - total / 300) < 1e-4 * abs(total / 300))
  }

  /// Trajectories end with the step that terminates them, and before one that is not finite.
  @Test func trajectoriesEndWhereTheWorldSaysSo() throws {
    var starts = RolloutStates(count: 20, observationSize: 1, actionSize: 1)
    for row in 0..<20 { starts.states[row, 0] = Float(row % 5) }
    let world = KnownRewards(Line(poison: 2, rows: 3), EndOfLine(end: 6))
    let imagined = ImaginedSegments(in: world, space: Self.lineSpec.action)
    imagined.run(from: starts, steps: 10, policy: Self.learner(Self.lineSpec).policy, using: RandomStream(seed: 1))
    // from 0: steps to 1 and 2, then poison; from 1 one step, from 2 none; from 3 and 4 to 6
    #expect(imagined.stepCount == 4 * (2 + 1 + 0 + 3 + 2) && imagined.nonFinite == 12)
    #expect(imagined.meanReturn == -.infinity)
    var segment = RolloutSegment(copies: 1, observationSize: 1, actionSize: 1, capacity: 4)
    imagined.append(to: &segment)
    let endings: [Ending] = [.none, .truncated, .truncated, .none, .none, .terminated, .none, .terminated]
    #expect(Array(segment.endings[..<8]) == endings)
    #expect(segment.truncated[0, 0] == 2 && segment.truncated[1, 0] == 2)
  }

  /// Updates end with the first validation at which too few members agree.
  @Test(arguments: [
    ([Float(1), -1], Float(0.7), 1, 3), ([1, -1], 0.7, 3, 9), ([1, -1], 0.5, 1, 12), ([1, 1, -1], 0.7, 1, 3),
    ([1, 1, 1, -1], 0.7, 1, 12), ([1], 0.7, 1, 12),
  ]) func updatesEndWhereMembersDisagree(_ signs: [Float], _ agreement: Float, _ patience: Int, _ expected: Int) throws
  {
    let settings = Self.settings {
      ($0.agreement, $0.patience) = (agreement, patience)
    }
    var agent = ImaginedPolicyOptimization(
      settings, learner: Self.learner(Self.lineSpec), world: KnownRewards(SignedLine(signs: signs), EndOfLine()),
      spec: Self.lineSpec, using: RandomStream(seed: 1))
    var metrics = MetricRow(names: agent.metricNames)
    for step in 1...5 {
      agent.observe([0], [0], StepOutcome(reward: 0, ending: .none), next: [1])
      try agent.improve(metrics: &metrics)
      #expect(metrics.isEmpty == (step < 5))
    }
    #expect(metrics.mean(of: "policy_updates") == Double(expected))
    let share = Double(signs.count { $0 == 1 }) / Double(signs.count)
    #expect(abs((metrics.mean(of: "agreement") ?? 0) - share) < 1e-6)
  }

  private static let task = PointMass.short(25)

  private static func agent(
    _ seed: UInt64, shuffled: Bool = false
  ) -> ImaginedPolicyOptimization<KnownRewards<ProbabilisticEnsemble>, TrustRegionPolicyOptimization> {
    var model = EnsembleSettings()
    (model.members, model.hidden, model.weightDecay) = (3, [32], [1e-6])
    (model.epochs, model.learningRate, model.holdout) = (40, 3e-3, 0)
    (model.deterministic, model.shuffled) = (true, shuffled)
    let settings = Self.settings {
      ($0.steps, $0.horizon, $0.imaginedSteps) = (100, 25, 2500)
      ($0.updates, $0.validationInterval, $0.starts) = (40, 5, .visited)
    }
    let ensemble = ProbabilisticEnsemble(
      model, stateSize: 4, actionSize: 2, using: RandomStream(seed: seed).child("model"))
    return ImaginedPolicyOptimization(
      settings, learner: learner(task.spec, seed: seed, hidden: [16]), world: KnownRewards(ensemble, task.objective),
      spec: task.spec, using: RandomStream(seed: seed).child("agent"))
  }

  /// After the same few real steps the agent is far ahead of the learner inside it, and with permuted weights of the
  /// model it is not; medians of three seeds.
  @Test func isAheadOfItsLearner() throws {
    func cost<Player: Agent>(_ make: (UInt64) -> Player) throws -> Double {
      try (UInt64(1)...3).map { seed in
        var runner = AgentRunner(make(seed), in: Self.task, seed: seed)
        try runner.collect(300)
        return try runner.relativeCost(episodes: 8).ratio
      }.sorted()[1]
    }
    let learned = try cost { Self.agent($0) }
    let shuffled = try cost { Self.agent($0, shuffled: true) }
    let alone = try cost { seed in
      LearnerAlone(Self.learner(Self.task.spec, seed: seed, hidden: [16]), Self.task.spec, every: 100)
    }
    #expect(learned < alone / 1.5, "cost \(learned) with a model, \(alone) without")
    #expect(shuffled > 1.5 * learned, "cost \(learned) with a model, \(shuffled) with permuted weights")
  }

  /// An agent made anew and restored goes on alike.
  @Test(arguments: [0, 60, 130]) func restoredAgentsGoOnAlike(_ steps: Int) throws {
    var original = AgentRunner(Self.agent(1), in: Self.task, seed: 1)
    try original.collect(steps)
    var restored = try original.continued(with: Self.agent(9))
    try original.collect(110)
    try restored.collect(110)
    #expect(original.actions == restored.actions)
    let isSame = OracleState(original.agent) == OracleState(restored.agent)
    #expect(isSame)
  }
}

/// A learner on real segments of `interval` steps.
private struct LearnerAlone: Agent {
  private var learner: TrustRegionPolicyOptimization
  private var segment: RolloutSegment
  private let interval: Int
  private var streams = [RandomStream(seed: 0)]
  private var training = RandomStream(seed: 7)
  private var raw: Vector
  let metricNames: [String] = TrustRegionPolicyOptimization.metricNames
  var phases: PhaseSeconds { PhaseSeconds() }

  init(_ learner: TrustRegionPolicyOptimization, _ spec: EnvironmentSpec, every interval: Int) {
    self.learner = learner
    self.interval = interval
    segment = RolloutSegment(
      copies: 1, observationSize: spec.observationSize, actionSize: spec.action.size, capacity: interval)
    raw = Vector(count: spec.action.size)
  }

  mutating func prepare(copies: Int, for purpose: ActPurpose) {}
  mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    if purpose == .collect { streams[0] = random }
  }

  mutating func act(on steps: inout CopySteps, for purpose: ActPurpose) {
    let policy = learner.policy
    if purpose == .collect {
      policy.sample(
        count: 1, on: steps.observations.pointer, using: &streams, raw: raw.mutablePointer,
        actions: steps.actions.mutablePointer, policy.makeWorkspace())
    } else {
      policy.act(
        count: 1, on: steps.observations.pointer, explore: false, using: &training,
        actions: steps.actions.mutablePointer, policy.makeWorkspace())
    }
  }

  mutating func observe(_ steps: CopySteps) {
    steps.endings.withUnsafeBufferPointer { endings in
      guard let endings = endings.baseAddress else { return }
      segment.append(
        observations: steps.observations.pointer, actions: raw.pointer, rewards: steps.rewards.pointer,
        endings: endings, next: steps.next.pointer)
    }
  }

  mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    guard segment.steps >= interval else { return }
    try learner.update(on: segment, steps: 0, using: &training, metrics: &metrics)
    segment.clear()
  }

  func save(to writer: inout StateWriter) {}
  mutating func restore(from reader: StateReader) {}
}
