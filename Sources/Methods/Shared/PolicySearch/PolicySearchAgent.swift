import Archive
import Configuration
import Experience
import Interfaces
import Kernels
import Learners

/// Fits a world to all experience and searches a policy in it, again and again: PILCO (Deisenroth and Rasmussen 2011) and its
/// relatives.
///
/// The first actions are random, each held for some steps. Then, and after every `fitInterval` steps from then on, the
/// world is fitted and the policy trained from where the last training left it. The policy acts without noise.
public struct PolicySearchAgent<Search: PolicySearch>: Agent {
  private let settings: PolicySearchSettings
  private let space: ActionSpace
  package private(set) var world: Search.World
  package private(set) var learner: Search
  private var replay: ReplayBuffer
  /// Observations that episodes began with, [n, D], the newest last.
  private var firstStates: [Float] = []
  private var counter = StepCounter()
  private var stepsSinceFit = 0
  /// Of each copy.
  private var exploration = [RandomStream(seed: 0)]
  /// Random actions of the copies, held: [N, A].
  private var held: Matrix
  private var fitting: RandomStream
  private var training: RandomStream
  public private(set) var phases = PhaseSeconds()

  private static var keptFirstStates: Int { 100 }

  public var metricNames: [String] { Search.metricNames + Search.World.metricNames }

  /// An agent that trains `learner` in `world` for an environment of `spec`.
  public init(
    _ settings: PolicySearchSettings, world: Search.World, learner: Search, spec: EnvironmentSpec,
    using random: RandomStream
  ) {
    self.settings = settings
    self.world = world
    self.learner = learner
    space = spec.action
    replay = ReplayBuffer(
      capacity: settings.replayCapacity, observationSize: spec.observationSize, actionSize: spec.action.size,
      keepsTimes: world.isTimed, image: spec.imageShape)
    held = Matrix(rows: 1, columns: spec.action.size)
    fitting = random.child("fitting")
    training = random.child("training")
  }

  public func memoryNeeds(after steps: Int) -> [MemoryNeed] {
    [replay.memoryNeed(after: steps, setting: "agent.replay_capacity")]
  }

  public mutating func prepare(copies: Int, for purpose: ActPurpose) {
    guard purpose == .collect else { return }
    exploration = Array(repeating: exploration[0], count: copies)
    held = Matrix(rows: copies, columns: space.size)
  }

  public mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    guard purpose == .collect else { return }
    exploration[copy] = random
  }

  public mutating func act(on steps: inout CopySteps, for purpose: ActPurpose) throws(NumericalFailure) {
    guard purpose == .collect && learner.trainings == 0 else {
      return learner.act(on: &steps, explore: false, using: &exploration)
    }
    if steps.times.contains(where: { $0 % settings.randomHold == 0 }) {
      space.draw(&steps.actions, using: &exploration)
      for copy in 0..<steps.count where steps.times[copy] % settings.randomHold == 0 {
        held.setRow(copy, (0..<space.size).map { steps.actions[copy, $0] })
      }
    }
    for copy in 0..<steps.count { steps.actions.setRow(copy, (0..<space.size).map { held[copy, $0] }) }
  }

  public mutating func observe(_ steps: CopySteps) {
    let size = replay.observationSize
    for copy in 0..<steps.count {
      if steps.times[copy] == 0 {
        firstStates += (0..<size).map { steps.observations[copy, $0] }
        if firstStates.count > Self.keptFirstStates * size { firstStates.removeFirst(size) }
      }
      replay.append(copy, of: steps)
      counter.add()
    }
    stepsSinceFit += steps.count
  }

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    let new = counter.takeNew()
    guard new.after >= settings.randomSteps else { return }
    guard learner.trainings == 0 || stepsSinceFit >= settings.fitInterval else { return }
    let start = ContinuousClock.now
    try world.fit(to: replay, using: &fitting, metrics: &metrics)
    stepsSinceFit = 0
    let fitted = ContinuousClock.now
    phases.fitting += seconds(from: start)
    defer { phases.learning += seconds(from: fitted) }
    try learner.train(in: world, from: replay, firstStates: firstStates, using: &training, metrics: &metrics)
  }
}

extension PolicySearchAgent: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    var steps = counter.steps
    try fields.field("model", &world)
    try fields.field("learner", &learner)
    try fields.field("replay", &replay)
    try fields.field("first_states", &firstStates, growing: true)
    try fields.field("steps", &steps)
    try fields.field("steps_since_fit", &stepsSinceFit)
    try fields.field("exploration", copies: &exploration)
    try fields.field("held", &held)
    try fields.field("fitting", &fitting)
    try fields.field("training", &training)
    guard fields.isRestoring else { return }
    counter = StepCounter(steps)
    guard firstStates.count % replay.observationSize == 0 else {
      throw .mismatch(
        name: "first_states", expected: "rows of \(replay.observationSize)", found: "\(firstStates.count) numbers")
    }
  }
}

extension PolicySearchAgent: ModelLearning {
  public var learnedModel: (any PredictiveModel)? { world.isFitted ? world.predictiveModel : nil }
}
