import Archive
import Configuration
import Experience
import Interfaces
import Kernels
import Learners

/// When an agent that improves its policy by gradients through a model fits and trains.
public struct ModelGradientSettings: Configuration {
  /// The defaults.
  public init() {}
  @Setting("Transitions held for fitting and as starts", in: 1...100_000_000) public var replayCapacity: Int = 1_000_000
  @Setting("Start states in an update", in: 1...65536) public var batchSize: Int = 128
  @Setting("Steps with uniformly random actions at the start", in: 1...10_000_000) public var randomSteps: Int = 200
  @Setting("Steps between fits of the model", in: 1...10_000_000) public var fitInterval: Int = 200
  @Setting("Steps between trainings", in: 1...100_000) public var trainInterval: Int = 1
  @Setting("Updates of the policy in a training", in: 1...100_000) public var updates: Int = 1
}

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
  private var steps = 0
  private var stepsSinceFit = 0
  /// Steps of the episode under way.
  private var time = 0
  private var exploration = RandomStream(seed: 0)
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
      keepsTimes: world.isTimed)
    batch = TransitionBatch(
      count: settings.batchSize, observationSize: spec.observationSize, actionSize: spec.action.size,
      keepsTimes: world.isTimed)
    fitting = random.child("fitting")
    training = random.child("training")
  }

  public mutating func startEpisode(for purpose: ActPurpose, using random: RandomStream) {
    guard purpose == .collect else { return }
    exploration = random
    learner.startEpisode()
  }

  public mutating func act(
    on observation: [Float], for purpose: ActPurpose, action: inout [Float]
  ) throws(NumericalFailure) {
    if purpose == .collect && steps < settings.randomSteps {
      space.draw(&action, using: &exploration)
    } else {
      learner.act(on: observation, explore: purpose == .collect, using: &exploration, action: &action)
    }
  }

  public mutating func observe(_ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float]) {
    replay.append(
      observation, action, reward: outcome.reward, next: next, continues: outcome.ending != .terminated, time: time)
    time = outcome.ending == .none ? time + 1 : 0
    steps += 1
    stepsSinceFit += 1
  }

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    guard steps >= settings.randomSteps else { return }
    if imagination == nil || stepsSinceFit >= settings.fitInterval { try fit(&metrics) }
    guard let imagination, steps % settings.trainInterval == 0 else { return }
    let start = ContinuousClock.now
    defer { phases.learning += seconds(from: start) }
    for _ in 0..<settings.updates {
      replay.sample(into: &batch, using: &training)
      try learner.update(on: batch, in: imagination, using: &training, metrics: &metrics)
    }
  }

  private mutating func fit(_ metrics: inout MetricRow) throws(NumericalFailure) {
    // Dropped first: while it shares the parameters, the fit would have to copy them.
    imagination = nil
    let start = ContinuousClock.now
    try world.fit(to: replay, using: &fitting, metrics: &metrics)
    phases.fitting += seconds(from: start)
    stepsSinceFit = 0
    imagination = learner.makeImagination(in: world)
  }
}

extension PolicyBackpropagationAgent: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("model", world)
    writer.write("learner", learner)
    writer.write("replay", replay)
    writer.write("steps", steps)
    writer.write("steps_since_fit", stepsSinceFit)
    writer.write("exploration", exploration)
    writer.write("fitting", fitting)
    writer.write("training", training)
    if replay.keepsTimes { writer.write("time", time) }
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    imagination = nil
    try reader.read("model", into: &world)
    try reader.read("learner", into: &learner)
    try reader.read("replay", into: &replay)
    steps = try reader.integer("steps")
    stepsSinceFit = try reader.integer("steps_since_fit")
    exploration = try reader.stream("exploration")
    fitting = try reader.stream("fitting")
    training = try reader.stream("training")
    if replay.keepsTimes { time = try reader.integer("time") }
    if world.isFitted && steps >= settings.randomSteps { imagination = learner.makeImagination(in: world) }
  }
}
