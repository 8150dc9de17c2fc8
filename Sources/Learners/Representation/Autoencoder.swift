import Archive
import Configuration
import Interfaces
import Kernels
import Networks

/// A network that finds short codes of observations by reconstructing them (Hinton and Salakhutdinov 2006; of images in
/// reinforcement learning Lange and Riedmiller 2010):
///
///     z = encoder(x)      x' = decoder(z)      loss = mean over observations of sum_i l(x'_i, x_i)
///
/// x are observations scaled to 0...1: images by their maximum, other numbers by their least and largest values in the
/// training. l is 1/2 (x' - x)², or the cross-entropy of x with the logistic function of x'. Minibatches, Adam. All layers are
/// trained together; Lange and Riedmiller trained them one by one first.
public struct Autoencoder: Sendable {
  /// Metrics that `train` records: the root of the mean squared error of the reconstructions, whose numbers are in 0...1,
  /// and the share of the variance of the observations that they explain (0 where these do not vary).
  public static let metricNames = ["reconstruction_error", "reconstruction_explained"]

  /// What was set.
  public let settings: AutoencoderSettings
  package let encoder: ConvolutionalNetwork
  package let decoder: Perceptron
  private let isImage: Bool
  /// Of the encoder, then of the decoder.
  package private(set) var parameters: Vector
  private var optimizer: Adam
  private var scaling: InputScaling
  /// Whether it has been trained.
  public private(set) var isTrained = false
  private let scratch: AutoencoderScratch

  /// Fresh networks for observations of `observationSize` floats, which may make an image. `settings.size` is at least 1.
  public init(
    _ settings: AutoencoderSettings, observationSize: Int, image: ImageShape? = nil, using random: RandomStream
  ) {
    precondition(settings.size > 0, "a code of no numbers")
    self.settings = settings
    let front = ConvolutionChoice.front(settings.convolution, for: image, activation: settings.activation, scale: 1)
    encoder = ConvolutionalNetwork(
      front,
      Perceptron(
        inputs: front?.outputs ?? observationSize, hidden: settings.hidden, outputs: settings.size,
        activation: settings.activation))
    decoder = Perceptron(
      inputs: settings.size, hidden: settings.hidden.reversed(), outputs: observationSize,
      activation: settings.activation)
    isImage = image != nil
    scaling = InputScaling(size: observationSize, scale: image.map { 1 / $0.maximum } ?? 1)
    var stream = random.child("weights")
    let parts = [
      encoder.initialParameters(.uniform, using: &stream), decoder.initialParameters(.uniform, using: &stream),
    ]
    parameters = Vector(parts.flatMap(\.elements))
    optimizer = Adam(count: parameters.count)
    scratch = AutoencoderScratch(encoder, decoder, loss: settings.loss)
  }

  /// Throws where `settings`, under the key `key`, do not fit the observations of `spec`.
  public static func check(
    _ settings: AutoencoderSettings, key: String, for spec: EnvironmentSpec
  ) throws(ConfigurationError) {
    guard settings.size > 0 else { return }
    if settings.size >= spec.observationSize {
      throw ConfigurationError(
        kind: .relation, key: "\(key).size", value: "\(settings.size)",
        problem: "must be less than the \(spec.observationSize) numbers of an observation, or 0 for none")
    }
    try ConvolutionChoice.check(settings.convolution, for: spec.imageShape, key: "\(key).convolution")
  }

  /// Floats of an observation, D.
  public var observationSize: Int { encoder.inputs }

  /// Trains on `observations` [N, D], at least one, from the weights that it has. O(epochs * N * parameters), on all
  /// threads with the same result whatever their number. Throws `NumericalFailure` when errors are not finite.
  public mutating func train(
    on observations: Matrix, using random: RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    let count = observations.rows
    precondition(observations.columns == observationSize && count > 0, "observations of another shape")
    if !isImage { scaling.normalize(observations.pointer, count: count) }
    var (order, stream) = (Array(0..<Int32(count)), random.child("order"))
    for _ in 0..<settings.epochs {
      let error = order.withUnsafeMutableBufferPointer { order in
        order.baseAddress.map { pass(over: observations, $0, using: &stream) } ?? 0
      }
      guard error.isFinite else { throw NumericalFailure(metric: "reconstruction_error", value: Float(error)) }
    }
    isTrained = true
    let error = scratch.squaredErrors(rows(observations.pointer, count: count))
    let variation = self.variation(of: observations)
    metrics.record("reconstruction_error", Float((error / Double(observations.count)).squareRoot()))
    metrics.record("reconstruction_explained", variation > 0 ? Float(1 - error / variation) : 0)
  }

  /// One pass over all observations in a new order; returns the sum of squared errors on the way.
  private mutating func pass(
    over observations: Matrix, _ order: UnsafeMutablePointer<Int32>, using stream: inout RandomStream
  ) -> Double {
    stream.shuffle(order, count: observations.rows)
    var error = 0.0
    RowBlocks.forEach(of: observations.rows, size: settings.batchSize) { first, count in
      error += scratch.gradient(rows(observations.pointer, order: order + first, count: count))
      let step = optimizer.beginStep(learningRate: settings.learningRate)
      scratch.step(parameters.mutablePointer, step, count: count)
    }
    return error
  }

  /// The sum of squared differences of scaled observations from their mean.
  private func variation(of observations: Matrix) -> Double {
    let (size, x) = (observationSize, observations.pointer)
    var moments = RunningMoments(size: size)
    for row in 0..<observations.rows { moments.add(UnsafeBufferPointer(start: x + row * size, count: size)) }
    var sum = 0.0
    for (deviation, scale) in zip(moments.standardDeviation, scaling.scale) {
      let scaled = deviation * Double(scale)
      sum += scaled * scaled * Double(observations.rows)
    }
    return sum
  }

  private func rows(
    _ observations: UnsafePointer<Float>, order: UnsafePointer<Int32>? = nil, count: Int
  ) -> AutoencoderScratch.Rows {
    .init(
      parameters: parameters.pointer, scaling: scaling, observations: observations, order: order, count: count)
  }

  /// Writes the codes [N, size] of `count` >= 1 observations [N, D], each row by itself, to the bit.
  public func encode(_ observations: UnsafePointer<Float>, count: Int, into codes: UnsafeMutablePointer<Float>) {
    scratch.codes(rows(observations, count: count), into: codes)
  }

  /// The codes [N, size] of `observations` [N, D], at least one.
  public func encode(_ observations: Matrix) -> Matrix {
    precondition(observations.columns == observationSize && observations.rows > 0, "observations of another shape")
    var codes = Matrix(rows: observations.rows, columns: settings.size)
    encode(observations.pointer, count: observations.rows, into: codes.mutablePointer)
    return codes
  }

  /// The sum over `observations` [N, D] of the squared differences of their reconstructions, both scaled to 0...1.
  package func squaredErrors(_ observations: Matrix) -> Double {
    scratch.squaredErrors(rows(observations.pointer, count: observations.rows))
  }

  /// The gradient of the loss on `observations` [N, D].
  package func gradient(_ observations: Matrix) -> Vector {
    _ = scratch.gradient(rows(observations.pointer, count: observations.rows))
    return scratch.gradientSum(count: observations.rows)
  }
}

extension Autoencoder: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("parameters", &parameters)
    try fields.field("optimizer", &optimizer)
    try fields.field("scaling", &scaling)
    try fields.field("is_trained", &isTrained)
  }
}
