import Archive
import Interfaces
import Kernels
import Networks

/// TD-MPC2's world and values (Hansen, Su and Wang 2024, "TD-MPC2: Scalable, Robust World Models for Continuous
/// Control"): a latent world that need not predict observations, learned with distributional Q-functions and a policy
/// prior.
///
/// On a stretch of H transitions, z_0 = h(s_0), z_{t+1} = d(z_t, a_t), and with the constants
///
///     zbar_t = h(s_t)
///     q_t = r_t + discount * continues_t * min over two i of Qbar_i(zbar_{t+1}, p(zbar_{t+1}))
///
/// the loss is, averaged over the batch,
///
///     sum over t < H of rho^t / H ( c |z_{t+1} - zbar_{t+1}|^2 / L + w CE(R(z_t, a_t), r_t)
///                                   + v mean over i of CE(Q_i(z_t, a_t), q_t) )
///
/// where CE is the cross-entropy in symlog space (`SymlogBins`); where terminations are learned, plus
///
///     u mean over t < H of BCE(T(z_{t+1}), 1 - continues_t)
///
/// where BCE is the cross-entropy of logits. Then the policy, with the z_t as constants and S a running range of
/// values, descends
///
///     - sum over t <= H of rho^t / (H + 1) ( mean over two i of Q_i(z_t, a) / S
///                                            + entropy weight * A * H[p](z_t) ),  a ~ p(z_t)
///
/// and the targets Qbar_i follow. The entropy is that of the Gaussian before tanh, times the number A of action
/// components, as in the authors' code.
public struct TDMPC2 {
  /// What `update` records, in order.
  public static let metricNames = [
    "consistency_loss", "reward_loss", "value_loss", "termination_loss", "gradient_norm", "policy_loss",
    "policy_entropy", "value_scale",
  ]

  /// What was set.
  public let settings: TDMPC2LearnerSettings
  /// Discount of a decision.
  public let discount: Float
  /// Its networks' shapes.
  package let networks: TDMPC2Networks
  /// Between actions of the environment and those in the unit box.
  package let scaling: ActionScaling
  /// Parameters of encoder, dynamics, rewards and Q-functions.
  package internal(set) var world: Vector
  /// Parameters of the policy prior.
  package internal(set) var policy: Vector
  /// Parameters of the Q-functions' targets.
  package internal(set) var targets: Vector
  var encoderOptimizer: Adam
  var worldOptimizer: Adam
  var policyOptimizer: Adam
  var scale = ValueScale()
  /// Updates so far.
  package private(set) var updates = 0
  private var draws: TDMPC2Draws?
  private var scratch: TDMPC2Scratch?
  private var kept: TDMPC2Packed?

  /// A fresh learner for an environment of `spec`, with actions in a box.
  public init(_ settings: TDMPC2LearnerSettings, for spec: EnvironmentSpec, using random: RandomStream) {
    let (low, high) = spec.action.bounds
    self.settings = settings
    scaling = ActionScaling(low: low, high: high)
    discount = settings.discount ?? TDMPC2.discount(episodeLength: spec.stepLimit)
    networks = TDMPC2Networks(settings, observationSize: spec.observationSize, actionSize: scaling.size)
    world = networks.drawWorld(using: random)
    policy = networks.drawPolicy(using: random)
    targets = Vector(count: networks.critics * networks.value.layout.count)
    targets.mutablePointer.update(from: world.pointer + networks.valueStart, count: targets.count)
    encoderOptimizer = Adam(count: networks.dynamicsStart)
    worldOptimizer = Adam(count: world.count - networks.dynamicsStart)
    policyOptimizer = Adam(count: policy.count, epsilon: 1e-5)
  }

  /// The discount for episodes of `length` steps: 1 - 5 / length, within 0.95...0.995.
  static func discount(episodeLength length: Int) -> Float { min(max(1 - 5 / Float(max(length, 1)), 0.95), 0.995) }

  /// Takes other parameters, where they are given.
  package mutating func adopt(world: Vector? = nil, policy: Vector? = nil, targets: Vector? = nil) {
    self.world = world ?? self.world
    self.policy = policy ?? self.policy
    self.targets = targets ?? self.targets
    kept = nil
  }

  /// The weights as products read them; made anew after a copy of the learner or `restore`.
  package mutating func packed() -> TDMPC2Packed {
    if isKnownUniquelyReferenced(&kept), let kept { return kept }
    let fresh = TDMPC2Packed(networks)
    fresh.updateWorld(networks, world, targets)
    fresh.policy.update(from: policy.pointer)
    kept = fresh
    return fresh
  }

  /// One update on `batch`, whose stretches have as many steps as the settings' horizon. Throws `NumericalFailure` when a
  /// loss is not finite.
  public mutating func update(
    on batch: SequenceBatch, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    var draws =
      self.draws.take() ?? TDMPC2Draws(count: batch.count, steps: batch.steps, actionSize: networks.actionSize)
    defer { self.draws = draws }
    precondition(draws.targetNoise.count == batch.actions.count, "batch of another shape")
    draws.draw(critics: networks.critics, update: updates, using: &random)
    try update(on: batch, with: draws, metrics: &metrics)
  }

  /// The same with given draws.
  package mutating func update(
    on batch: SequenceBatch, with draws: TDMPC2Draws, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    precondition(
      batch.observations.columns == networks.encoder.inputs && batch.actions.columns == networks.actionSize
        && batch.steps == settings.horizon && batch.count > 0, "batch of another shape")
    let (scratch, packed) = (reserve(batch.count), packed())
    defer { scratch.finish() }
    updates += 1
    let losses = scratch.fitWorld(&self, packed, batch, draws)
    try losses.record(in: &metrics, withTermination: settings.learnsTermination)
    let improvement = scratch.improvePolicy(&self, packed, draws)
    guard improvement.loss.isFinite else { throw NumericalFailure(metric: "policy_loss", value: improvement.loss) }
    metrics.record("policy_loss", improvement.loss)
    metrics.record("policy_entropy", improvement.entropy)
    metrics.record("value_scale", scale.value)
  }

  /// The loss of `update` and its gradient by the world's parameters, which stay as they are: for tests.
  package mutating func worldGradient(on batch: SequenceBatch, with draws: TDMPC2Draws) -> (loss: Float, Vector) {
    let (scratch, packed) = (reserve(batch.count), packed())
    let losses = scratch.worldGradient(&self, packed, batch, draws)
    return (losses.total(settings), scratch.gradient)
  }

  /// The loss of the policy at the latent states of the last `worldGradient` or `update`, and its gradient: for tests.
  package mutating func policyGradient(with draws: TDMPC2Draws) -> (loss: Float, Vector) {
    let packed = packed()
    guard let scratch else { preconditionFailure("there was no update") }
    var copy = scale
    let improvement = scratch.policyGradient(&self, packed, draws, &copy)
    return (improvement.loss, scratch.policyGradient)
  }

  /// Scratch of this value alone: a copy of the learner gets its own at its first update.
  private mutating func reserve(_ rows: Int) -> TDMPC2Scratch {
    if isKnownUniquelyReferenced(&scratch), let kept = scratch, kept.rows == rows { return kept }
    let fresh = TDMPC2Scratch(networks, rows: rows, steps: settings.horizon)
    scratch = fresh
    return fresh
  }
}

extension TDMPC2: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("world", &world)
    try fields.field("policy", &policy)
    try fields.field("targets", &targets)
    try fields.field("encoder_optimizer", &encoderOptimizer)
    try fields.field("world_optimizer", &worldOptimizer)
    try fields.field("policy_optimizer", &policyOptimizer)
    try fields.inline(&scale)
    try fields.field("updates", &updates)
    if fields.isRestoring { kept = nil }
  }
}

extension TDMPC2Packed {
  /// Takes the weights of `world` and `targets`.
  func updateWorld(_ networks: TDMPC2Networks, _ world: Vector, _ targets: Vector) {
    let base = world.pointer
    encoder.update(from: base)
    dynamics.update(from: base + networks.dynamicsStart)
    reward.update(from: base + networks.rewardStart)
    termination?.update(from: base + networks.terminationStart)
    for critic in 0..<networks.critics {
      values[critic].update(from: base + networks.start(of: critic))
      self.targets[critic].update(from: targets.pointer + critic * networks.value.layout.count)
    }
  }
}
