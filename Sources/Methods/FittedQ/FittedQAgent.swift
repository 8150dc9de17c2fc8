import Archive
import Experience
import Interfaces
import Kernels
import Learners

/// Fitted Q iteration on a batch: that of a file, fitted once, or the agent's own steps, fitted after those with random
/// actions and every so many steps again. It acts by the best action, collecting epsilon-greedily.
struct FittedQAgent: Agent {
  private let settings: FittedBatchSettings
  let isOffline: Bool
  private(set) var learner: FittedQIteration
  private var replay: ReplayBuffer
  private let space: ActionSpace
  private var counter = StepCounter()
  private var fits = 0
  /// Q of one row, [A].
  private var values: Vector
  private var exploration = [RandomStream(seed: 0)]
  private let training: RandomStream
  private(set) var phases = PhaseSeconds()

  var metricNames: [String] { FittedQIteration.metricNames(learner.settings) }

  /// An agent in an environment of `spec`; with `batch` it learns from that alone.
  init(
    _ settings: FittedBatchSettings, learner: FittedQIteration, batch: ReplayBuffer?, spec: EnvironmentSpec,
    using random: RandomStream
  ) {
    self.settings = settings
    self.learner = learner
    isOffline = batch != nil
    replay =
      batch
      ?? ReplayBuffer(
        capacity: settings.capacity, observationSize: spec.observationSize, actionSize: spec.action.size)
    space = spec.action
    values = Vector(count: learner.actionCount)
    training = random.child("training")
  }

  func memoryNeeds(after steps: Int) -> [MemoryNeed] {
    isOffline
      ? [replay.memoryNeed(after: replay.count, setting: "agent.dataset")]
      : [replay.memoryNeed(after: steps, setting: "agent.capacity")]
  }

  mutating func prepare(copies: Int, for purpose: ActPurpose) {
    if purpose == .collect { exploration = Array(repeating: RandomStream(seed: 0), count: copies) }
  }

  mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    if purpose == .collect { exploration[copy] = random }
  }

  mutating func act(on steps: inout CopySteps, for purpose: ActPurpose) {
    if purpose == .collect && !isOffline && counter.steps < settings.randomSteps {
      space.draw(&steps.actions, using: &exploration)
      return
    }
    let (actions, q) = (steps.actions.mutablePointer, values.mutablePointer)
    let observations = steps.observations
    for row in 0..<steps.count where steps.isActive[row] {
      if purpose == .collect && exploration[row].uniform() < settings.epsilon {
        actions[row] = Float(exploration[row].index(below: values.count))
        continue
      }
      learner.values(observations.pointer + row * observations.columns, count: 1, into: q)
      var best = 0
      for action in 1..<max(values.count, 1) where q[action] > q[best] { best = action }
      actions[row] = Float(best)
    }
  }

  mutating func observe(_ steps: CopySteps) {
    for copy in 0..<steps.count {
      if !isOffline { replay.append(copy, of: steps) }
      counter.add()
    }
  }

  mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    let new = counter.takeNew()
    let isDue =
      isOffline
      ? fits == 0
      : new.after >= settings.randomSteps
        && (fits == 0 || new.beyond(settings.randomSteps).crosses(settings.fitInterval, from: settings.randomSteps))
    guard isDue, replay.count > 0 else { return }
    let start = ContinuousClock.now
    defer { phases.learning += seconds(from: start) }
    var batch = TransitionBatch(
      count: replay.count, observationSize: replay.observationSize, actionSize: replay.actionSize)
    let indices = Array(0..<Int32(replay.count))
    indices.withUnsafeBufferPointer { replay.gather($0, into: &batch) }
    try learner.fit(to: batch, using: training.child(fits), metrics: &metrics)
    fits += 1
  }
}

extension FittedQAgent: Archived {
  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("learner", &learner)
    if !isOffline { try fields.field("replay", &replay) }
    var counters = [counter.steps, fits]
    try fields.field("counters", &counters)
    if fields.isRestoring { (counter, fits) = (StepCounter(counters[0]), counters[1]) }
    try fields.field("exploration", copies: &exploration)
  }
}
