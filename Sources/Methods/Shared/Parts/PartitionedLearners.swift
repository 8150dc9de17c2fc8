import Archive
import Experience
import Interfaces
import Kernels

/// Learners each of which acts in, remembers and learns from the episodes of one part.
struct PartitionedLearners<Learner: TeachingLearner> {
  private(set) var learners: [ReplayedLearner<Learner>]
  private(set) var parts: EpisodePartition
  private let settings: OffPolicySettings
  private var batch: TransitionBatch

  /// One of `learners` for each part, in an environment of `spec`.
  init(
    _ settings: OffPolicySettings, _ learners: [Learner], rule: PartitionRule, observationSize: Int,
    spec: EnvironmentSpec,
    using random: RandomStream
  ) {
    self.settings = settings
    self.learners = learners.map {
      ReplayedLearner(
        $0, spec: spec, randomSteps: settings.randomSteps, replayCapacity: settings.replayCapacity,
        returnSteps: settings.returnSteps)
    }
    parts = EpisodePartition(count: learners.count, rule: rule, observationSize: observationSize, using: random)
    batch = TransitionBatch(
      count: settings.batchSize, observationSize: spec.observationSize, actionSize: spec.action.size)
  }

  /// Whether any replay holds a state. Not before the first return of several steps is complete.
  var holdsStates: Bool {
    for part in learners.indices where learners[part].replay.count > 0 { return true }
    return false
  }

  /// What the learner of a part says of states now.
  func teacher(_ part: Int) -> Learner.Teacher { learners[part].learner.teacher }

  /// Of all parts, which share the steps.
  func memoryNeeds(after steps: Int) -> [MemoryNeed] {
    learners[0].memoryNeeds(after: min(steps, settings.replayCapacity)).map { need in
      let parts = Double(min(steps, learners.count * settings.replayCapacity))
      let held = Double(min(steps, settings.replayCapacity))
      return MemoryNeed(
        setting: need.setting, what: "\(Int(parts)) transitions of \(learners.count) learners",
        bytes: need.bytes * parts / held)
    }
  }

  mutating func prepare(copies: Int, for purpose: ActPurpose) {
    parts.prepare(copies: copies, for: purpose)
    for part in learners.indices { learners[part].prepare(copies: copies, for: purpose) }
  }

  mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    parts.startEpisode(of: copy, for: purpose)
    for part in learners.indices { learners[part].startEpisode(of: copy, for: purpose, using: random) }
  }

  /// The part of copy `copy`'s episode, to which `observation` belongs.
  mutating func part(of observation: [Float], in copy: Int, for purpose: ActPurpose) -> Int {
    parts.part(of: observation, in: copy, for: purpose)
  }

  /// Writes the action of a part's learner in copy `copy`.
  mutating func act(
    _ part: Int, on observation: [Float], of copy: Int, for purpose: ActPurpose, action: inout [Float]
  ) {
    learners[part].act(on: observation, of: copy, for: purpose, action: &action)
  }

  mutating func observe(
    _ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float], of copy: Int
  ) {
    learners[parts.current(copy)].observe(observation, action, outcome, next: next, of: copy)
  }

  /// Trains the learners that have observed steps since the last call, if their schedule says so, by `update` on each
  /// batch.
  mutating func train(
    using random: inout RandomStream,
    _ update: (inout Learner, TransitionBatch, inout RandomStream) throws(NumericalFailure) -> Void
  ) throws(NumericalFailure) {
    for part in learners.indices {
      let trainings = learners[part].takeNewSteps().beyond(settings.randomSteps)
        .multiples(of: settings.trainInterval)
      guard learners[part].replay.count > 0 else { continue }
      for _ in 0..<trainings * settings.updates {
        learners[part].replay.sample(into: &batch, using: &random)
        try update(&learners[part].learner, batch, &random)
      }
    }
  }
}

extension PartitionedLearners: Archived {
  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    for part in learners.indices { try fields.field("\(part)", &learners[part]) }
    try fields.field("parts", &parts)
  }
}
