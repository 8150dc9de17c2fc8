import Archive
import Configuration
import Experience
import Interfaces
import Kernels

/// Acts with an off-policy learner's policy, remembers every step, and trains the learner on replayed batches.
///
/// The first `randomSteps` actions are uniform and training starts after them, as in the reference
/// implementation of SAC.
public struct OffPolicyAgent<Learner: OffPolicyLearner>: ReplayedAgent {
  private let settings: OffPolicySettings
  var core: ReplayedLearner<Learner>
  /// The learner as it is now.
  package var learner: Learner { core.learner }
  /// Real transitions.
  package var replay: ReplayBuffer { core.replay }
  private var batch: TransitionBatch
  private var training: RandomStream
  public private(set) var phases = PhaseSeconds()

  public var metricNames: [String] { Learner.metricNames }

  /// An agent around `learner` in an environment of `spec`, whose actions the learner can take.
  /// With `dataset` it learns from that alone; with `hindsight` it remembers steps under other goals, too.
  public init(
    _ settings: OffPolicySettings, learner: Learner, spec: EnvironmentSpec, dataset: TransitionDataset? = nil,
    hindsight: HindsightRelabelling? = nil, using random: RandomStream
  ) {
    self.settings = settings
    core = ReplayedLearner(
      learner, spec: spec, randomSteps: settings.randomSteps, replayCapacity: settings.replayCapacity,
      returnSteps: settings.returnSteps, dataset: dataset, hindsight: hindsight)
    batch = TransitionBatch(
      count: settings.batchSize, observationSize: spec.observationSize, actionSize: spec.action.size)
    training = random.child("training")
  }

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    var updates = 1
    if core.isOffline {
      core.countGradientStep()
    } else {
      let trainings = core.takeNewSteps().beyond(settings.randomSteps).multiples(of: settings.trainInterval)
      updates = trainings * settings.updates
    }
    guard updates > 0, core.replay.count > 0 else { return }
    let start = ContinuousClock.now
    defer { phases.learning += seconds(from: start) }
    for _ in 0..<updates {
      core.replay.sample(into: &batch, using: &training)
      try core.learner.update(on: batch, using: &training, metrics: &metrics)
    }
  }
}

extension OffPolicyAgent: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.inline(&core)
    try fields.field("training", &training)
  }
}
