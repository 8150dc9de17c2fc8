import Archive
import Experience
import Interfaces
import Kernels

/// An off-policy learner that is also trained on imagined experience: model-based acceleration (Gu, Lillicrap, Sutskever and
/// Levine 2016, algorithm 2, without its optional iLQG exploration).
///
/// The model is fitted anew at ends of episodes. Every so many real steps, short rollouts of the current policy start from
/// states on real trajectories (with local models: from the trajectories these were fitted to) and go into a replay of their
/// own. Each real step is followed by updates on real and by updates on imagined transitions. Imagination ends after a given
/// number of steps: what speeds up learning at first limits it later.
public struct ModelBasedAcceleration<Learner: OffPolicyLearner, Model: EpisodicDynamics>: Agent {
  private let settings: OffPolicySettings
  private let imagining: ImaginationSettings
  private let space: ActionSpace
  private var learner: Learner
  private var model: Model
  private var imagination: Imagination<Model>
  private var workspace: Learner.Acting.Workspace
  private var replay: EpisodeReplay
  private var batch: TransitionBatch
  private var (steps, time, episodes, unfitted) = (0, 0, 0, 0)
  private var exploration = RandomStream(seed: 0)
  private var training: RandomStream
  private var dreaming: RandomStream
  public private(set) var phases = PhaseSeconds()

  public var metricNames: [String] { Learner.metricNames + Model.metricNames + ["abandoned_share"] }

  /// An agent around `learner` in an environment of `spec`, with `model` to imagine in, where `objective` scores steps unless
  /// the model predicts rewards. `returnSteps` of the settings must be 1.
  public init(
    _ settings: OffPolicySettings, _ imagining: ImaginationSettings, learner: Learner, model: Model,
    objective: any Objective, spec: EnvironmentSpec, using random: RandomStream
  ) {
    precondition(settings.returnSteps == 1, "imagined steps join no returns")
    self.settings = settings
    self.imagining = imagining
    self.learner = learner
    self.model = model
    space = spec.action
    imagination = Imagination(imagining, objective: objective, spec: spec)
    workspace = learner.policy.makeWorkspace()
    replay = EpisodeReplay(
      capacity: settings.replayCapacity, observationSize: spec.observationSize, actionSize: spec.action.size)
    batch = TransitionBatch(
      count: settings.batchSize, observationSize: spec.observationSize, actionSize: spec.action.size)
    training = random.child("training")
    dreaming = random.child("imagination")
  }

  public mutating func startEpisode(for purpose: ActPurpose, using random: RandomStream) {
    guard purpose == .collect else { return }
    exploration = random
    learner.startEpisode()
    time = 0
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
    replay.append(observation, action, outcome, next: next, time: time)
    imagination.note(observation)
    imagination.note(next)
    steps += 1
    time += 1
    if outcome.ending != .none {
      episodes += 1
      unfitted += 1
    }
  }

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    let imagines = steps <= imagining.end ?? .max
    if imagines { try fit(metrics: &metrics) }
    guard steps > settings.randomSteps else { return }
    let start = ContinuousClock.now
    defer { phases.learning += seconds(from: start) }
    if imagines && model.isFitted && steps % imagining.interval == 0 {
      let share = imagination.run(learner.policy, workspace, in: model, from: replay, using: &dreaming)
      metrics.record("abandoned_share", share)
    }
    if steps % settings.trainInterval == 0 {
      for _ in 0..<settings.updates {
        replay.sample(into: &batch, using: &training)
        try learner.update(on: batch, using: &training, metrics: &metrics)
      }
    }
    guard imagines && imagination.replay.count >= settings.batchSize else { return }
    for _ in 0..<imagining.updates {
      imagination.replay.sample(into: &batch, using: &training)
      try learner.update(on: batch, using: &training, metrics: &metrics)
    }
  }

  /// Fits the model if it is time to.
  private mutating func fit(metrics: inout MetricRow) throws(NumericalFailure) {
    guard episodes >= imagining.firstFit, unfitted >= (model.isFitted ? imagining.fitInterval : 1) else { return }
    imagination.release()
    let start = ContinuousClock.now
    try model.fit(to: replay, using: &dreaming, metrics: &metrics)
    phases.fitting += seconds(from: start)
    unfitted = 0
  }
}

extension ModelBasedAcceleration: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("learner", learner)
    writer.write("model", model)
    writer.write("imagination", imagination)
    writer.write("replay", replay)
    writer.write("counters", [steps, time, episodes, unfitted])
    writer.write("exploration", exploration)
    writer.write("training", training)
    writer.write("dreaming", dreaming)
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try reader.read("learner", into: &learner)
    try reader.read("model", into: &model)
    try reader.read("imagination", into: &imagination)
    try reader.read("replay", into: &replay)
    let counters = try reader.integers("counters")
    guard counters.count == 4 else {
      throw .mismatch(name: "counters", expected: "4 integers", found: "\(counters.count)")
    }
    (steps, time, episodes, unfitted) = (counters[0], counters[1], counters[2], counters[3])
    exploration = try reader.stream("exploration")
    training = try reader.stream("training")
    dreaming = try reader.stream("dreaming")
  }
}
