import Kernels
import Networks

/// The networks of TD-MPC2 and where their parameters are: encoder h, latent dynamics d, reward R and Q-functions Q_i
/// in one vector, where terminations are learned with their network T at its end; the policy prior p in another.
///
/// z = h(s), z' = d(z, a), r = R(z, a), q = Q_i(z, a), an end after z if T(z) > 0, a ~ p(z). Actions are in the unit box.
package struct TDMPC2Networks: Sendable {
  /// h, from observations [D] to latent states [L].
  package let encoder: NormalizedPerceptron
  /// d, from (z, a) to the next latent state.
  package let dynamics: NormalizedPerceptron
  /// R, from (z, a) to logits over `bins`.
  package let reward: NormalizedPerceptron
  /// Each Q_i, from (z, a) to logits over `bins`.
  package let value: NormalizedPerceptron
  /// T, from z to the logit of the probability that the episode has terminated there, where that is learned.
  package let termination: NormalizedPerceptron?
  /// p, from z to means and raw logarithms of deviations, [2 A].
  package let policy: NormalizedPerceptron
  /// What logits of rewards and values stand for.
  package let bins: SymlogBins
  /// Number of Q-functions.
  package let critics: Int
  /// Components of a latent state, L.
  package let latent: Int
  /// Components of an action, A.
  package let actionSize: Int
  /// Least logarithm of the policy's standard deviation, and the width of its range.
  package let (logStdLow, logStdRange): (Float, Float)
  /// First parameters.
  package let (dynamicsStart, rewardStart, valueStart, terminationStart): (Int, Int, Int, Int)
  /// Names and places of the world's parameters.
  package let layout: ParameterLayout

  /// Networks of the settings' widths for observations [D] and actions [A].
  package init(_ settings: TDMPC2LearnerSettings, observationSize: Int, actionSize: Int) {
    latent = settings.latent
    self.actionSize = actionSize
    critics = settings.critics
    bins = SymlogBins(count: settings.bins, low: -settings.binLimit, high: settings.binLimit)
    (logStdLow, logStdRange) = (settings.logStdMin, settings.logStdMax - settings.logStdMin)
    let pair = latent + actionSize
    encoder = NormalizedPerceptron(
      inputs: observationSize, hidden: settings.encoderHidden, outputs: latent, simplex: settings.simplex,
      precision: settings.precision)
    dynamics = NormalizedPerceptron(
      inputs: pair, hidden: settings.hidden, outputs: latent, simplex: settings.simplex,
      precision: settings.precision)
    reward = NormalizedPerceptron(
      inputs: pair, hidden: settings.hidden, outputs: settings.bins, precision: settings.precision)
    value = NormalizedPerceptron(
      inputs: pair, hidden: settings.hidden, outputs: settings.bins, dropout: settings.dropout,
      precision: settings.precision)
    policy = NormalizedPerceptron(
      inputs: latent, hidden: settings.hidden, outputs: 2 * actionSize, precision: settings.precision)
    termination =
      settings.learnsTermination
      ? NormalizedPerceptron(inputs: latent, hidden: settings.hidden, outputs: 1, precision: settings.precision) : nil
    var layout = ParameterLayout()
    layout.append("encoder", encoder.layout)
    dynamicsStart = layout.append("dynamics", dynamics.layout)
    rewardStart = layout.append("reward", reward.layout)
    valueStart = layout.count
    for critic in 0..<critics { layout.append("value.\(critic)", value.layout) }
    terminationStart = layout.count
    if let termination { layout.append("termination", termination.layout) }
    self.layout = layout
  }

  /// First parameter of Q-function `critic` in the world's parameters.
  package func start(of critic: Int) -> Int { valueStart + critic * value.layout.count }

  /// Draws the world's parameters: the last layers of rewards and values start at 0.
  func drawWorld(using random: RandomStream) -> Vector {
    var parameters = Vector(count: layout.count)
    let base = parameters.mutablePointer
    func draw(_ network: NormalizedPerceptron, _ start: Int, _ label: String, startsAtZero: Bool = false) {
      var stream = random.child(label)
      network.draw(into: base + start, startsAtZero: startsAtZero, using: &stream)
    }
    draw(encoder, 0, "encoder")
    draw(dynamics, dynamicsStart, "dynamics")
    draw(reward, rewardStart, "reward", startsAtZero: true)
    for critic in 0..<critics { draw(value, start(of: critic), "value-\(critic)", startsAtZero: true) }
    if let termination { draw(termination, terminationStart, "termination") }
    return parameters
  }

  func drawPolicy(using random: RandomStream) -> Vector {
    var parameters = Vector(count: policy.layout.count)
    var stream = random.child("policy")
    policy.draw(into: parameters.mutablePointer, using: &stream)
    return parameters
  }

  /// Actions tanh(mean + e^(log std) noise) [rows, A] for the policy's outputs [rows, 2 A], written every `stride`
  /// floats, with log std = low + range (tanh(output) + 1) / 2.
  package func act(
    _ outputs: UnsafePointer<Float>, noise: UnsafePointer<Float>, rows: Int, actions: UnsafeMutablePointer<Float>,
    stride: Int
  ) {
    let size = actionSize
    for r in 0..<rows {
      let output = outputs + r * 2 * size
      for c in 0..<size {
        let deviation = Scalar.exp(logDeviation(output[size + c]))
        actions[r * stride + c] = Scalar.tanh(output[c] + deviation * noise[r * size + c])
      }
    }
  }

  func logDeviation(_ output: Float) -> Float { logStdLow + 0.5 * logStdRange * (Scalar.tanh(output) + 1) }

  /// Overwrites the policy's outputs by their gradients: `actionGradient` [rows, A] is that of the actions,
  /// `entropyGradient` that of every log std besides.
  func policyBackward(
    _ outputs: UnsafeMutablePointer<Float>, noise: UnsafePointer<Float>, actionGradient: UnsafePointer<Float>,
    entropyGradient: Float, rows: Int
  ) {
    let size = actionSize
    for r in 0..<rows {
      let output = outputs + r * 2 * size
      for c in 0..<size {
        let squashed = Scalar.tanh(output[size + c])
        let deviation = Scalar.exp(logStdLow + 0.5 * logStdRange * (squashed + 1))
        let draw = noise[r * size + c]
        let action = Scalar.tanh(output[c] + deviation * draw)
        let slope = actionGradient[r * size + c] * (1 - action * action)
        output[c] = slope
        let logSlope = slope * deviation * draw + entropyGradient
        output[size + c] = logSlope * 0.5 * logStdRange * (1 - squashed * squashed)
      }
    }
  }
}

/// The weights of a set of TD-MPC2's parameters in the order that products read them.
package final class TDMPC2Packed {
  package let encoder: PackedWeights
  package let dynamics: PackedWeights
  package let reward: PackedWeights
  package let values: [PackedWeights]
  package let targets: [PackedWeights]
  package let termination: PackedWeights?
  package let policy: PackedWeights

  init(_ networks: TDMPC2Networks) {
    encoder = .init(for: networks.encoder, gradients: true)
    dynamics = .init(for: networks.dynamics, gradients: true)
    reward = .init(for: networks.reward, gradients: true)
    values = (0..<networks.critics).map { _ in .init(for: networks.value, gradients: true) }
    targets = (0..<networks.critics).map { _ in .init(for: networks.value, gradients: false) }
    termination = networks.termination.map { .init(for: $0, gradients: true) }
    policy = .init(for: networks.policy, gradients: true)
  }
}
