import Archive
import Experience
import Interfaces
import Kernels
import Learners
import Networks

/// Deep Q-learning as three processes, each with its rate: copies of the environment collect into a buffer that forgets
/// the oldest (`agent.replay_capacity`), targets move (`learner.target_interval`), and the network regresses on them
/// (`agent.updates` every `agent.train_interval` steps).
///
/// With uniform replay, uncorrected targets and actors that do not lag it is `OffPolicyAgent`, to the bit.
public struct DeepQAgent: ReplayedAgent {
  private let settings: DeepQAgentSettings
  var core: ReplayedLearner<DeepQNetwork>
  private var priorities: ReplayPriorities?
  private var segments: ReplaySegments?
  private var batch: TransitionBatch
  private var indices: [Int32]
  private var segmentBatch: SegmentBatch?
  private var values: ValueBatch
  private var weights: Vector
  private var copies = 1
  private var training: RandomStream
  public private(set) var phases = PhaseSeconds()

  public var metricNames: [String] { DeepQNetwork.metricNames }

  /// An agent around `learner` in an environment of `spec`. With `dataset` it learns from that alone.
  init(
    _ settings: DeepQAgentSettings, learner: DeepQNetwork, spec: EnvironmentSpec, dataset: TransitionDataset? = nil,
    hindsight: HindsightRelabelling? = nil, using random: RandomStream
  ) {
    self.settings = settings
    let (agent, size) = (settings.agent, spec.observationSize)
    let corrects = settings.returns.rule != nil
    var learner = learner
    learner.notesProbabilities = corrects
    core = ReplayedLearner(
      learner, spec: spec, randomSteps: agent.randomSteps, replayCapacity: agent.replayCapacity,
      returnSteps: corrects ? 1 : agent.returnSteps, keepsTimes: corrects, dataset: dataset,
      hindsight: hindsight)
    if settings.replay.order == .prioritized {
      priorities = ReplayPriorities(
        capacity: core.replay.capacity, alpha: settings.replay.alpha, offset: settings.replay.offset)
    }
    batch = TransitionBatch(count: agent.batchSize, observationSize: size, actionSize: 1)
    values = ValueBatch(count: agent.batchSize, observationSize: size, actionSize: 1)
    indices = Array(repeating: 0, count: agent.batchSize)
    weights = Vector(count: agent.batchSize)
    weights.fill(1)
    if priorities != nil { batch.weights = weights }
    if corrects {
      segments = ReplaySegments(capacity: agent.replayCapacity)
      segmentBatch = SegmentBatch(
        count: agent.batchSize, steps: agent.returnSteps, observationSize: size, actionSize: 1)
    }
    training = random.child("training")
  }

  public mutating func prepare(copies: Int, for purpose: ActPurpose) {
    core.prepare(copies: copies, for: purpose)
    guard purpose == .collect else { return }
    self.copies = copies
    segments?.copies = copies
  }

  public mutating func observe(_ steps: CopySteps) {
    if segments != nil {
      if core.steps < settings.agent.randomSteps {
        let uniform = core.space.choices.map { 1 / Float($0) } ?? 1
        segments?.note([Float](repeating: uniform, count: steps.count), before: core.replay)
      } else {
        let taken = core.learner.probabilities
        segments?.note(taken.pointer, before: core.replay)
      }
    }
    core.observe(steps)
  }

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    if core.isOffline { core.countGradientStep() }
    let new = core.takeNewSteps()
    defer { if settings.actors.refreshInterval > 0 { refreshActors(new) } }
    let trainings = new.beyond(settings.agent.randomSteps).multiples(of: settings.agent.trainInterval)
    let updates = core.isOffline ? 1 : trainings * settings.agent.updates
    guard updates > 0, core.replay.count > 0 else { return }
    if settings.replay.order == .newest && core.replay.count < settings.agent.batchSize { return }
    let start = ContinuousClock.now
    defer { phases.learning += seconds(from: start) }
    for _ in 0..<updates {
      draw()
      if settings.returns.rule == nil {
        try learn(metrics: &metrics)
      } else {
        try learnCorrected(metrics: &metrics)
      }
      if priorities != nil {
        let errors = core.learner.errors
        priorities?.update(errors.pointer)
      }
    }
  }

  /// Every actor fetches the parameters once an interval, one after another.
  private mutating func refreshActors(_ new: StepSpan) {
    let interval = settings.actors.refreshInterval
    for copy in 0..<copies where new.crosses(interval, from: copy * interval / copies) {
      core.learner.refreshActor(copy, of: copies)
    }
  }

  /// Chooses the transitions of a batch.
  private mutating func draw() {
    let (held, count) = (core.replay.count, settings.agent.batchSize)
    var chosen: [Int32] = []
    swap(&chosen, &indices)
    defer { swap(&chosen, &indices) }
    switch settings.replay.order {
    case .uniform: for row in 0..<count { chosen[row] = Int32(training.index(below: held)) }
    case .newest: for row in 0..<count { chosen[row] = Int32(held - count + row) }
    case .prioritized:
      let beta = Schedule.linear(
        start: settings.replay.betaStart, end: settings.replay.betaEnd, steps: settings.replay.betaSteps
      ).value(at: core.steps)
      chosen.withUnsafeMutableBufferPointer {
        priorities?.draw($0, weights: weights.mutablePointer, from: core.replay, beta: beta, using: &training)
      }
    }
  }

  private mutating func learn(metrics: inout MetricRow) throws(NumericalFailure) {
    indices.withUnsafeBufferPointer { core.replay.gather($0, into: &batch) }
    if priorities != nil { batch.weights.copy(from: weights) }
    try core.learner.update(on: batch, using: &training, metrics: &metrics)
  }

  private mutating func learnCorrected(metrics: inout MetricRow) throws(NumericalFailure) {
    guard let segments, let rule = settings.returns.rule, var following = segmentBatch.take() else { return }
    defer { segmentBatch = following }
    indices.withUnsafeBufferPointer {
      core.replay.gather($0, into: &batch)
      segments.gather($0, from: core.replay, into: &following)
    }
    values.observations.mutablePointer.update(from: batch.observations.pointer, count: batch.observations.count)
    values.actions.mutablePointer.update(from: batch.actions.pointer, count: batch.actions.count)
    values.weights.copy(from: weights)
    core.learner.writeTargets(of: following, rule: rule, epsilon: settings.returns.targetEpsilon, into: &values)
    try core.learner.fitValues(to: values, metrics: &metrics)
  }
}

extension ActionSpace {
  /// Number of discrete actions; nil where they are not discrete.
  var choices: Int? { if case .discrete(let count) = self { count } else { nil } }
}

extension DeepQAgent: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.inline(&core)
    try fields.field("training", &training)
    try fields.field("priorities", present: &priorities)
    try fields.field("segments", present: &segments)
  }
}
