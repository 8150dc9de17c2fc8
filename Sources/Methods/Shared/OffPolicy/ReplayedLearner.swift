import Archive
import Experience
import Interfaces
import Kernels

/// What agents with an off-policy learner have in common: they act with its policy after some uniformly random steps,
/// and remember every step for replay.
struct ReplayedLearner<Learner: OffPolicyLearner> {
  var learner: Learner
  private(set) var replay: ReplayBuffer
  private var counter = StepCounter()
  let space: ActionSpace
  private let randomSteps: Int
  /// Of the dataset that it learns from alone; nil where it remembers steps.
  private let datasetChecksum: UInt32?
  /// Of each copy.
  private var returns: [MultiStepReturns]
  /// Of each copy.
  private var exploration = [RandomStream(seed: 0)]
  private var hindsight: HindsightRelabelling?

  /// Nothing seen yet, or `dataset` alone for good. Rewards of `returnSteps` steps make one transition; times are kept for
  /// models that depend on them.
  init(
    _ learner: Learner, spec: EnvironmentSpec, randomSteps: Int, replayCapacity: Int, returnSteps: Int = 1,
    keepsTimes: Bool = false, dataset: TransitionDataset? = nil, hindsight: HindsightRelabelling? = nil
  ) {
    self.learner = learner
    self.randomSteps = randomSteps
    space = spec.action
    returns = [
      MultiStepReturns(
        steps: returnSteps, discount: learner.discount, observationSize: spec.observationSize,
        actionSize: spec.action.size)
    ]
    replay = ReplayBuffer(
      capacity: dataset?.count ?? replayCapacity, observationSize: spec.observationSize, actionSize: spec.action.size,
      keepsTimes: keepsTimes, image: spec.imageShape)
    datasetChecksum = dataset?.checksum
    self.hindsight = hindsight
    if let dataset { returns[0].append(dataset, to: &replay) }
  }

  /// Whether it learns from a dataset alone.
  var isOffline: Bool { datasetChecksum != nil }

  /// Counts a gradient step of offline learning.
  mutating func countGradientStep() { counter.add() }

  func memoryNeeds(after steps: Int) -> [MemoryNeed] {
    isOffline
      ? [replay.memoryNeed(after: replay.count, setting: "agent.dataset")]
      : [replay.memoryNeed(after: steps * (1 + (hindsight?.goals ?? 0)), setting: "agent.replay_capacity")]
  }

  /// Steps observed, of all copies; gradient steps offline.
  var steps: Int { counter.steps }

  /// The steps observed since the last call.
  mutating func takeNewSteps() -> StepSpan { counter.takeNew() }

  mutating func prepare(copies: Int, for purpose: ActPurpose) {
    guard purpose == .collect else { return }
    learner.prepare(copies: copies)
    returns = Array(repeating: returns[0], count: copies)
    exploration = Array(repeating: exploration[0], count: copies)
    hindsight?.prepare(copies: copies)
  }

  mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    guard purpose == .collect else { return }
    exploration[copy] = random
    learner.startEpisode(of: copy)
    returns[copy].reset()
    hindsight?.reset(copy)
  }

  /// The actions of all copies, in one pass.
  mutating func act(on steps: inout CopySteps, for purpose: ActPurpose) {
    if purpose == .collect && counter.steps < randomSteps {
      space.draw(&steps.actions, using: &exploration)
    } else {
      learner.act(on: &steps, explore: purpose == .collect, using: &exploration)
    }
  }

  /// The action of one copy.
  mutating func act(on observation: [Float], of copy: Int, for purpose: ActPurpose, action: inout [Float]) {
    if purpose == .evaluate {
      // draws nothing
      learner.act(on: observation, explore: false, using: &exploration[0], action: &action)
    } else if counter.steps < randomSteps {
      space.draw(&action, using: &exploration[copy])
    } else {
      learner.act(on: observation, of: copy, explore: true, using: &exploration[copy], action: &action)
    }
  }

  /// Takes in a step of all copies.
  mutating func observe(_ steps: CopySteps) {
    for copy in 0..<steps.count {
      returns[copy].append(copy, of: steps, to: &replay)
      hindsight?.append(copy, of: steps, to: &replay)
      counter.add()
    }
  }

  /// Takes in a step of one copy.
  mutating func observe(
    _ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float], of copy: Int
  ) {
    returns[copy].append(observation, action, outcome, next: next, to: &replay)
    counter.add()
  }
}

/// Agents that act and remember as their `core` does, unless they say otherwise.
protocol ReplayedAgent: Agent {
  associatedtype Learner: OffPolicyLearner
  var core: ReplayedLearner<Learner> { get set }
}

extension ReplayedAgent {
  public mutating func prepare(copies: Int, for purpose: ActPurpose) { core.prepare(copies: copies, for: purpose) }

  public mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    core.startEpisode(of: copy, for: purpose, using: random)
  }

  public mutating func act(on steps: inout CopySteps, for purpose: ActPurpose) throws(NumericalFailure) {
    core.act(on: &steps, for: purpose)
  }

  public mutating func observe(_ steps: CopySteps) { core.observe(steps) }

  public var isOffline: Bool { core.isOffline }

  public func memoryNeeds(after steps: Int) -> [MemoryNeed] { core.memoryNeeds(after: steps) }

  public var valueDiscount: Float? { core.learner.discount }

  public func predictedValue(of observation: [Float]) -> Float? { core.learner.predictedValue(of: observation) }
}

extension ReplayedLearner: Archived {
  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    var steps = steps
    try fields.field("learner", &learner)
    try fields.field("returns", copies: &returns)
    if let datasetChecksum {
      var held = Int(datasetChecksum)
      try fields.field("dataset", &held)
      guard held == Int(datasetChecksum) else {
        throw .mismatch(name: "dataset", expected: "the file of agent.dataset", found: "another one, or it has changed")
      }
    } else {
      try fields.field("replay", &replay)
    }
    try fields.field("steps", &steps)
    try fields.field("exploration", copies: &exploration)
    if var own = hindsight.take() {
      defer { hindsight = own }
      try fields.field("hindsight", &own)
    }
    if fields.isRestoring { counter = StepCounter(steps) }
  }
}
