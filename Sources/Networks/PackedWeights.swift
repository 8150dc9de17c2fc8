import Kernels

/// The weights of one parameter set in the order that products read them: made once, they serve any number of passes
/// with the same parameters. Without them each pass of a `Perceptron` makes its own.
public final class PackedWeights {
  /// A layer's sizes, where its weights are among the parameters, and where they and their transpose are packed: nil where
  /// products read them as they are stored, or no gradient passes.
  private struct Layer {
    let inputs: Int
    let outputs: Int
    let weight: Int
    let isReduced: Bool
    let packsForward: Bool
    let packsGradient: Bool
    var forward: Int?
    var gradient: Int?

    /// Floats of the weights, or of their transpose, packed.
    func count(transposed: Bool) -> Int {
      let (k, n) = transposed ? (outputs, inputs) : (inputs, outputs)
      let floats = isReduced ? BFloat16Product.count(outer: n, inner: k) : PackedMatrix.count(k: k, n: n)
      return (floats + 15) / 16 * 16
    }

    func pack(_ weights: UnsafePointer<Float>, transposed: Bool, into target: UnsafeMutablePointer<Float>) {
      let (k, n) = transposed ? (outputs, inputs) : (inputs, outputs)
      let pack = isReduced ? BFloat16Product.pack : PackedMatrix.pack
      pack(weights, outputs, transposed, k, n, target)
    }
  }

  private let layers: [Layer]
  private let block: Vector
  private let base: UnsafeMutablePointer<Float>

  /// Room for the weights of `network`; with `gradients` those that `backward` needs too (the first layer's only with
  /// `inputGradients`).
  public convenience init(for network: Perceptron, gradients: Bool = false, inputGradients: Bool = false) {
    self.init(
      network.layers.enumerated().map { index, layer in
        Layer(
          inputs: layer.inputs, outputs: layer.outputs, weight: layer.weight, isReduced: layer.isReduced,
          packsForward: layer.outputs > 1 && (layer.gain == nil || layer.isReduced),
          packsGradient: layer.outputs > 1 && gradients && (index > 0 || inputGradients))
      })
  }

  /// Room for the weights of `network`, with `gradients` also for passes back.
  package convenience init(for network: NormalizedPerceptron, gradients: Bool) {
    self.init(
      network.layers.map {
        Layer(
          inputs: $0.inputs, outputs: $0.outputs, weight: $0.weight, isReduced: $0.isReduced, packsForward: true,
          packsGradient: gradients)
      })
  }

  private init(_ layers: [Layer]) {
    var count = 0
    self.layers = layers.map { layer in
      var layer = layer
      if layer.packsForward {
        layer.forward = count
        count += layer.count(transposed: false)
      }
      if layer.packsGradient {
        layer.gradient = count
        count += layer.count(transposed: true)
      }
      return layer
    }
    // tiles ask memory for what lies behind a panel
    var block = Vector(count: count + 64)
    base = block.mutablePointer
    self.block = block
  }

  /// Takes the weights of `parameters`, laid out by the network's layout. O(parameters), no allocation.
  package func update(from parameters: UnsafePointer<Float>) {
    for layer in layers {
      if let forward = layer.forward {
        layer.pack(parameters + layer.weight, transposed: false, into: base + forward)
      }
      if let gradient = layer.gradient {
        layer.pack(parameters + layer.weight, transposed: true, into: base + gradient)
      }
    }
  }

  /// The packed weights of layer `index` for a forward pass, if kept.
  func forward(_ index: Int) -> UnsafePointer<Float>? { layers[index].forward.map { UnsafePointer(base + $0) } }

  /// The packed weights of layer `index` for a gradient, if kept.
  func gradient(_ index: Int) -> UnsafePointer<Float>? { layers[index].gradient.map { UnsafePointer(base + $0) } }
}
