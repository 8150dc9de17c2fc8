import Foundation
import Interfaces
import Kernels
import Learners
import Networks
import TestSupport
import Testing

/// Autoencoders: their gradient, what they find in data of few factors, and the rules of learners.
@Suite struct AutoencoderTests {
  private static let shape = ImageShape(height: 8, width: 8, channels: 1)

  private static func settings(_ change: (inout AutoencoderSettings) -> Void = { _ in }) -> AutoencoderSettings {
    var settings = AutoencoderSettings()
    settings.size = 2
    change(&settings)
    return settings
  }

  /// Images [N, 64] of up to 255 with a blob whose row and column are drawn.
  private static func blobs(_ count: Int, seed: UInt64) -> Matrix {
    var (random, images) = (RandomStream(seed: seed), Matrix(rows: count, columns: 64))
    for row in 0..<count {
      let (y, x) = (random.uniform(1, 6), random.uniform(1, 6))
      for pixel in 0..<64 {
        let (dy, dx) = (Float(pixel / 8) - y, Float(pixel % 8) - x)
        images[row, pixel] = 255 * Float(exp(-Double(dy * dy + dx * dx) / 3))
      }
    }
    return images
  }

  private static func variation(_ images: Matrix) -> Double {
    (0..<images.columns).reduce(0.0) { sum, column in
      let values = (0..<images.rows).map { Double(images[$0, column]) / 255 }
      let mean = values.reduce(0, +) / Double(values.count)
      return sum + values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    }
  }

  private static func train(_ autoencoder: inout Autoencoder, on images: Matrix, seed: UInt64 = 2) throws -> MetricRow {
    var metrics = MetricRow(names: Autoencoder.metricNames)
    try autoencoder.train(on: images, using: RandomStream(seed: seed), metrics: &metrics)
    return metrics
  }

  // MARK: - Gradient

  /// Of both losses over more than one block of rows, against plain loops in double precision.
  @Test(arguments: ReconstructionLoss.allCases, Activation.allCases)
  func gradientMatchesFiniteDifferences(_ loss: ReconstructionLoss, _ activation: Activation) {
    let settings = Self.settings {
      ($0.hidden, $0.loss, $0.activation) = ([6, 4], loss, activation)
    }
    let image = ImageShape(height: 3, width: 3, channels: 1)
    let autoencoder = Autoencoder(settings, observationSize: 9, image: image, using: RandomStream(seed: 3))
    var random = RandomStream(seed: 4)
    let images = Matrix(rows: 40, columns: 9, (0..<360).map { _ in random.uniform(0, 255) })
    let function = naiveActivation(activation)
    let encoder = OraclePerceptron(widths: [9, 6, 4, 2], activation: function)
    let decoder = OraclePerceptron(widths: [2, 4, 6, 9], activation: function)
    let rows = (0..<40).map { row in images.row(row).map { Double($0) / 255 } }
    let parameters = autoencoder.parameters.doubles
    let error = gradientError(of: autoencoder.gradient(images).elements, at: parameters) { parameters in
      rows.reduce(0.0) { sum, x in
        let code = encoder(parameters[..<encoder.count], x)
        let output = decoder(parameters[encoder.count...], code)
        return sum
          + zip(output, x).reduce(0) {
            switch loss {
            case .squared: $0 + ($1.0 - $1.1) * ($1.0 - $1.1) / 2 / 40
            case .crossEntropy: $0 + (log1p(exp($1.0)) - $1.0 * $1.1) / 40
            }
          }
      }
    }
    #expect(error.worst < 1e-3, "\(error)")
  }

  /// Behind convolutions, against differences in single precision.
  @Test func gradientGoesThroughConvolutions() {
    let settings = Self.settings {
      ($0.hidden, $0.loss, $0.activation, $0.convolution) = ([5], .squared, .tanh, .layers([[3, 3, 2]]))
    }
    let image = ImageShape(height: 5, width: 5, channels: 1)
    let autoencoder = Autoencoder(settings, observationSize: 25, image: image, using: RandomStream(seed: 5))
    #expect(autoencoder.encoder.front?.outputs == 12)
    var random = RandomStream(seed: 6)
    let pixels = (0..<500).map { _ in random.uniform(0, 255) }
    let (images, scaled) = (
      Matrix(rows: 20, columns: 25, pixels), Matrix(rows: 20, columns: 25, pixels.map { $0 / 255 })
    )
    let count = autoencoder.encoder.layout.count
    let parameters = autoencoder.parameters.doubles
    let found = autoencoder.gradient(images).elements
    let error = gradientError(of: found, at: parameters, step: 1e-2) { parameters in
      let flat = parameters.map { Float($0) }
      let code = autoencoder.encoder(scaled, parameters: Vector(Array(flat[..<count])))
      let output = autoencoder.decoder(code, parameters: Vector(Array(flat[count...])))
      return zip(output.elements, scaled.elements).reduce(0.0) {
        $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) / 2 / 20
      }
    }
    #expect(error.worst < 0.03, "\(error)")
  }

  // MARK: - Codes

  /// Two numbers suffice for images of two factors: what is left of the variance, of images that it has not seen, too.
  @Test(arguments: ReconstructionLoss.allCases, [false, true])
  func findsTwoFactors(_ loss: ReconstructionLoss, _ convolves: Bool) throws {
    let settings = Self.settings {
      ($0.loss, $0.convolution, $0.epochs) = (loss, convolves ? .small : .absent, 60)
    }
    let (seen, unseen) = (Self.blobs(500, seed: 1), Self.blobs(100, seed: 2))
    var autoencoder = Autoencoder(settings, observationSize: 64, image: Self.shape, using: RandomStream(seed: 7))
    let metrics = try Self.train(&autoencoder, on: seen)
    let explained = try #require(metrics.mean(of: "reconstruction_explained"))
    let error = try #require(metrics.mean(of: "reconstruction_error"))
    let squares = autoencoder.squaredErrors(seen)
    #expect(abs(explained - (1 - squares / Self.variation(seen))) < 1e-3)
    #expect(abs(error - (squares / Double(500 * 64)).squareRoot()) < 1e-5)
    let left = autoencoder.squaredErrors(unseen) / Self.variation(unseen)
    #expect(explained > 0.9 && left < 0.15, "\(explained) explained, \(left) of the unseen left")
  }

  /// Numbers that are no image are scaled by their range, whatever it is; what does not vary does no harm.
  @Test func scalesVectors() throws {
    var random = RandomStream(seed: 8)
    var observations = Matrix(rows: 300, columns: 4)
    for row in 0..<300 {
      let x = random.uniform(-1, 1)
      observations.setRow(row, [1000 + 500 * x, 1e-3 * x * x, 7, -x])
    }
    let settings = Self.settings { ($0.size, $0.epochs) = (1, 100) }
    var autoencoder = Autoencoder(settings, observationSize: 4, using: RandomStream(seed: 9))
    let metrics = try Self.train(&autoencoder, on: observations)
    #expect(try #require(metrics.mean(of: "reconstruction_explained")) > 0.9)
    // a row's code is the same alone, of one number, too
    let codes = autoencoder.encode(observations)
    for row in [0, 131, 299] {
      let alone = autoencoder.encode(Matrix(rows: 1, columns: 4, Array(observations.row(row))))
      #expect(alone[0, 0] == codes[row, 0])
    }
  }

  // MARK: - Rules

  private static func states() throws -> [OracleState] {
    try [ConvolutionChoice.absent, .small].map { convolution in
      let settings = settings { ($0.convolution, $0.epochs, $0.batchSize) = (convolution, 2, 100) }
      var autoencoder = Autoencoder(settings, observationSize: 64, image: shape, using: RandomStream(seed: 1))
      _ = try train(&autoencoder, on: blobs(330, seed: 3))
      return OracleState(autoencoder)
    }
  }

  /// In a process of its own: the pool belongs to all tests.
  @Test func threadsDoNotChangeABit() async {
    await #expect(processExitsWith: .success) {
      let one = try Self.states()
      WorkerPool.configure(threads: 2)
      #expect(WorkerPool.threads == 2)
      #expect(try Self.states() == one)
    }
  }

  /// Restored, it trains on as the saved one does; a copy's training leaves the original alone.
  @Test func restoredOnesGoOnAlike() throws {
    let (settings, images) = (Self.settings { $0.epochs = 2 }, Self.blobs(150, seed: 4))
    var original = Autoencoder(settings, observationSize: 64, image: Self.shape, using: RandomStream(seed: 1))
    _ = try Self.train(&original, on: images)
    let state = OracleState(original)
    var restored = Autoencoder(settings, observationSize: 64, image: Self.shape, using: RandomStream(seed: 99))
    try state.restore(into: &restored)
    #expect(OracleState(restored) == state && restored.isTrained)
    var copy = original
    _ = try Self.train(&copy, on: images, seed: 5)
    #expect(OracleState(original) == state && OracleState(copy) != state)
    _ = try Self.train(&restored, on: images, seed: 5)
    #expect(OracleState(restored) == OracleState(copy))
    #expect(restored.encode(images) == copy.encode(images))
  }

  @Test func numbersThatAreNotFiniteAreReported() {
    var autoencoder = Autoencoder(
      Self.settings(), observationSize: 64, image: Self.shape, using: RandomStream(seed: 1))
    var images = Self.blobs(70, seed: 1)
    images[3, 4] = .nan
    let error = #expect(throws: NumericalFailure.self) { _ = try Self.train(&autoencoder, on: images) }
    #expect(error?.metric == "reconstruction_error")
  }
}
