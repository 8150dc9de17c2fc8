import Archive
import Configuration
import Experience
import Interfaces
import Kernels
import Planners

/// What can be set of a planning agent besides its planner and its model.
public struct PlanningSettings: Configuration {
  /// The defaults.
  public init() {}
  @Setting("Imagined trajectories for each plan", in: 1...10_000) public var particles: Int = 20
  @Setting("Episodes with uniformly random actions at the start", in: 1...100_000) public var randomEpisodes: Int = 1
  @Setting("Steps between fits of the model", in: 1...10_000_000) public var fitInterval: Int = 200
  @Setting("Transitions kept for fitting", in: 1...100_000_000) public var replayCapacity: Int = 1_000_000
}

/// Fits a dynamics model to all experience and plans every action in it (model predictive control): PETS with an ensemble and
/// the cross-entropy method (Chua et al. 2018).
///
/// The first episodes are random; then the model is fitted, again every `fitInterval` steps, and each step executes the
/// first decision of a fresh plan. Evaluation has a warm start of its own, so that it leaves the collected episode alone;
/// before the first fit it acts randomly, too.
public struct PlanningAgent<Model: TrainableDynamics, Search: Planner>: Agent {
  private let settings: PlanningSettings
  private let low: [Float]
  private let high: [Float]
  private let objective: any Objective
  private let horizon: Int
  private var model: Model
  private var evaluator: RolloutEvaluator<Model>?
  private var collecting: Episode
  private var evaluating: Episode
  private var replay: ReplayBuffer
  private var fitting: RandomStream
  private var finishedEpisodes = 0
  private var stepsSinceFit = 0
  public private(set) var phases = PhaseSeconds()

  /// A planner's warm start and an episode's randomness.
  private struct Episode {
    var planner: Search
    var random = RandomStream(seed: 0)
    var decisions = 0
  }

  public var metricNames: [String] { Model.metricNames + ["nonfinite_returns"] }

  /// An agent that plans with `planner`, whose horizon is `horizon`, in `model` for an environment of `spec`, whose actions are
  /// a box; `objective` scores imagined steps.
  public init(
    _ settings: PlanningSettings, model: Model, planner: Search, horizon: Int, objective: any Objective,
    spec: EnvironmentSpec, using random: RandomStream
  ) {
    self.settings = settings
    self.model = model
    self.objective = objective
    self.horizon = horizon
    (low, high) = spec.action.bounds
    collecting = Episode(planner: planner)
    evaluating = Episode(planner: planner)
    replay = ReplayBuffer(
      capacity: settings.replayCapacity, observationSize: spec.observationSize, actionSize: spec.action.size)
    fitting = random.child("fitting")
  }

  public mutating func startEpisode(for purpose: ActPurpose, using random: RandomStream) {
    func begin(_ episode: inout Episode) {
      episode.planner.reset()
      episode.random = random
      episode.decisions = 0
    }
    if purpose == .collect { begin(&collecting) } else { begin(&evaluating) }
  }

  public mutating func act(
    on observation: [Float], for purpose: ActPurpose, action: inout [Float]
  ) throws(NumericalFailure) {
    if purpose == .evaluate {
      // Returns that are not finite are a metric of training, which measuring must not change.
      let counted = evaluator?.nonFiniteReturns ?? 0
      Self.decide(on: observation, &evaluating, with: &evaluator, low, high, &action)
      evaluator?.nonFiniteReturns = counted
    } else if finishedEpisodes < settings.randomEpisodes {
      Self.actRandomly(&collecting.random, low, high, &action)
    } else {
      let start = ContinuousClock.now
      Self.decide(on: observation, &collecting, with: &evaluator, low, high, &action)
      phases.planning += (ContinuousClock.now - start) / .seconds(1)
    }
  }

  private static func actRandomly(
    _ random: inout RandomStream, _ low: [Float], _ high: [Float], _ action: inout [Float]
  ) {
    for i in action.indices { action[i] = random.uniform(low[i], high[i]) }
  }

  private static func decide(
    on observation: [Float], _ episode: inout Episode, with evaluator: inout RolloutEvaluator<Model>?,
    _ low: [Float], _ high: [Float], _ action: inout [Float]
  ) {
    guard evaluator != nil else { return actRandomly(&episode.random, low, high, &action) }
    var random = episode.random.child(episode.decisions)
    episode.decisions += 1
    evaluator?.begin(at: observation, using: random.child("imagination"))
    evaluator.mutate { episode.planner.plan(with: &$0, using: &random, action: &action) }
  }

  public mutating func observe(_ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float]) {
    replay.append(
      observation, action, reward: outcome.reward, next: next, continues: outcome.ending != .terminated)
    stepsSinceFit += 1
    if outcome.ending != .none { finishedEpisodes += 1 }
  }

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    guard finishedEpisodes >= settings.randomEpisodes else { return }
    guard !model.isFitted || stepsSinceFit >= settings.fitInterval else { return }
    metrics.record("nonfinite_returns", Float(evaluator?.nonFiniteReturns ?? 0))
    // Dropped first: while the evaluator shares the parameters, the fit would have to copy them.
    evaluator = nil
    let start = ContinuousClock.now
    try model.fit(to: replay, using: &fitting, metrics: &metrics)
    phases.fitting += (ContinuousClock.now - start) / .seconds(1)
    stepsSinceFit = 0
    makeEvaluator()
  }

  private mutating func makeEvaluator() {
    evaluator = RolloutEvaluator(
      model: model, objective: objective, horizon: horizon, particles: settings.particles)
  }
}

extension PlanningAgent: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("model", model)
    for (name, episode) in [("collecting", collecting), ("evaluating", evaluating)] {
      writer.scope(name) { writer in
        writer.write("planner", episode.planner)
        writer.write("random", episode.random)
        writer.write("decisions", episode.decisions)
      }
    }
    writer.write("replay", replay)
    writer.write("fitting", fitting)
    writer.write("finished_episodes", finishedEpisodes)
    writer.write("steps_since_fit", stepsSinceFit)
    writer.write("nonfinite_returns", evaluator?.nonFiniteReturns ?? 0)
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try reader.read("model", into: &model)
    func restore(_ episode: inout Episode, _ reader: StateReader) throws(ArchiveError) {
      try reader.read("planner", into: &episode.planner)
      episode.random = try reader.stream("random")
      episode.decisions = try reader.integer("decisions")
    }
    try restore(&collecting, reader.scope("collecting"))
    try restore(&evaluating, reader.scope("evaluating"))
    try reader.read("replay", into: &replay)
    fitting = try reader.stream("fitting")
    finishedEpisodes = try reader.integer("finished_episodes")
    stepsSinceFit = try reader.integer("steps_since_fit")
    if model.isFitted {
      makeEvaluator()
      evaluator?.nonFiniteReturns = try reader.integer("nonfinite_returns")
    }
  }
}

extension Optional {
  /// Changes the wrapped value in place, if there is one.
  fileprivate mutating func mutate(_ body: (inout Wrapped) -> Void) {
    if var value = take() {
      body(&value)
      self = value
    }
  }
}
