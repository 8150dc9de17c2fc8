import Archive
import Configuration
import Interfaces
import Kernels
import Networks

/// Settings of a policy that is taught by regression.
public struct PolicyRegressionSettings: Configuration {
  public init() {}
  @Setting("Units of each hidden layer", in: 1...4096) public var hidden: [Int] = [64, 64]
  @Setting("Nonlinearity of the hidden layers") public var activation: Activation = .tanh
  @Setting("Gradient steps each time it is taught", in: 1...10_000_000) public var steps: Int = 2000
  @Setting("Lessons in a batch", in: 1...65536) public var batchSize: Int = 64
  @Setting("Adam's learning rate at the start of each teaching; it falls linearly to a tenth", in: 1e-8...1)
  public var learningRate: Double = 3e-3
  @Setting("Decoupled weight decay per unit of learning rate", in: 0...100) public var weightDecay: Double = 0.005
}

/// A perceptron for the mean of a Gaussian policy, trained by least squares in the metric of each sample's precision
/// (Levine, Finn, Darrell and Abbeel 2016, section 4.2):
///
///     Σ_i w_i (mu(o_i) - m_i)ᵀ P_i (mu(o_i) - m_i),   S = (Σ_i w_i P_i / Σ_i w_i)⁻¹
///
/// by Adam on random batches. Observations are standardized by those of the first teaching, actions by half their
/// range.
public struct PolicyRegression {
  /// Numbers in an observation.
  public let observationSize: Int
  /// Numbers in an action, m.
  public let actionSize: Int
  /// Whether it was taught anything yet.
  public private(set) var isTrained = false
  /// S, [m, m], the same everywhere.
  public private(set) var covariance: [Double]
  private let settings: PolicyRegressionSettings
  private let network: Perceptron
  private var parameters: Vector
  private var optimizer: Adam
  /// Means and deviations of observations, [D].
  private var inputs: (means: [Double], scales: [Double])
  /// Middle and half of the actions' range, [m].
  private let outputs: (means: [Double], scales: [Double])
  private let scratch: Scratch

  private static let rowsAtOnce = 64

  /// Buffers; copies share them, and so may be used in turn.
  private final class Scratch {
    let acting: PerceptronWorkspace
    let training: PerceptronWorkspace
    var rows: Vector
    var targets: Vector
    var gradient: Vector
    var parameterGradient: Vector

    init(_ network: Perceptron, batch: Int) {
      acting = PerceptronWorkspace(for: network, capacity: rowsAtOnce, keepsActivations: false)
      training = PerceptronWorkspace(for: network, capacity: batch, keepsActivations: true)
      rows = Vector(count: max(batch, rowsAtOnce) * network.inputs)
      targets = Vector(count: batch * network.outputs)
      gradient = Vector(count: batch * network.outputs)
      parameterGradient = Vector(count: network.layout.count)
    }
  }

  /// An untaught policy for observations of `observationSize` numbers and actions between `low` and `high`.
  public init(
    _ settings: PolicyRegressionSettings, observationSize: Int, low: [Float], high: [Float],
    using random: RandomStream
  ) {
    self.settings = settings
    self.observationSize = observationSize
    actionSize = low.count
    network = Perceptron(
      inputs: observationSize, hidden: settings.hidden, outputs: low.count, activation: settings.activation)
    var stream = random.child("parameters")
    parameters = network.initialParameters(.orthogonal(gain: 1, last: 0.1), using: &stream)
    optimizer = Adam(count: network.layout.count, weightDecay: Float(settings.weightDecay))
    inputs = (Array(repeating: 0, count: observationSize), Array(repeating: 1, count: observationSize))
    outputs = (
      zip(low, high).map { (Double($0) + Double($1)) / 2 }, zip(low, high).map { (Double($1) - Double($0)) / 2 }
    )
    covariance = DoubleMatrix.identity(low.count).elements
    scratch = Scratch(network, batch: settings.batchSize)
  }

  /// Writes the means [N, m] for `observations` [N, D]. Does not allocate.
  public func writeMeans(
    count: Int, _ observations: UnsafePointer<Double>, into means: UnsafeMutablePointer<Double>
  ) {
    let (d, m) = (observationSize, actionSize)
    for first in stride(from: 0, to: count, by: Self.rowsAtOnce) {
      let rows = min(Self.rowsAtOnce, count - first)
      let x = scratch.rows.mutablePointer
      for index in 0..<rows * d {
        let i = index % d
        x[index] = Float((observations[first * d + index] - inputs.means[i]) / inputs.scales[i])
      }
      let y = network.forward(parameters.pointer, x, rows: rows, scratch.acting)
      for index in 0..<rows * m {
        let i = index % m
        means[first * m + index] = outputs.means[i] + outputs.scales[i] * Double(y[index])
      }
    }
  }

  /// Lowers the loss Σ_i w_i (mu(o_i) - m_i)ᵀ P_i (mu(o_i) - m_i), and sets S to the inverse of the precisions' weighted
  /// mean. The loss in the end, relative to that of the best constant mean. Throws `NumericalFailure` when it is not
  /// finite.
  public mutating func learn(
    _ samples: PolicyRegressionData, using random: inout RandomStream
  ) throws(NumericalFailure) -> Double {
    precondition(
      samples.observationSize == observationSize && samples.actionSize == actionSize && samples.count > 0,
      "samples of another shape")
    if !isTrained { standardize(samples) }
    let metric = PrecisionMetric(samples, scales: outputs.scales, middles: outputs.means)
    guard let metric else { throw NumericalFailure(metric: "policy_lessons", value: .nan) }
    covariance = metric.covariance
    isTrained = true
    var order: [Int32] = []
    for step in 0..<settings.steps {
      if order.count < settings.batchSize {
        var indices = (0..<Int32(samples.count)).map { $0 }
        indices.withUnsafeMutableBufferPointer {
          if let base = $0.baseAddress { random.shuffle(base, count: samples.count) }
        }
        order += indices
      }
      let batch = order.suffix(min(settings.batchSize, order.count))
      order.removeLast(batch.count)
      let progress = Double(step) / Double(settings.steps)
      descend(samples, metric, batch, learningRate: Float(settings.learningRate * (1 - 0.9 * progress)))
    }
    return try loss(samples, metric)
  }

  /// One step of Adam on the samples of `batch`.
  private mutating func descend(
    _ samples: PolicyRegressionData, _ metric: PrecisionMetric, _ batch: ArraySlice<Int32>, learningRate: Float
  ) {
    let (d, m, count) = (observationSize, actionSize, batch.count)
    let (x, gradient) = (scratch.rows.mutablePointer, scratch.gradient.mutablePointer)
    for (row, sample) in batch.enumerated() {
      for i in 0..<d {
        let value = samples.observations[Int(sample) * d + i]
        x[row * d + i] = Float((value - inputs.means[i]) / inputs.scales[i])
      }
    }
    let y = network.forward(parameters.pointer, x, rows: count, scratch.training)
    for (row, sample) in batch.enumerated() {
      metric.writeGradient(Int(sample), y + row * m, scale: 2 / Float(count), into: gradient + row * m)
    }
    network.backward(
      parameters.pointer, x, rows: count, outputGradient: gradient, scratch.training,
      parameterGradient: scratch.parameterGradient.mutablePointer)
    optimizer.step(&parameters, gradient: scratch.parameterGradient, learningRate: learningRate)
  }

  private func loss(_ samples: PolicyRegressionData, _ metric: PrecisionMetric) throws(NumericalFailure) -> Double {
    var means = [Double](repeating: 0, count: samples.count * actionSize)
    writeMeans(count: samples.count, samples.observations, into: &means)
    let loss = metric.loss(of: means, samples)
    guard loss.isFinite else { throw NumericalFailure(metric: "policy_loss", value: Float(loss)) }
    return loss
  }

  private mutating func standardize(_ samples: PolicyRegressionData) {
    let (d, count) = (observationSize, Double(samples.count))
    inputs = (Array(repeating: 0, count: d), Array(repeating: 0, count: d))
    for (index, value) in samples.observations.enumerated() { inputs.means[index % d] += value / count }
    for (index, value) in samples.observations.enumerated() {
      let left = value - inputs.means[index % d]
      inputs.scales[index % d] += left * left / count
    }
    for i in 0..<d {
      let deviation = inputs.scales[i].squareRoot()
      inputs.scales[i] = deviation > 1e-6 ? deviation : 1
    }
  }
}

extension PolicyRegression: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("parameters", &parameters)
    try fields.field("optimizer", &optimizer)
    try fields.field("taught", &isTrained)
    try fields.field("covariance", &covariance, count: actionSize * actionSize)
    try fields.field("input_means", &inputs.means, count: observationSize)
    try fields.field("input_scales", &inputs.scales, count: observationSize)
  }
}
