import Archive
import Kernels
import Networks

/// Noisy networks (Fortunato et al. 2018) with factorised noise, around an ordinary network: the last layers' weights
/// are mu + sigma * epsilon, epsilon_ij = f(e_i) f(e'_j), those of their biases f(e'_j), with normal e, e' and f(x) =
/// sign(x) sqrt(|x|). The network's own parameters are mu; sigma and what is drawn are kept here, for all parameters, 0
/// where there is no noise.
package struct ParameterNoise {
  private let layers: [Perceptron.Layer]
  /// Where the parameters of the layers' perceptron begin.
  private let offset: Int
  package private(set) var scales: Vector
  package private(set) var targetScales: Vector
  private var optimizer: Adam
  private var draws: Vector
  private var targetDraws: Vector
  private var noisy: Vector
  private var noisyTargets: Vector
  /// f(e), then f(e') of one layer.
  private var factors: Vector

  /// A step under way, by pointers.
  struct Step {
    let optimizer: Adam.Step
    /// mu + sigma * epsilon.
    let parameters: UnsafePointer<Float>
    /// The same of the target network, with noise of its own.
    let targets: UnsafePointer<Float>
    let draws: UnsafePointer<Float>
    let scales: UnsafeMutablePointer<Float>
    let targetScales: UnsafeMutablePointer<Float>
  }

  /// Noise in that many last layers of `network`; sigma starts at `scale` / sqrt(inputs of the layer).
  init(_ network: ConvolutionalNetwork, layers count: Int, scale: Float) {
    layers = Array(network.body.layers.suffix(count))
    offset = network.bodyOffset
    let size = network.layout.count
    scales = Vector(count: size)
    let base = scales.mutablePointer + offset
    for layer in layers {
      let sigma = scale / Float(layer.inputs).squareRoot()
      (base + layer.weight).update(repeating: sigma, count: layer.inputs * layer.outputs)
      (base + layer.bias).update(repeating: sigma, count: layer.outputs)
    }
    targetScales = scales
    optimizer = Adam(count: size)
    (draws, targetDraws) = (Vector(count: size), Vector(count: size))
    (noisy, noisyTargets) = (Vector(count: size), Vector(count: size))
    factors = Vector(count: layers.map { $0.inputs + $0.outputs }.max() ?? 0)
  }

  /// Draws noise for the network's and its target's parameters.
  mutating func draw(_ parameters: Vector, _ targets: Vector, using random: inout RandomStream) {
    _ = draw(parameters, using: &random)
    ParameterNoise.draw(layers, into: targetDraws.mutablePointer + offset, factors.mutablePointer, using: &random)
    ParameterNoise.join(targets, targetScales, targetDraws, into: &noisyTargets)
  }

  /// Draws noise for the network's parameters: mu + sigma * epsilon, valid until the next draw.
  mutating func draw(_ parameters: Vector, using random: inout RandomStream) -> UnsafePointer<Float> {
    ParameterNoise.draw(layers, into: draws.mutablePointer + offset, factors.mutablePointer, using: &random)
    ParameterNoise.join(parameters, scales, draws, into: &noisy)
    return noisy.pointer
  }

  /// Counts a step with the noise last drawn.
  mutating func beginStep(learningRate: Float) -> Step {
    Step(
      optimizer: optimizer.beginStep(learningRate: learningRate), parameters: noisy.pointer,
      targets: noisyTargets.pointer, draws: draws.pointer, scales: scales.mutablePointer,
      targetScales: targetScales.mutablePointer)
  }

  private static func draw(
    _ layers: [Perceptron.Layer], into draws: UnsafeMutablePointer<Float>, _ factors: UnsafeMutablePointer<Float>,
    using random: inout RandomStream
  ) {
    for layer in layers {
      let (inputs, outputs) = (layer.inputs, layer.outputs)
      random.fillNormal(factors, count: inputs + outputs)
      for i in 0..<inputs + outputs {
        let size = abs(factors[i]).squareRoot()
        factors[i] = factors[i] < 0 ? -size : size
      }
      let last = factors + inputs
      for i in 0..<inputs {
        let row = draws + layer.weight + i * outputs
        for o in 0..<outputs { row[o] = factors[i] * last[o] }
      }
      (draws + layer.bias).update(from: last, count: outputs)
    }
  }

  private static func join(_ mean: Vector, _ scale: Vector, _ draws: Vector, into result: inout Vector) {
    let (m, s, e, out) = (mean.pointer, scale.pointer, draws.pointer, result.mutablePointer)
    for i in 0..<mean.count { out[i] = m[i] + s[i] * e[i] }
  }
}

extension ParameterNoise: Archived {
  package mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("scales", &scales)
    try fields.field("target_scales", &targetScales)
    try fields.field("optimizer", &optimizer)
  }
}
