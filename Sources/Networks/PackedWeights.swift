import Kernels

/// The weights of one parameter set in the order that products read them: made once, they serve any number of passes
/// with the same parameters. Without them each pass makes its own.
public final class PackedWeights {
  private let network: Perceptron
  private let block: Vector
  private let base: UnsafeMutablePointer<Float>
  /// First float of each layer's packed weights; those of its transposed weights, for gradients, where there are any.
  private let forwardPlaces: [Int]
  private let gradientPlaces: [Int?]

  /// Room for the weights of `network`; with `gradients` those that `backward` needs too (the first layer's only with
  /// `inputGradients`).
  public init(for network: Perceptron, gradients: Bool = false, inputGradients: Bool = false) {
    self.network = network
    var count = 0
    func take(k: Int, n: Int) -> Int {
      defer { count += (PackedMatrix.count(k: k, n: n) + 15) / 16 * 16 }
      return count
    }
    forwardPlaces = network.layers.map { take(k: $0.inputs, n: $0.outputs) }
    gradientPlaces = network.layers.enumerated().map { index, layer in
      gradients && (index > 0 || inputGradients) ? take(k: layer.outputs, n: layer.inputs) : nil
    }
    var block = Vector(count: count)
    base = block.mutablePointer
    self.block = block
  }

  /// Takes the weights of `parameters`, laid out by the network's layout. O(parameters), no allocation.
  package func update(from parameters: UnsafePointer<Float>) {
    for (index, layer) in network.layers.enumerated() where layer.outputs > 1 {
      let weights = parameters + layer.weight
      PackedMatrix.pack(
        weights, ldb: layer.outputs, transposed: false, k: layer.inputs, n: layer.outputs,
        into: base + forwardPlaces[index])
      if let place = gradientPlaces[index] {
        PackedMatrix.pack(
          weights, ldb: layer.outputs, transposed: true, k: layer.outputs, n: layer.inputs, into: base + place)
      }
    }
  }

  /// The packed weights of layer `index` for a forward pass.
  func forward(_ index: Int) -> UnsafePointer<Float> { UnsafePointer(base + forwardPlaces[index]) }

  /// The packed weights of layer `index` for a gradient, if kept.
  func gradient(_ index: Int) -> UnsafePointer<Float>? { gradientPlaces[index].map { UnsafePointer(base + $0) } }
}
