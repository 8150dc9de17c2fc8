import Archive
import Interfaces
import Kernels
import Networks

/// What methods with one value network share: the network, its target, its optimizer, and an update.
package struct ValueCore<Head: ValueHead> {
  let network: ConvolutionalNetwork
  /// That of the next update.
  var learningRate: Float
  let discount: Float
  /// Parameters of the network, flat.
  package var parameters: Vector
  /// Those of its target.
  package var targets: Vector
  var optimizer: NetworkOptimizer
  /// Noise on the last layers' parameters; nil without.
  package internal(set) var noise: ParameterNoise?
  private var scratch: ValueScratch<Head>?
  private let acting: ValueWorkspace

  /// A network from observations to the head's outputs, behind convolutions if there is a `front`, freshly drawn, its
  /// output layer small. With `noise` > 0 its last two layers are noisy.
  init(
    _ head: Head, observationSize: Int, hidden: [Int], activation: Activation, layerNormalization: Bool,
    front: ConvolutionalFront? = nil, optimizer: OptimizerChoice = .adam, learningRate: Float, discount: Float,
    noise scale: Float = 0, using random: RandomStream
  ) {
    precondition(front.map { $0.inputs == observationSize } ?? true, "convolutions of other images")
    network = ConvolutionalNetwork(
      front,
      Perceptron(
        inputs: front?.outputs ?? observationSize, hidden: hidden, outputs: head.outputs, activation: activation,
        layerNormalization: layerNormalization))
    self.learningRate = learningRate
    self.discount = discount
    var stream = random.child("network")
    parameters = network.initialParameters(.orthogonal(gain: Float(2).squareRoot(), last: 0.01), using: &stream)
    targets = parameters
    self.optimizer = NetworkOptimizer(optimizer, count: parameters.count)
    noise = scale > 0 ? ParameterNoise(network, layers: 2, scale: scale) : nil
    acting = ValueWorkspace(head, network, gradients: false)
  }

  /// The best actions as they are now.
  func policy(_ head: Head) -> ValuePolicy<Head> { ValuePolicy(head: head, network: network, parameters: parameters) }

  /// What targets bootstrap from now.
  func bootstrap(_ head: Head) -> ValueBootstrap<Head> {
    ValueBootstrap(head: head, network: network, parameters: parameters, targets: targets)
  }

  /// Hands `body` the network's outputs for each row of `observations` [count, D], with scratch for the head; both are
  /// valid until it returns. With `exactly` they are the same to the bit as for the row alone.
  func forEachOutput(
    on observations: UnsafePointer<Float>, count: Int, exactly: Bool,
    _ body: (_ row: Int, _ outputs: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>) -> Void
  ) {
    let size = exactly && !network.hasIndependentRows ? 1 : network.blockSize
    RowBlocks.forEach(of: count, size: size) { first, rows in
      let outputs = network.forward(
        parameters.pointer, observations + first * network.inputs, rows: rows, acting.pass)
      for row in 0..<rows { body(first + row, outputs + row * network.outputs, acting.scratch.mutablePointer) }
    }
  }

  /// The network's outputs for one row of `observation` [D] under `parameters` or, without, freshly drawn noise; valid
  /// until the next pass.
  mutating func outputs(
    on observation: UnsafePointer<Float>, under parameters: Vector?, using random: inout RandomStream
  ) -> (outputs: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>) {
    let scratch = acting.scratch.mutablePointer
    if let parameters {
      return (network.forward(parameters.pointer, observation, rows: 1, acting.pass), scratch)
    }
    guard let noisy = noise?.draw(self.parameters, using: &random) else { preconditionFailure("no noise") }
    return (network.forward(noisy, observation, rows: 1, acting.pass), scratch)
  }

  /// One step on `rows`; then the target moves by the share `tau`. Only noisy networks draw.
  mutating func update(
    _ head: Head, _ rows: FittedRows, tau: Float, using random: inout RandomStream
  ) -> CriticLosses {
    reserve(head, rows.count).update(&self, head, rows, tau: tau, using: &random)
  }

  /// How far each row of the last update was from its target.
  var errors: Vector { scratch?.errors ?? Vector(count: 0) }

  /// Scratch of this value alone: a copy of the learner gets its own at its first update.
  private mutating func reserve(_ head: Head, _ rows: Int) -> ValueScratch<Head> {
    if isKnownUniquelyReferenced(&scratch), let kept = scratch, kept.fits(rows: rows) { return kept }
    let fresh = ValueScratch(head, network, rows: rows)
    scratch = fresh
    return fresh
  }
}

extension ValueCore: Archived {
  package mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("network", &parameters)
    try fields.field("target", &targets)
    try fields.field("optimizer", &optimizer)
    try fields.field("noise", present: &noise)
  }
}
