import Archive
import Interfaces
import Kernels
import Networks

/// Deterministic actor-critic: TD3 (Fujimoto et al. 2018), and with its three ideas off DDPG (Lillicrap et al. 2016).
///
/// With a~ = clip(mu'(s') + clip(noise)), the critic target is y = r + discount * continues * min_i Q'_i(s', a~), the
/// loss 1/2 mean (Q_i - y)^2 for each critic. Every `policyDelay`th update the actor descends -mean Q_1(s, mu(s)), and
/// the targets of actor and critics move.
public struct DeterministicActorCritic: ValueLearner {
  public static let metricNames = ["critic_loss", "actor_loss", "q_value"]

  /// What was set.
  public let settings: DeterministicActorCriticSettings
  /// Its networks.
  package var core: ActorCriticCore<DeterministicActor>
  private var noise: [ExplorationNoise]
  private var updates = 0

  public static let title = "TD3"

  public init(_ settings: DeterministicActorCriticSettings, for spec: EnvironmentSpec, using random: RandomStream) {
    let (low, high) = spec.action.bounds
    self.init(settings, observationSize: spec.observationSize, low: low, high: high, using: random)
  }

  /// A fresh learner for observations of `observationSize` floats and actions between `low` and `high`.
  public init(
    _ settings: DeterministicActorCriticSettings, observationSize: Int, low: [Float], high: [Float],
    using random: RandomStream
  ) {
    self.settings = settings
    core = ActorCriticCore(
      DeterministicActor(
        exploration: settings.noise.scale, targetNoise: settings.targetNoise, targetNoiseClip: settings.targetNoiseClip),
      .init(
        observationSize: observationSize, low: low, high: high, hidden: settings.hidden,
        activation: settings.activation, layerNormalization: settings.layerNormalization, precision: settings.precision,
        critics: settings.critics, ascent: .leastOf(1), targetsActor: true, resets: settings.resets),
      .init(
        actorLearningRate: settings.actorLearningRate, criticLearningRate: settings.criticLearningRate,
        discount: settings.discount, tau: settings.tau),
      using: random)
    noise = [ExplorationNoise(settings.noise, size: low.count)]
  }

  public var discount: Float { settings.discount }
  public var policy: ActorPolicy<DeterministicActor> { core.policy }
  public var bootstrap: ActorBootstrap<DeterministicActor> { core.bootstrap(temperature: 0) }

  /// Whether the update that was begun last is one of the policy, too.
  private var isPolicyDue: Bool { updates % settings.policyDelay == 0 }

  public mutating func prepare(copies: Int) { noise = Array(repeating: noise[0], count: copies) }

  public mutating func startEpisode(of copy: Int) { noise[copy].reset() }

  public func predictedValue(of observation: UnsafePointer<Float>) -> Float? { core.predictedValue(of: observation) }

  public mutating func act(
    on observations: UnsafePointer<Float>, of copies: Range<Int>, explore: Bool,
    using streams: UnsafeMutablePointer<RandomStream>, actions: UnsafeMutablePointer<Float>
  ) {
    let size = core.scaling.size
    core.forEachOutput(on: observations, count: copies.count, exactly: !explore) { row, output in
      let shift = explore ? noise[copies.lowerBound + row].next(using: &streams[row]) : nil
      for c in 0..<size {
        let mean = Scalar.tanh(output[c])
        actions[row * size + c] = shift.map { ActionScaling.clipToUnit(mean + $0[c]) } ?? mean
      }
    }
    core.scaling.fromUnit(actions, rows: copies.count)
  }

  public mutating func update(
    on batch: TransitionBatch, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    updates += 1
    let losses = core.update(
      on: batch, temperature: 0, movesTargets: isPolicyDue, improves: isPolicyDue, using: &random)
    try losses.critic.record(in: &metrics)
    try losses.actor?.record(in: &metrics)
  }

  public mutating func fitValues(to batch: ValueBatch, metrics: inout MetricRow) throws(NumericalFailure) {
    updates += 1
    try core.fitValues(to: batch, movesTargets: isPolicyDue).record(in: &metrics)
  }

  /// The actor's part of an update, when it is due.
  public mutating func improvePolicy(
    at observations: Matrix, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    guard isPolicyDue else { return }
    try core.improvePolicy(at: observations, temperature: 0, using: &random).record(in: &metrics)
  }
}

extension DeterministicActorCritic: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.inline(&core)
    try fields.field("noise", copies: &noise)
    try fields.field("updates", &updates)
  }
}
