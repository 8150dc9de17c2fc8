import Archive
import Experience
import Imagining
import Interfaces
import Kernels

/// An off-policy learner that is also trained on imagined experience: model-based acceleration (Gu, Lillicrap, Sutskever and
/// Levine 2016, algorithm 2, without its optional iLQG exploration).
///
/// The model is fitted anew at ends of episodes. Every so many real steps, short rollouts of the current policy start from
/// states on real trajectories (with local models: from the trajectories these were fitted to) and go into a replay of their
/// own. Each real step is followed by updates on real and by updates on imagined transitions. Imagination ends after a given
/// number of steps: what speeds up learning at first limits it later.
public struct ModelBasedAcceleration<Learner: OffPolicyLearner, World: LearnedWorld>: Agent {
  private let settings: OffPolicySettings
  private let imagining: ImaginationSettings
  private let space: ActionSpace
  package private(set) var learner: Learner
  private var world: World
  private var rollouts: BranchedRollouts<World, Learner.Acting>?
  package private(set) var imagined: ReplayBuffer
  private var points: RolloutStates
  private var range: ObservedRange
  /// Numbers of the transitions that the world was fitted to and that its predictions hold near, as the replay counts them.
  private var fitted = 0..<0
  package private(set) var replay: ReplayBuffer
  private var batch: TransitionBatch
  private var counter = StepCounter()
  private var (episodes, unfitted) = (0, 0)
  /// Of each copy.
  private var exploration = [RandomStream(seed: 0)]
  private var training: RandomStream
  private var modelRandom: RandomStream
  public private(set) var phases = PhaseSeconds()

  public var metricNames: [String] { Learner.metricNames + World.metricNames + ["abandoned_share"] }

  /// An agent around `learner` in an environment of `spec`, with `world` to imagine in. `returnSteps` of the settings must
  /// be 1.
  public init(
    _ settings: OffPolicySettings, _ imagining: ImaginationSettings, learner: Learner, world: World,
    spec: EnvironmentSpec, using random: RandomStream
  ) {
    precondition(settings.returnSteps == 1, "imagined steps join no returns")
    self.settings = settings
    self.imagining = imagining
    self.learner = learner
    self.world = world
    space = spec.action
    let (size, actionSize) = (spec.observationSize, spec.action.size)
    imagined = ReplayBuffer(capacity: imagining.capacity, observationSize: size, actionSize: actionSize)
    points = RolloutStates(
      count: imagining.rollouts, observationSize: size, actionSize: actionSize, keepsTimes: world.isTimed)
    range = ObservedRange(size: size)
    replay = ReplayBuffer(
      capacity: settings.replayCapacity, observationSize: size, actionSize: actionSize, keepsTimes: world.isTimed,
      image: spec.imageShape)
    batch = TransitionBatch(count: settings.batchSize, observationSize: size, actionSize: actionSize)
    training = random.child("training")
    modelRandom = random.child("imagination")
  }

  public func memoryNeeds(after steps: Int) -> [MemoryNeed] {
    [replay.memoryNeed(after: steps, setting: "agent.replay_capacity")]
  }

  public var valueDiscount: Float? { learner.discount }

  public func predictedValue(of observation: [Float]) -> Float? { learner.predictedValue(of: observation) }

  public mutating func prepare(copies: Int, for purpose: ActPurpose) {
    guard purpose == .collect else { return }
    learner.prepare(copies: copies)
    exploration = Array(repeating: exploration[0], count: copies)
  }

  public mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    guard purpose == .collect else { return }
    exploration[copy] = random
    learner.startEpisode(of: copy)
  }

  public mutating func act(on steps: inout CopySteps, for purpose: ActPurpose) throws(NumericalFailure) {
    if purpose == .collect && counter.steps < settings.randomSteps {
      space.draw(&steps.actions, using: &exploration)
    } else {
      learner.act(on: &steps, explore: purpose == .collect, using: &exploration)
    }
  }

  public mutating func observe(_ steps: CopySteps) {
    for copy in 0..<steps.count {
      replay.append(copy, of: steps)
      range.include(steps.observations.row(copy))
      range.include(steps.next.row(copy))
      counter.add()
      if steps.endings[copy] != .none {
        episodes += 1
        unfitted += 1
      }
    }
  }

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    let new = counter.takeNew()
    let imagines = new.after <= imagining.end ?? .max
    if imagines { try fit(metrics: &metrics) }
    let learned = new.beyond(settings.randomSteps)
    guard learned.count > 0 else { return }
    if imagines, let rollouts {
      for _ in 0..<learned.multiples(of: imagining.interval) { imagine(with: rollouts, metrics: &metrics) }
    }
    let start = ContinuousClock.now
    defer { phases.learning += seconds(from: start) }
    for _ in 0..<learned.multiples(of: settings.trainInterval) * settings.updates {
      replay.sample(into: &batch, using: &training)
      try learner.update(on: batch, using: &training, metrics: &metrics)
    }
    guard imagines && imagined.count >= settings.batchSize else { return }
    for _ in 0..<learned.count * imagining.updates {
      imagined.sample(into: &batch, using: &training)
      try learner.update(on: batch, using: &training, metrics: &metrics)
    }
  }

  /// Fits the model if it is time to.
  private mutating func fit(metrics: inout MetricRow) throws(NumericalFailure) {
    let isDue =
      world.needsData
      ? episodes >= imagining.firstFit && unfitted >= (rollouts == nil ? 1 : imagining.fitInterval) : rollouts == nil
    guard isDue else { return }
    rollouts = nil
    let clock = FittingClock()
    try world.fit(to: replay, using: &modelRandom, metrics: &metrics)
    phases.fitting += clock.stop()
    unfitted = 0
    let oldest = replay.appended - replay.count
    fitted = oldest + (world.localEpisodes.map { replay.firstIndex(ofLast: $0) } ?? 0)..<replay.appended
    makeRollouts()
  }

  private mutating func makeRollouts() { rollouts = BranchedRollouts(in: world, space: space) }

  /// One round of rollouts. Local models are followed from the trajectories they were fitted to, others from all.
  private mutating func imagine(
    with rollouts: BranchedRollouts<World, Learner.Acting>, metrics: inout MetricRow
  ) {
    let start = ContinuousClock.now
    defer { phases.planning += seconds(from: start) }
    let numbers = world.localEpisodes == nil ? 0..<replay.appended : fitted
    // with a small replay all of them may have been overwritten since
    guard numbers.upperBound > replay.appended - replay.count else { return }
    replay.sample(into: &points, from: numbers, using: &modelRandom)
    let summary = rollouts.run(
      from: points, steps: imagining.length, actions: imagining.explore ? .policy : .mode, policy: learner.policy,
      within: range.bounds(margin: imagining.margin), using: RandomStream(seed: modelRandom.next()), into: &imagined)
    let abandoned = summary.nonFinite + summary.outside
    let steps = summary.transitions + abandoned
    metrics.record("abandoned_share", steps > 0 ? Float(abandoned) / Float(steps) : 0)
  }
}

extension ModelBasedAcceleration: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("learner", &learner)
    if fields.isRestoring { rollouts = nil }
    try fields.field("model", &world)
    try fields.field("imagined", &imagined)
    try fields.field("range", &range)
    try fields.field("replay", &replay)
    var counters = [counter.steps, episodes, unfitted, fitted.lowerBound, fitted.upperBound]
    try fields.field("counters", &counters)
    guard counters[3] <= counters[4], counters[4] <= replay.appended else {
      throw .mismatch(name: "counters", expected: "a range of \(replay.appended) steps", found: "\(counters)")
    }
    counter = StepCounter(counters[0])
    (episodes, unfitted, fitted) = (counters[1], counters[2], counters[3]..<counters[4])
    var hasRollouts = rollouts != nil
    try fields.field("has_rollouts", &hasRollouts)
    try fields.field("exploration", copies: &exploration)
    try fields.field("training", &training)
    try fields.field("imagination", &modelRandom)
    if fields.isRestoring, hasRollouts { makeRollouts() }
  }
}

extension ModelBasedAcceleration: ModelLearning {
  public var learnedModel: (any PredictiveModel)? { world.isFitted ? world.predictiveModel : nil }
}
