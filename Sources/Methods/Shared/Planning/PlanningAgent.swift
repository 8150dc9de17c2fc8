import Archive
import Experience
import Imagining
import Interfaces
import Kernels

/// Fits a dynamics model to all experience and plans every action in it (model predictive control): PETS with an
/// ensemble and the cross-entropy method (Chua et al. 2018).
///
/// The first episodes are those of a base policy, random actions unless one is given; then the model is fitted, again
/// every `fitInterval` steps, and the first decisions of each plan are executed: one, several, or in open loop all of
/// them. Evaluation has a warm start of its own, so that it leaves the collected episode alone; before the first fit it
/// acts randomly, too.
///
/// With a prior, a policy that imitates the plans proposes where searches start: the better of its plan and the warm
/// start.
public struct PlanningAgent<World: LearnedWorld, Search: Planner>: Agent {
  private let settings: PlanningSettings
  private let space: ActionSpace
  private let horizon: Int
  package private(set) var world: World
  private var evaluator: RolloutEvaluator<World>?
  /// Of each copy.
  private var (collecting, evaluating): ([Episode], [Episode])
  /// Planners of the copies that collect.
  package var planners: [Search] { collecting.map(\.planner) }
  private var replay: ReplayBuffer
  private var fitting: RandomStream
  private var prior: (any PlanPrior)?
  /// Who acts in the first episodes; nil where actions are random, and afterwards.
  package private(set) var base: (any Agent)?
  /// A plan that the prior proposes, [H * A].
  private var proposal: [Float]
  private let randomEpisodes: Int
  private var finishedEpisodes = 0
  private var stepsSinceFit = 0
  /// The planner's metrics since the last call of `improve`.
  private var planMetrics = MetricRow(names: Search.metricNames)
  /// One row's observation and action.
  private var (seen, chosen): ([Float], [Float])
  public private(set) var phases = PhaseSeconds()

  /// A planner's warm start and an episode's randomness.
  private struct Episode: Archived {
    var planner: Search
    /// Planned decisions, [k * A], and how many floats of them have been executed.
    var decided: [Float]
    var executed: Int
    var random = RandomStream(seed: 0)
    /// Plans made.
    var decisions = 0
    private let actionSize: Int

    init(planner: Search, room: Int, actionSize: Int) {
      self.planner = planner
      self.actionSize = actionSize
      decided = Array(repeating: 0, count: room)
      executed = room
    }

    mutating func start(using random: RandomStream) {
      planner.reset()
      self.random = random
      decisions = 0
      executed = decided.count
    }

    mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
      try fields.field("planner", &planner)
      try fields.field("random", &random)
      try fields.field("decisions", &decisions)
      try fields.field("decided", &decided)
      try fields.field("executed", &executed, in: 0...decided.count)
      guard decided.isEmpty || executed % actionSize == 0 else {
        throw .mismatch(name: "executed", expected: "whole actions of \(actionSize)", found: "\(executed)")
      }
    }
  }

  public var metricNames: [String] {
    World.metricNames + ["nonfinite_returns"] + Search.metricNames + (prior == nil ? [] : ["prior_loss"])
  }

  /// An agent that plans with `planner` in `world` for an environment of `spec`; `prior`, if any, proposes plans, and
  /// `base` acts, as it does when it is measured, in the first episodes. In a world that needs no data it plans from
  /// the first step on.
  public init(
    _ settings: PlanningSettings, world: World, planner: Search,
    prior: (any PlanPrior)? = nil, base: (any Agent)? = nil, spec: EnvironmentSpec, using random: RandomStream
  ) {
    self.settings = settings
    self.world = world
    let horizon = planner.horizon
    self.horizon = horizon
    self.prior = prior
    self.base = base
    space = spec.action
    let room = settings.executed(of: horizon) * spec.action.size
    let episode = Episode(planner: planner, room: room, actionSize: spec.action.size)
    (collecting, evaluating) = ([episode], [episode])
    proposal = Array(repeating: 0, count: horizon * spec.action.size)
    seen = Array(repeating: 0, count: spec.observationSize)
    chosen = Array(repeating: 0, count: spec.action.size)
    replay = ReplayBuffer(
      capacity: settings.replayCapacity, observationSize: spec.observationSize,
      actionSize: spec.action.size, keepsTimes: world.isTimed, image: spec.imageShape)
    fitting = random.child("fitting")
    randomEpisodes = world.needsData ? settings.randomEpisodes : 0
    if !world.needsData {
      self.base = nil
      makeEvaluator()
    }
  }

  public func memoryNeeds(after steps: Int) -> [MemoryNeed] {
    [replay.memoryNeed(after: steps, setting: "agent.replay_capacity")]
  }

  public mutating func prepare(copies: Int, for purpose: ActPurpose) {
    switch purpose {
    case .collect:
      collecting = Array(repeating: collecting[0], count: copies)
      base?.prepare(copies: copies, for: .evaluate)
    case .evaluate: evaluating = Array(repeating: evaluating[0], count: copies)
    }
  }

  public mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    if purpose == .collect {
      collecting[copy].start(using: random)
      base?.startEpisode(of: copy, for: .evaluate, using: random.child("base"))
    } else {
      evaluating[copy].start(using: random)
    }
  }

  public mutating func act(on steps: inout CopySteps, for purpose: ActPurpose) throws(NumericalFailure) {
    if purpose == .collect && base != nil {
      try base?.act(on: &steps, for: .evaluate)
    } else {
      for copy in 0..<steps.count where steps.isActive[copy] {
        for i in seen.indices { seen[i] = steps.observations[copy, i] }
        act(in: copy, at: steps.times[copy], for: purpose)
        steps.actions.setRow(copy, chosen)
      }
    }
  }

  /// Leaves in `chosen` the action of one copy for what is `seen` at a time of its episode.
  private mutating func act(in copy: Int, at time: Int, for purpose: ActPurpose) {
    if purpose == .evaluate {
      // Returns that are not finite are a metric of training, which measuring must not change.
      let counted = evaluator?.nonFiniteReturns ?? 0
      Self.decide(on: seen, time, &evaluating[copy], with: &evaluator, &prior, &proposal, space, &chosen)
      evaluator?.nonFiniteReturns = counted
    } else if finishedEpisodes < randomEpisodes {
      space.draw(&chosen, using: &collecting[copy].random)
    } else {
      let start = ContinuousClock.now
      let plans = collecting[copy].decisions
      Self.decide(on: seen, time, &collecting[copy], with: &evaluator, &prior, &proposal, space, &chosen)
      if collecting[copy].decisions > plans { collecting[copy].planner.record(into: &planMetrics) }
      prior?.observe(seen, chosen)
      phases.planning += seconds(from: start)
    }
  }

  /// The next decision of the episode's plan, or the first one of a new plan; a random one where there is no model yet.
  private static func decide(
    on observation: [Float], _ time: Int, _ episode: inout Episode,
    with evaluator: inout RolloutEvaluator<World>?,
    _ prior: inout (any PlanPrior)?, _ proposal: inout [Float], _ space: ActionSpace,
    _ action: inout [Float]
  ) {
    guard evaluator != nil else { return space.draw(&action, using: &episode.random) }
    if episode.executed == episode.decided.count {
      var random = episode.random.child(episode.decisions)
      episode.decisions += 1
      episode.executed = 0
      evaluator?.begin(at: observation, time: time, using: random.child("imagination"))
      evaluator.mutate { evaluator in
        if let policy = prior, policy.isFitted {
          evaluator.rollOutPolicy(&proposal) { policy.act(on: $0, action: $1) }
          episode.planner.suggest(proposal)
        }
        episode.planner.plan(with: &evaluator, using: &random, action: &episode.decided)
      }
    }
    for i in action.indices { action[i] = episode.decided[episode.executed + i] }
    episode.executed += action.count
  }

  public mutating func observe(_ steps: CopySteps) {
    for copy in 0..<steps.count {
      replay.append(copy, of: steps)
      if steps.endings[copy] != .none { finishedEpisodes += 1 }
    }
    stepsSinceFit += steps.count
    if finishedEpisodes >= randomEpisodes { base = nil }
  }

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    for (index, name) in planMetrics.names.enumerated() {
      if let mean = planMetrics.mean(index) { metrics.record(name, Float(mean)) }
    }
    planMetrics.clear()
    guard finishedEpisodes >= randomEpisodes else { return }
    guard evaluator == nil || settings.refits && stepsSinceFit >= settings.fitInterval else { return }
    metrics.record("nonfinite_returns", Float(evaluator?.nonFiniteReturns ?? 0))
    // Dropped first: while the evaluator shares the parameters, the fit would have to copy them.
    evaluator = nil
    let clock = FittingClock()
    try world.fit(to: replay, using: &fitting, metrics: &metrics)
    phases.fitting += clock.stop()
    stepsSinceFit = 0
    try prior?.fit(metrics: &metrics)
    makeEvaluator()
  }

  private mutating func makeEvaluator() {
    evaluator = RolloutEvaluator(world, horizon: horizon, particles: settings.particles)
  }
}

extension PlanningAgent: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    var nonFiniteReturns = evaluator?.nonFiniteReturns ?? 0
    try fields.field("model", &world)
    try fields.field("collecting", copies: &collecting)
    try fields.field("evaluating", &evaluating[0])
    try fields.field("replay", &replay)
    try fields.field("fitting", &fitting)
    try fields.field("finished_episodes", &finishedEpisodes)
    try fields.field("steps_since_fit", &stepsSinceFit)
    try fields.field("nonfinite_returns", &nonFiniteReturns)
    if var policy = prior {
      try fields.field("prior", &policy)
      prior = policy
    }
    if finishedEpisodes >= randomEpisodes { base = nil }
    if var policy = base {
      try fields.field("base", &policy)
      base = policy
    }
    guard fields.isRestoring, world.isFitted else { return }
    makeEvaluator()
    evaluator?.nonFiniteReturns = nonFiniteReturns
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

extension PlanningAgent: ModelLearning {
  public var learnedModel: (any PredictiveModel)? { world.isFitted ? world.predictiveModel : nil }
}
