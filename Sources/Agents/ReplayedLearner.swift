import Archive
import Experience
import Interfaces
import Kernels

/// What agents with an off-policy learner have in common: they act with its policy after some uniformly random steps, and
/// remember every step for replay.
struct ReplayedLearner<Learner: OffPolicyLearner> {
  var learner: Learner
  private(set) var replay: ReplayBuffer
  /// Steps observed.
  private(set) var steps = 0
  let space: ActionSpace
  private let randomSteps: Int
  private var returns: MultiStepReturns
  private var exploration = RandomStream(seed: 0)
  /// Steps of the episode under way.
  private var time = 0

  /// Nothing seen yet. Rewards of `returnSteps` steps make one transition; times are kept for models that depend on them.
  init(
    _ learner: Learner, spec: EnvironmentSpec, randomSteps: Int, replayCapacity: Int, returnSteps: Int = 1,
    keepsTimes: Bool = false
  ) {
    self.learner = learner
    self.randomSteps = randomSteps
    space = spec.action
    returns = MultiStepReturns(
      steps: returnSteps, discount: learner.discount, observationSize: spec.observationSize,
      actionSize: spec.action.size)
    replay = ReplayBuffer(
      capacity: replayCapacity, observationSize: spec.observationSize, actionSize: spec.action.size,
      keepsTimes: keepsTimes)
  }

  mutating func startEpisode(for purpose: ActPurpose, using random: RandomStream) {
    guard purpose == .collect else { return }
    exploration = random
    learner.startEpisode()
    returns.reset()
    time = 0
  }

  mutating func act(on observation: [Float], for purpose: ActPurpose, action: inout [Float]) {
    if purpose == .collect && steps < randomSteps {
      space.draw(&action, using: &exploration)
    } else {
      learner.act(on: observation, explore: purpose == .collect, using: &exploration, action: &action)
    }
  }

  mutating func observe(_ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float]) {
    returns.append(observation, action, outcome, next: next, time: time, to: &replay)
    steps += 1
    time += 1
  }
}

/// Agents that act and remember as their `core` does, unless they say otherwise.
protocol ReplayedAgent: Agent {
  associatedtype Learner: OffPolicyLearner
  var core: ReplayedLearner<Learner> { get set }
}

extension ReplayedAgent {
  public mutating func startEpisode(for purpose: ActPurpose, using random: RandomStream) {
    core.startEpisode(for: purpose, using: random)
  }

  public mutating func act(
    on observation: [Float], for purpose: ActPurpose, action: inout [Float]
  ) throws(NumericalFailure) {
    core.act(on: observation, for: purpose, action: &action)
  }

  public mutating func observe(_ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float]) {
    core.observe(observation, action, outcome, next: next)
  }
}

extension ReplayedLearner: Checkpointable {
  func save(to writer: inout StateWriter) {
    writer.write("learner", learner)
    writer.write("returns", returns)
    writer.write("replay", replay)
    writer.write("steps", steps)
    writer.write("exploration", exploration)
    if replay.keepsTimes { writer.write("time", time) }
  }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try reader.read("learner", into: &learner)
    try reader.read("returns", into: &returns)
    try reader.read("replay", into: &replay)
    steps = try reader.integer("steps")
    exploration = try reader.stream("exploration")
    if replay.keepsTimes { time = try reader.integer("time") }
  }
}
