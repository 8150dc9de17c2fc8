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
public struct OffPolicyAgent<Learner: OffPolicyLearner>: ReplayedAgent {
  private let settings: OffPolicySettings
  var core: ReplayedLearner<Learner>
  private var batch: TransitionBatch
  private var training: RandomStream
  public private(set) var phases = PhaseSeconds()

  public var metricNames: [String] { Learner.metricNames }

  /// An agent around `learner` in an environment of `spec`, whose actions the learner can take.
  public init(_ settings: OffPolicySettings, learner: Learner, spec: EnvironmentSpec, using random: RandomStream) {
    self.settings = settings
    core = ReplayedLearner(
      learner, spec: spec, randomSteps: settings.randomSteps, replayCapacity: settings.replayCapacity,
      returnSteps: settings.returnSteps)
    batch = TransitionBatch(
      count: settings.batchSize, observationSize: spec.observationSize, actionSize: spec.action.size)
    training = random.child("training")
  }

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    let trainings = core.takeNewSteps().beyond(settings.randomSteps).multiples(of: settings.trainInterval)
    guard trainings > 0, core.replay.count > 0 else { return }
    let start = ContinuousClock.now
    defer { phases.learning += seconds(from: start) }
    for _ in 0..<trainings * settings.updates {
      core.replay.sample(into: &batch, using: &training)
      try core.learner.update(on: batch, using: &training, metrics: &metrics)
    }
  }
}

extension OffPolicyAgent: Checkpointable {
  public func save(to writer: inout StateWriter) {
    core.save(to: &writer)
    writer.write("training", training)
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try core.restore(from: reader)
    training = try reader.stream("training")
  }
}
