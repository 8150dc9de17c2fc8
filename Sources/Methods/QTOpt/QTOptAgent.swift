import Archive
import Experience
import Interfaces
import Kernels
import Learners

/// QT-Opt (Kalashnikov et al. 2018, section 4.3 and figure 2) on one machine, its processes simulated one after another at
/// the rates that were set:
///
/// - collectors act by a critic that they get every `collectorInterval` training steps, and fill online replay;
/// - log replay holds what online replay has let go of, and the episodes of files in `logFolder`;
/// - Bellman updaters draw transitions from both and label them with a target critic that they get every
///   `updaterInterval` training steps, and fill the train buffer;
/// - training workers regress the critic on batches of the train buffer.
///
/// Each step of an environment is followed by `labelsPerStep` labels, and each label by `updatesPerLabel` training steps.
public struct QTOptAgent: Agent {
  private let settings: QTOptSettings
  private let space: ActionSpace
  /// What the training workers train.
  package private(set) var learner: MaximizedQLearning
  /// The policy that collectors have.
  package private(set) var collectors: MaximizedPolicy
  /// The values that Bellman updaters label with.
  package private(set) var updaters: MaximizedBootstrap
  private let labeler: BellmanUpdaters
  private let acting: MaximizedWorkspace
  /// Log and online replay.
  package private(set) var replay: TwofoldReplay
  /// Labelled transitions to train on.
  package private(set) var labels: LabelBuffer
  private var counter = StepCounter()
  /// Training steps so far.
  package private(set) var updates = 0
  /// Labels that are due.
  private var due = 0
  private var random: RandomStream
  /// Of each copy.
  private var exploration = [RandomStream(seed: 0)]
  private var fresh: TransitionBatch
  private var targets: Vector
  private var batch: ValueBatch
  public private(set) var phases = PhaseSeconds()

  /// An agent around `learner` in an environment of `spec`, whose actions are continuous.
  public init(_ settings: QTOptSettings, learner: MaximizedQLearning, spec: EnvironmentSpec, using random: RandomStream)
  {
    self.settings = settings
    self.learner = learner
    self.random = random.child("training")
    space = spec.action
    let (observationSize, actionSize) = (spec.observationSize, spec.action.size)
    collectors = learner.policy
    updaters = learner.bootstrap
    labeler = BellmanUpdaters(for: learner)
    acting = collectors.makeWorkspace()
    replay = TwofoldReplay(settings, observationSize: observationSize, actionSize: actionSize)
    labels = LabelBuffer(
      capacity: settings.trainCapacity, observationSize: observationSize, actionSize: actionSize)
    fresh = TransitionBatch(
      count: settings.labelBatch, observationSize: observationSize, actionSize: actionSize)
    targets = Vector(count: settings.labelBatch)
    batch = ValueBatch(count: settings.batchSize, observationSize: observationSize, actionSize: actionSize)
  }

  /// Those of its three buffers, in bytes: online and log replay, and labelled transitions.
  public func memoryNeeds(after steps: Int) -> [MemoryNeed] {
    [
      replay.online.memoryNeed(after: steps, setting: "agent.online_capacity"),
      replay.log.memoryNeed(after: steps, setting: "agent.log_capacity"),
      labels.memoryNeed(setting: "agent.train_capacity"),
    ]
  }

  private static let flows = [
    "online_count", "log_count", "train_count", "online_age", "log_age", "label_age", "labels_per_step",
    "updates_per_label", "log_files", "refused_files",
  ]

  /// Besides the critic's: transitions in each buffer; the mean age of transitions when they are labelled, in transitions
  /// that came after them, and of labels when they are trained on, in training steps; labels for each environment step
  /// and training steps for each label so far; episode files taken in, and those that could not be read.
  public var metricNames: [String] { MaximizedQLearning.metricNames + Self.flows }

  public var valueDiscount: Float? { learner.discount }

  /// The discounted return that the critic predicts of the best action that the search finds at `observation` [D].
  public func predictedValue(of observation: [Float]) -> Float? { learner.predictedValue(of: observation) }

  /// Gives each copy exploration of its own, when they are to collect.
  public mutating func prepare(copies: Int, for purpose: ActPurpose) {
    guard purpose == .collect else { return }
    exploration = Array(repeating: exploration[0], count: copies)
  }

  public mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    if purpose == .collect { exploration[copy] = random }
  }

  public mutating func act(on steps: inout CopySteps, for purpose: ActPurpose) throws(NumericalFailure) {
    guard purpose == .collect else { return learner.act(on: &steps, explore: false, using: &exploration) }
    guard counter.steps >= settings.randomSteps else { return space.draw(&steps.actions, using: &exploration) }
    let actions = steps.actions.mutablePointer
    let (width, size) = (steps.observations.columns, steps.actions.columns)
    for copy in 0..<steps.count {
      collectors.act(
        on: steps.observations.pointer + copy * width, explore: true, using: &exploration[copy],
        action: actions + copy * size, acting)
    }
  }

  public mutating func observe(_ round: CopySteps) {
    replay.append(round)
    for _ in 0..<round.count { counter.add() }
  }

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    let span = counter.takeNew()
    replay.lookForFiles(span)
    let rounds = span.beyond(settings.randomSteps).count
    guard rounds > 0 else { return }
    let start = ContinuousClock.now
    defer { phases.learning += seconds(from: start) }
    for _ in 0..<rounds {
      label(settings.labelsPerStep, &metrics)
      while Double(updates) < (Double(labels.appended) * settings.updatesPerLabel).rounded(.down) {
        try train(&metrics)
      }
    }
    record(&metrics)
  }

  /// The Bellman updaters' part: `count` labels, in whole batches as they become due.
  private mutating func label(_ count: Int, _ metrics: inout MetricRow) {
    due += count
    while due >= settings.labelBatch {
      due -= settings.labelBatch
      let ages = replay.draw(into: &fresh, using: &random)
      if let age = ages.online { metrics.record("online_age", age) }
      if let age = ages.log { metrics.record("log_age", age) }
      let root = RandomStream(seed: random.next())
      labeler.label(fresh, by: updaters, discount: learner.discount, using: root, into: &targets)
      labels.append(fresh, labels: targets, stamp: updates)
    }
  }

  /// The training workers' part, then what the others get of it.
  private mutating func train(_ metrics: inout MetricRow) throws(NumericalFailure) {
    metrics.record("label_age", labels.sample(into: &batch, now: updates, using: &random))
    try learner.fitValues(to: batch, metrics: &metrics)
    updates += 1
    if updates % settings.updaterInterval == 0 { updaters.refresh(from: learner) }
    if updates % settings.collectorInterval == 0 { collectors.refresh(from: learner) }
  }

  private func record(_ metrics: inout MetricRow) {
    metrics.record("online_count", Float(replay.online.count))
    metrics.record("log_count", Float(replay.log.count))
    metrics.record("train_count", Float(labels.count))
    let learned = counter.steps - settings.randomSteps
    metrics.record("labels_per_step", Float(labels.appended) / Float(max(learned, 1)))
    if labels.appended > 0 { metrics.record("updates_per_label", Float(updates) / Float(labels.appended)) }
    if let folder = replay.folder {
      metrics.record("log_files", Float(folder.episodes))
      metrics.record("refused_files", Float(folder.refused))
    }
  }
}

extension QTOptAgent: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("learner", &learner)
    try fields.field("collectors", &collectors)
    try fields.field("updaters", &updaters)
    try fields.field("replay", &replay)
    try fields.field("labels", &labels)
    try fields.field("steps", &counter)
    try fields.field("updates", &updates)
    try fields.field("due", &due, in: Int.min...Int.max)
    try fields.field("random", &random)
    try fields.field("exploration", copies: &exploration)
  }
}
