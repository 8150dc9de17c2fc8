import Kernels
import Networks

/// Buffers of one block of a batch's stretches, R of them: what the passes of an update leave for one another. Rows are
/// by time, t * R + b.
final class TDMPC2Block {
  /// Most stretches, R.
  let capacity: Int
  /// Observations, then encoded targets: [(H + 1) * R, D].
  var observations: Matrix
  /// Latent states z_0 ... z_H of the rollout, [(H + 1) * R, L].
  var latents: Matrix
  /// Encoded next observations, [H * R, L].
  var encoded: Matrix
  /// Latent states and actions side by side, [(H + 1) * R, L + A]: of the rollout, of targets, of the policy.
  var pairs: Matrix
  /// Gradient of `pairs`, and what a network adds to it.
  var pairGradients: Matrix
  var added: Matrix
  /// Gradient of the latent states, [R, L].
  var latentGradient: Matrix
  /// Gradient of the states z_1 ... z_H by the loss of terminations, [H * R, L]; empty where that is not learned.
  var endGradients: Matrix
  /// Rewards, targets and values, [(H + 1) * R] each.
  var rewards: Vector
  var targets: Vector
  var values: Vector
  var other: Vector
  /// Actions, their gradients, and the policy's outputs.
  var noise: Vector
  var actionGradients: Matrix
  var actionPart: Matrix
  /// Passes that keep activations: one of the dynamics for each step.
  let encoder: NormalizedPerceptron.Workspace
  let dynamics: [NormalizedPerceptron.Workspace]
  let reward: NormalizedPerceptron.Workspace
  let critics: [NormalizedPerceptron.Workspace]
  let termination: NormalizedPerceptron.Workspace?
  let policy: NormalizedPerceptron.Workspace
  /// Passes that keep none.
  let encoding: NormalizedPerceptron.Workspace
  let acting: NormalizedPerceptron.Workspace
  let valuing: NormalizedPerceptron.Workspace
  var losses = TDMPC2Losses()
  /// Sum of the policy's objective and of its entropies.
  var (objective, entropy) = (0.0, 0.0)

  init(_ networks: TDMPC2Networks, capacity: Int, steps: Int) {
    self.capacity = capacity
    let (all, rolled) = ((steps + 1) * capacity, steps * capacity)
    let pair = networks.latent + networks.actionSize
    observations = Matrix(rows: all, columns: networks.encoder.inputs)
    latents = Matrix(rows: all, columns: networks.latent)
    encoded = Matrix(rows: rolled, columns: networks.latent)
    pairs = Matrix(rows: all, columns: pair)
    pairGradients = Matrix(rows: rolled, columns: pair)
    added = Matrix(rows: rolled, columns: pair)
    latentGradient = Matrix(rows: capacity, columns: networks.latent)
    endGradients = Matrix(rows: networks.termination == nil ? 0 : rolled, columns: networks.latent)
    rewards = Vector(count: rolled)
    targets = Vector(count: rolled)
    values = Vector(count: all)
    other = Vector(count: all)
    noise = Vector(count: all * networks.actionSize)
    actionGradients = Matrix(rows: all, columns: networks.actionSize)
    actionPart = Matrix(rows: all, columns: networks.actionSize)
    encoder = .init(for: networks.encoder, capacity: capacity, keepsActivations: true)
    dynamics = (0..<steps).map { _ in .init(for: networks.dynamics, capacity: capacity, keepsActivations: true) }
    reward = .init(for: networks.reward, capacity: rolled, keepsActivations: true)
    critics = (0..<networks.critics).map { _ in .init(for: networks.value, capacity: all, keepsActivations: true) }
    termination = networks.termination.map { .init(for: $0, capacity: rolled, keepsActivations: true) }
    policy = .init(for: networks.policy, capacity: all, keepsActivations: true)
    encoding = .init(for: networks.encoder, capacity: rolled, keepsActivations: false)
    acting = .init(for: networks.policy, capacity: rolled, keepsActivations: false)
    valuing = .init(for: networks.value, capacity: rolled, keepsActivations: false)
  }

  /// Copies `width` floats of each of `rows` rows between blocks of other widths.
  static func copy(
    _ source: UnsafePointer<Float>, _ from: Int, to target: UnsafeMutablePointer<Float>, _ stride: Int, width: Int,
    rows: Int
  ) {
    for r in 0..<rows { (target + r * stride).update(from: source + r * from, count: width) }
  }
}
