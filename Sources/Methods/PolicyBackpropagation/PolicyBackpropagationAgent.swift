import Archive
import Configuration
import Experience
import Interfaces
import Kernels
import Learners

/// Model-based reinforcement learning "2.0": fits a model to all experience and backpropagates imagined returns through it
/// into the policy that acts.
///
/// The first actions are uniform. Then the model is fitted, again every `fitInterval` steps, and the policy improved at
/// trajectories that start from replayed states.
public struct PolicyBackpropagationAgent<World: LearnedWorld, Head: ActorHead>: Agent {
  private let settings: ModelGradientSettings
  private let space: ActionSpace
  private var world: World
  /// In the world as it is; nil before the first fit and while the world is fitted.
  private var imagination: ModelGradientImagination<World, Head>?
  private var learner: PolicyBackpropagation<Head>
  private var replay: ReplayBuffer
  private var batch: TransitionBatch
  private var counter = StepCounter()
  private var stepsSinceFit = 0
  /// Of each copy.
  private var exploration = [RandomStream(seed: 0)]
  private var fitting: RandomStream
  private var training: RandomStream
  public private(set) var phases = PhaseSeconds()

  public var metricNames: [String] { PolicyBackpropagation<Head>.metricNames + World.metricNames }

  /// An agent that improves `learner` in `world`, whose steps must have gradients, for an environment of `spec`.
  public init(
    _ settings: ModelGradientSettings, world: World, learner: PolicyBackpropagation<Head>, spec: EnvironmentSpec,
    using random: RandomStream
  ) {
    self.settings = settings
    self.world = world
    self.learner = learner
    space = spec.action
    replay = ReplayBuffer(
      capacity: settings.replayCapacity, observationSize: spec.observationSize, actionSize: spec.action.size,
      keepsTimes: world.isTimed, image: spec.imageShape)
    batch = TransitionBatch(
      count: settings.batchSize, observationSize: spec.observationSize, actionSize: spec.action.size,
      keepsTimes: world.isTimed)
    fitting = random.child("fitting")
    training = random.child("training")
  }

  public func memoryNeeds(after steps: Int) -> [MemoryNeed] {
    [replay.memoryNeed(after: steps, setting: "agent.replay_capacity")]
  }

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
      counter.add()
    }
    stepsSinceFit += steps.count
  }

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    let new = counter.takeNew()
    guard new.after >= settings.randomSteps else { return }
    if imagination == nil || stepsSinceFit >= settings.fitInterval { try fit(&metrics) }
    let trainings = new.beyond(settings.randomSteps - 1).multiples(of: settings.trainInterval)
    guard let imagination, trainings > 0 else { return }
    let start = ContinuousClock.now
    defer { phases.learning += seconds(from: start) }
    for _ in 0..<trainings * settings.updates {
      replay.sample(into: &batch, using: &training)
      try learner.update(on: batch, in: imagination, using: &training, metrics: &metrics)
    }
  }

  private mutating func fit(_ metrics: inout MetricRow) throws(NumericalFailure) {
    // Dropped first: while it shares the parameters, the fit would have to copy them.
    imagination = nil
    let clock = FittingClock()
    try world.fit(to: replay, using: &fitting, metrics: &metrics)
    phases.fitting += clock.stop()
    stepsSinceFit = 0
    imagination = learner.makeImagination(in: world)
  }
}

extension PolicyBackpropagationAgent: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    if fields.isRestoring { imagination = nil }
    var steps = counter.steps
    try fields.field("model", &world)
    try fields.field("learner", &learner)
    try fields.field("replay", &replay)
    try fields.field("steps", &steps)
    try fields.field("steps_since_fit", &stepsSinceFit)
    try fields.field("exploration", copies: &exploration)
    try fields.field("fitting", &fitting)
    try fields.field("training", &training)
    guard fields.isRestoring else { return }
    counter = StepCounter(steps)
    if world.isFitted && counter.steps >= settings.randomSteps { imagination = learner.makeImagination(in: world) }
  }
}

extension PolicyBackpropagationAgent: ModelLearning {
  public var learnedModel: (any PredictiveModel)? { world.isFitted ? world.predictiveModel : nil }
}
