import Archive
import Imagining
import Interfaces
import Kernels
import Networks

/// The engine of trajectories that a policy is improved on in a world of type `W`.
public typealias ModelGradientImagination<W: World, Head: ActorHead> =
  Imagination<W, ModelGradientVisitor<W.Rollout, Head>>

/// A policy improved by the gradient of its imagined returns: stochastic value gradients (Heess et al. 2015), and on the
/// same trajectories the estimators of PIPPS (Parmas et al. 2018).
///
/// The policy ascends the average over trajectories of Σ_t γ^t (r_t - β log π(a_t | s_t)) + γ^H V(s_H), t in 0..<H, from
/// replayed states, where β is the entropy's weight and V(s) = min_i Q_i(s, π(s)) or 0. Critics learn from real transitions, toward r + γ continues min_i Q'_i(s', π(s')).
/// With H = 1 and critics this is SVG(1) but for its importance weights, with larger H SVG(H) with a terminal value. A
/// trajectory gets no rewards after its predicted termination.
public struct PolicyBackpropagation<Head: ActorHead>: ActingLearner {
  public static var metricNames: [String] {
    ["imagined_return", "gradient_norm", "likelihood_share", "skipped_updates", "critic_loss", "q_value"]
  }

  /// What was set.
  public let settings: PolicyBackpropagationSettings
  private var core: ActorCriticCore<Head>
  private var noise: [ExplorationNoise]
  private var draws: Vector
  private var updates = 0
  private var scratch: ModelGradientScratch<Head>?

  /// A fresh learner for observations of `observationSize` floats and actions between `low` and `high`.
  public init(
    _ settings: PolicyBackpropagationSettings, head: Head, observationSize: Int, low: [Float], high: [Float],
    using random: RandomStream
  ) {
    self.settings = settings
    core = ActorCriticCore(
      head,
      .init(
        observationSize: observationSize, low: low, high: high, hidden: settings.hidden,
        activation: settings.activation, layerNormalization: false, critics: settings.critics,
        ascent: .leastOf(settings.critics), targetsActor: false),
      .init(
        actorLearningRate: settings.learningRate, criticLearningRate: settings.criticLearningRate,
        discount: settings.discount, tau: settings.tau),
      using: random)
    noise = [ExplorationNoise(settings.noise, size: low.count)]
    draws = Vector(count: low.count)
  }

  public var policy: ActorPolicy<Head> { core.policy }

  public mutating func prepare(copies: Int) { noise = Array(repeating: noise[0], count: copies) }

  public mutating func startEpisode(of copy: Int) { noise[copy].reset() }

  public mutating func act(
    on observations: UnsafePointer<Float>, of copies: Range<Int>, explore: Bool,
    using streams: UnsafeMutablePointer<RandomStream>, actions: UnsafeMutablePointer<Float>
  ) {
    let size = core.scaling.size
    core.forEachOutput(on: observations, count: copies.count, exactly: !explore) { row, output in
      let unit = actions + row * size
      if explore && Head.isStochastic {
        for c in 0..<size { draws[c] = streams[row].normal() }
        core.head.explore(output, noise: draws.pointer, rows: 1, size: size, actions: unit)
      } else {
        core.head.mode(output, rows: 1, size: size, actions: unit)
        if explore {
          let shift = noise[copies.lowerBound + row].next(using: &streams[row])
          for c in 0..<size { unit[c] = ActionScaling.clipToUnit(unit[c] + shift[c]) }
        }
      }
    }
    core.scaling.fromUnit(actions, rows: copies.count)
  }

  /// The engine for `update` in `world`, whose steps must have gradients, and scores where the estimator needs them. It
  /// shares the world's parameters: let go of it before the world is fitted again. Allocates.
  public func makeImagination<W: World>(in world: W) -> ModelGradientImagination<W, Head> {
    precondition(
      world.gradients >= (settings.estimator == .reparametrization ? .pathwise : .pathwiseAndScores),
      "a world without the gradients that \(settings.estimator.rawValue) needs")
    let (policy, critics) = (core.actorNetwork, settings.terminalValue == .critic ? core.critics : nil)
    let (actionSize, settings) = (core.scaling.size, settings)
    return Imagination(in: world, itemsPerShard: settings.rowsPerShard, keeping: settings.horizon) { _ in
      // room for a full shard always: where a row's noise lies must not depend on the batch
      ModelGradientVisitor(policy: policy, critics: critics, actionSize: actionSize, settings)
    }
  }

  /// One gradient step of the policy on trajectories imagined from the batch's observations, after one of the critics, if
  /// there are any, on its transitions. Does not allocate after the first call. Throws `NumericalFailure` when a critic's
  /// loss is not finite.
  public mutating func update<W: World>(
    on batch: TransitionBatch, in imagination: ModelGradientImagination<W, Head>, using random: inout RandomStream,
    metrics: inout MetricRow
  ) throws(NumericalFailure) {
    if settings.terminalValue == .critic {
      try core.update(on: batch, temperature: 0, movesTargets: true, improves: false, using: &random)
        .critic.record(in: &metrics)
    }
    let stream = random.child("imagination").child(updates)
    updates += 1
    let scratch = reserve(starts: batch.count)
    let outcome = scratch.differentiate(
      core, settings, at: batch.observations, times: batch.times, in: imagination, using: stream)
    let norm = scratch.gradient.clipNorm(to: settings.gradientClip)
    // A trajectory that went out of bounds says nothing about where to go.
    let isUsable = norm.isFinite
    if isUsable {
      metrics.record("imagined_return", outcome.meanReturn)
      metrics.record("gradient_norm", norm)
      core.actorOptimizer.step(&core.actor, gradient: scratch.gradient, learningRate: settings.learningRate)
    }
    if settings.estimator == .totalPropagation { metrics.record("likelihood_share", outcome.likelihoodShare) }
    metrics.record("skipped_updates", isUsable ? 0 : 1)
  }

  /// The gradient that an update descends, before clipping, laid out as the policy's parameters: that of minus the average
  /// imagined return from `starts` [N, D]. A copy; for studies and tests.
  package mutating func gradient<W: World>(
    at starts: Matrix, in imagination: ModelGradientImagination<W, Head>, using random: RandomStream
  ) -> (gradient: [Float], meanReturn: Float) {
    let scratch = reserve(starts: starts.rows)
    let outcome = scratch.differentiate(
      core, settings, at: starts, times: [], in: imagination, using: random)
    return (scratch.gradient.elements, outcome.meanReturn)
  }

  /// The policy's parameters.
  package var parameters: Vector {
    get { core.actor }
    set { core.actor.copy(from: newValue) }
  }

  /// Scratch of this value alone.
  private mutating func reserve(starts: Int) -> ModelGradientScratch<Head> {
    if isKnownUniquelyReferenced(&scratch), let kept = scratch, kept.fits(starts: starts) { return kept }
    let fresh = ModelGradientScratch(core, settings, starts: starts)
    scratch = fresh
    return fresh
  }
}

extension PolicyBackpropagation: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.inline(&core)
    try fields.field("noise", copies: &noise)
    try fields.field("updates", &updates)
  }
}
