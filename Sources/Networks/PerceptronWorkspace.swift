import Kernels

/// Scratch of one thread for passes of at most `capacity` rows through one architecture. Holds no state between a forward
/// pass and the backward pass that follows it.
public final class PerceptronWorkspace {
  /// Most rows in a pass.
  public let capacity: Int
  /// Whether activations are kept for `backward` and `pushforward`.
  public let keepsActivations: Bool
  private var block: Vector
  /// Output of each layer [capacity, outputs]; two alternating blocks when activations are not kept.
  package let outputs: [UnsafeMutablePointer<Float>]
  /// Slope of the activation at each hidden layer (SiLU only) [capacity, outputs].
  package let slopes: [UnsafeMutablePointer<Float>]
  /// Normalized values of each hidden layer [capacity, outputs], then inverse standard deviations [capacity].
  package let normalized: [UnsafeMutablePointer<Float>]
  /// Factors of each hidden layer's components, 0 where they are left out (dropout only) [capacity, outputs].
  package let kept: [UnsafeMutablePointer<Float>]
  /// Whether the last forward pass left components out.
  var drops = false
  /// Two blocks of [capacity, widest layer] for gradients or tangents.
  package let deltas: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>)

  /// Scratch for `network`; allocates once, here.
  public init(for network: Perceptron, capacity: Int, keepsActivations: Bool) {
    precondition(capacity > 0, "capacity \(capacity)")
    self.capacity = capacity
    self.keepsActivations = keepsActivations
    func padded(_ count: Int) -> Int { (count + 15) & ~15 }
    let widest = (network.hidden + [network.outputs]).max() ?? network.outputs
    var sizes: [Int] = []
    let hidden = network.hidden.map { padded(capacity * $0) }
    if keepsActivations {
      sizes += hidden + [padded(capacity * network.outputs)]
      if network.activation == .silu { sizes += hidden }
      if network.layerNormalization { sizes += hidden.map { $0 + padded(capacity) } }
      if network.dropout > 0 { sizes += hidden }
      sizes += [padded(capacity * widest), padded(capacity * widest)]
    } else {
      sizes += [padded(capacity * widest), padded(capacity * widest)]
      if network.layerNormalization { sizes += [padded(capacity * widest) + padded(capacity)] }
      if network.dropout > 0 { sizes += [padded(capacity * widest)] }
    }
    var block = Vector(count: sizes.reduce(0, +))
    var next = block.mutablePointer
    func take() -> UnsafeMutablePointer<Float> {
      defer { next += sizes.removeFirst() }
      return next
    }
    let count = network.layers.count
    if keepsActivations {
      outputs = (0..<count).map { _ in take() }
      slopes = network.activation == .silu ? (0..<count - 1).map { _ in take() } : []
      normalized = network.layerNormalization ? (0..<count - 1).map { _ in take() } : []
      kept = network.dropout > 0 ? (0..<count - 1).map { _ in take() } : []
      deltas = (take(), take())
    } else {
      let pair = (take(), take())
      outputs = (0..<count).map { $0 % 2 == 0 ? pair.0 : pair.1 }
      slopes = []
      let one = network.layerNormalization ? take() : pair.0
      normalized = network.layerNormalization ? (0..<count - 1).map { _ in one } : []
      let factors = network.dropout > 0 ? take() : pair.0
      kept = network.dropout > 0 ? (0..<count - 1).map { _ in factors } : []
      deltas = pair
    }
    self.block = block
  }

  /// Output rows of the last forward pass.
  package var output: UnsafeMutablePointer<Float> { outputs[outputs.count - 1] }
}
