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
  private var counter = StepCounter()
  private var (episodes, unfitted) = (0, 0)
  /// Steps of the episode under way, of each copy.
  private var times = [0]
  /// Of each copy.
  private var exploration = [RandomStream(seed: 0)]
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

  public mutating func prepare(copies: Int, for purpose: ActPurpose) {
    guard purpose == .collect else { return }
    learner.prepare(copies: copies)
    times = Array(repeating: 0, count: copies)
    exploration = Array(repeating: exploration[0], count: copies)
  }

  public mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    guard purpose == .collect else { return }
    exploration[copy] = random
    learner.startEpisode(of: copy)
    times[copy] = 0
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
      replay.append(copy, of: steps, time: times[copy])
      imagination.note(steps.observations.row(copy))
      imagination.note(steps.next.row(copy))
      counter.add()
      times[copy] += 1
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
    let start = ContinuousClock.now
    defer { phases.learning += seconds(from: start) }
    if imagines && model.isFitted {
      for _ in 0..<learned.multiples(of: imagining.interval) {
        let share = imagination.run(learner.policy, workspace, in: model, from: replay, using: &dreaming)
        metrics.record("abandoned_share", share)
      }
    }
    for _ in 0..<learned.multiples(of: settings.trainInterval) * settings.updates {
      replay.sample(into: &batch, using: &training)
      try learner.update(on: batch, using: &training, metrics: &metrics)
    }
    guard imagines && imagination.replay.count >= settings.batchSize else { return }
    for _ in 0..<learned.count * imagining.updates {
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
    writer.write("counters", [counter.steps, times[0], episodes, unfitted])
    if times.count > 1 { writer.write("times", times) }
    writer.write("exploration", copies: exploration)
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
    counter = StepCounter(counters[0])
    (times[0], episodes, unfitted) = (counters[1], counters[2], counters[3])
    if times.count > 1 {
      let saved = try reader.integers("times")
      guard saved.count == times.count else {
        throw .mismatch(name: "times", expected: "\(times.count) copies", found: "\(saved.count)")
      }
      times = saved
    }
    try reader.read("exploration", intoCopies: &exploration)
    training = try reader.stream("training")
    dreaming = try reader.stream("dreaming")
  }
}
