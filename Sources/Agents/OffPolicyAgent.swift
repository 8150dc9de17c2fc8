import Archive
import Configuration
import Experience
import Interfaces
import Kernels

/// What can be set of an off-policy agent, whatever its learner.
public struct OffPolicySettings: Configuration {
  /// The defaults.
  public init() {}
  @Setting("Transitions held for replay", in: 1...100_000_000) public var replayCapacity: Int = 1_000_000
  @Setting("Transitions in a training batch", in: 1...65536) public var batchSize: Int = 256
  @Setting("Steps with uniformly random actions at the start", in: 0...10_000_000) public var randomSteps: Int = 1000
  @Setting("Steps between trainings", in: 1...100_000) public var trainInterval: Int = 1
  @Setting("Learner updates in a training", in: 1...100_000) public var updates: Int = 1
  @Setting("Steps whose rewards a target adds up before it bootstraps", in: 1...1000) public var returnSteps: Int = 1
}

/// Acts with an off-policy learner's policy, remembers every step, and trains the learner on replayed batches.
///
/// The first `randomSteps` actions are uniform and training starts after them, as in the reference
/// implementation of SAC.
public struct OffPolicyAgent<Learner: OffPolicyLearner>: Agent {
  private let settings: OffPolicySettings
  private let space: ActionSpace
  private var learner: Learner
  private var returns: MultiStepReturns
  private var replay: ReplayBuffer
  private var batch: TransitionBatch
  private var steps = 0
  private var exploration = RandomStream(seed: 0)
  private var training: RandomStream
  public private(set) var phases = PhaseSeconds()

  public var metricNames: [String] { Learner.metricNames }

  /// An agent around `learner` in an environment of `spec`, whose actions the learner can take.
  public init(_ settings: OffPolicySettings, learner: Learner, spec: EnvironmentSpec, using random: RandomStream) {
    self.settings = settings
    self.learner = learner
    space = spec.action
    returns = MultiStepReturns(
      steps: settings.returnSteps, discount: learner.discount, observationSize: spec.observationSize,
      actionSize: spec.action.size)
    replay = ReplayBuffer(
      capacity: settings.replayCapacity, observationSize: spec.observationSize, actionSize: spec.action.size)
    batch = TransitionBatch(
      count: settings.batchSize, observationSize: spec.observationSize, actionSize: spec.action.size)
    training = random.child("training")
  }

  public mutating func startEpisode(for purpose: ActPurpose, using random: RandomStream) {
    guard purpose == .collect else { return }
    exploration = random
    learner.startEpisode()
    returns.reset()
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
    returns.append(observation, action, outcome, next: next, to: &replay)
    steps += 1
  }

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    guard steps > settings.randomSteps, steps % settings.trainInterval == 0, replay.count > 0 else { return }
    let start = ContinuousClock.now
    defer { phases.learning += (ContinuousClock.now - start) / .seconds(1) }
    for _ in 0..<settings.updates {
      replay.sample(into: &batch, using: &training)
      try learner.update(on: batch, using: &training, metrics: &metrics)
    }
  }
}

extension OffPolicyAgent: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("learner", learner)
    writer.write("returns", returns)
    writer.write("replay", replay)
    writer.write("steps", steps)
    writer.write("exploration", exploration)
    writer.write("training", training)
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try reader.read("learner", into: &learner)
    try reader.read("returns", into: &returns)
    try reader.read("replay", into: &replay)
    steps = try reader.integer("steps")
    exploration = try reader.stream("exploration")
    training = try reader.stream("training")
  }
}
