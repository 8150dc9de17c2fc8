import Archive
import Experience
import Interfaces
import Kernels
import Learners

/// TD-MPC2 (Hansen, Su and Wang 2024): plans every action in a learned latent world with learned values at the end, and
/// trains world, values and policy prior on replayed stretches of its own steps.
///
/// The first steps are uniformly random; then come as many updates at once, and afterwards some after each step. Steps
/// are replayed as soon as they are taken (the authors' from the end of their episode on).
public struct TDMPC2Agent {
  private let settings: TDMPC2ScheduleSettings
  private let randomSteps: Int
  private let space: ActionSpace
  /// World, values and policy.
  package private(set) var learner: TDMPC2
  private let planner: LatentPlanner
  private var replay: ReplayBuffer
  private var batch: SequenceBatch
  private var counter = StepCounter()
  private var copies = 1
  /// Of each copy.
  private var (collecting, evaluating): ([Episode], [Episode])
  private var training: RandomStream
  private var (seen, chosen): ([Float], [Float])
  public private(set) var phases = PhaseSeconds()

  /// A planner's warm start and an episode's randomness.
  private struct Episode: Archived {
    var warmStart: Vector
    var random = RandomStream(seed: 0)
    var decisions = 0

    mutating func start(using random: RandomStream) {
      warmStart.fill(0)
      (self.random, decisions) = (random, 0)
    }

    mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
      try fields.field("warm_start", &warmStart)
      try fields.field("random", &random)
      try fields.field("decisions", &decisions)
    }
  }

  /// An agent for an environment of `spec`, with actions in a box.
  public init(
    _ settings: TDMPC2ScheduleSettings, planner: TDMPC2PlannerSettings, learner: TDMPC2, spec: EnvironmentSpec,
    using random: RandomStream
  ) {
    self.settings = settings
    randomSteps = settings.randomSteps ?? max(1000, 5 * min(spec.stepLimit, 1_000_000))
    space = spec.action
    self.learner = learner
    self.planner = LatentPlanner(planner, for: learner)
    replay = ReplayBuffer(
      capacity: settings.replayCapacity, observationSize: spec.observationSize, actionSize: spec.action.size,
      keepsTimes: true)
    batch = SequenceBatch(
      count: settings.batchSize, steps: learner.settings.horizon, observationSize: spec.observationSize,
      actionSize: spec.action.size)
    let fresh = Episode(warmStart: Vector(count: self.planner.warmStartCount))
    (collecting, evaluating) = ([fresh], [fresh])
    training = random.child("training")
    seen = Array(repeating: 0, count: spec.observationSize)
    chosen = Array(repeating: 0, count: spec.action.size)
  }
}

extension TDMPC2Agent: Agent {
  public var metricNames: [String] { TDMPC2.metricNames }

  public func memoryNeeds(after steps: Int) -> [MemoryNeed] {
    [replay.memoryNeed(after: steps, setting: "agent.replay_capacity")]
  }

  public mutating func prepare(copies: Int, for purpose: ActPurpose) {
    switch purpose {
    case .collect:
      collecting = Array(repeating: collecting[0], count: copies)
      self.copies = copies
    case .evaluate: evaluating = Array(repeating: evaluating[0], count: copies)
    }
  }

  public mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    switch purpose {
    case .collect: collecting[copy].start(using: random)
    case .evaluate: evaluating[copy].start(using: random)
    }
  }

  public mutating func act(on steps: inout CopySteps, for purpose: ActPurpose) throws(NumericalFailure) {
    let start = ContinuousClock.now
    for copy in 0..<steps.count where steps.isActive[copy] {
      if purpose == .collect && counter.steps < randomSteps {
        space.draw(&chosen, using: &collecting[copy].random)
      } else {
        for i in seen.indices { seen[i] = steps.observations[copy, i] }
        decide(of: copy, for: purpose)
      }
      steps.actions.setRow(copy, chosen)
    }
    if purpose == .collect { phases.planning += seconds(from: start) }
  }

  /// Leaves the action for what is `seen` in `chosen`.
  private mutating func decide(of copy: Int, for purpose: ActPurpose) {
    func plan(_ episode: inout Episode) {
      let random = episode.random.child("plan").child(episode.decisions)
      episode.decisions += 1
      planner.plan(
        &learner, seen, warmStart: &episode.warmStart, explores: purpose == .collect, using: random, action: &chosen)
    }
    switch purpose {
    case .collect: plan(&collecting[copy])
    case .evaluate: plan(&evaluating[copy])
    }
    learner.scaling.fromUnit(&chosen)
  }

  public mutating func observe(_ steps: CopySteps) {
    for copy in 0..<steps.count {
      replay.append(copy, of: steps)
      counter.add()
    }
  }

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    let new = counter.takeNew()
    guard new.after >= randomSteps else { return }
    let start = ContinuousClock.now
    defer { phases.learning += seconds(from: start) }
    var count = new.beyond(randomSteps).count * settings.updates
    if new.before < randomSteps { count += settings.firstUpdates ?? randomSteps }
    for _ in 0..<count {
      guard replay.sample(&batch, copies: copies, using: &training) else { return }
      try learner.update(on: batch, using: &training, metrics: &metrics)
    }
  }
}

extension TDMPC2Agent: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    var steps = counter.steps
    try fields.field("learner", &learner)
    try fields.field("replay", &replay)
    try fields.field("collecting", copies: &collecting)
    try fields.field("evaluating", &evaluating[0])
    try fields.field("steps", &steps)
    try fields.field("training", &training)
    if fields.isRestoring { counter = StepCounter(steps) }
  }
}
