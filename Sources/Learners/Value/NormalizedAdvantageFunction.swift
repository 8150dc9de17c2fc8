import Archive
import Configuration
import Interfaces
import Kernels
import Networks

/// Settings of learning with a normalized advantage function.
public struct NormalizedAdvantageFunctionSettings: Configuration {
  public init() {}
  @Setting("Widths of the hidden layers", in: 1...8192) public var hidden: [Int] = [256, 256]
  @Setting("Nonlinearity of the hidden layers") public var activation: Activation = .relu
  @Setting("Layer normalization") public var layerNormalization: Bool = false
  @Setting("Learning rate", in: 1e-7...1) public var learningRate: Float = 3e-4
  @Setting("Discount of a step", in: 0...1) public var discount: Float = 0.99
  @Setting("Share of the network that moves into its target at each update", in: 0...1) public var tau: Float = 0.005
  @SettingGroup("Exploration") public var noise = ExplorationNoiseSettings()
  @Setting("Shape the noise by the inverse of the advantage's matrix: large where the action matters little")
  public var precisionNoise: Bool = false
}

/// Q-learning with a normalized advantage function, NAF (Gu et al. 2016): Q(s, a) = V(s) - 1/2 (a - mu(s))' P(s) (a -
/// mu(s)), P = L L', so that the best action and its value are outputs of the network.
///
/// Target: y = r + discount * continues * V'(s'), loss 1/2 mean (Q - y)^2, then the target network moves by the share
/// tau.
public struct NormalizedAdvantageFunction: ValueLearner {
  public static let metricNames = ["critic_loss", "q_value"]

  /// What was set.
  public let settings: NormalizedAdvantageFunctionSettings
  private let head: NormalizedAdvantage
  /// Its network.
  package var core: ValueCore<NormalizedAdvantage>
  private var noise: [ExplorationNoise]
  private var shaped: Vector

  public static let title = "NAF"

  public init(_ settings: NormalizedAdvantageFunctionSettings, for spec: EnvironmentSpec, using random: RandomStream) {
    let (low, high) = spec.action.bounds
    self.init(settings, observationSize: spec.observationSize, low: low, high: high, using: random)
  }

  /// A fresh learner for observations of `observationSize` floats and actions between `low` and `high`.
  public init(
    _ settings: NormalizedAdvantageFunctionSettings, observationSize: Int, low: [Float], high: [Float],
    using random: RandomStream
  ) {
    self.settings = settings
    head = NormalizedAdvantage(
      scaling: ActionScaling(low: low, high: high), noise: settings.noise.scale, shapesNoise: settings.precisionNoise)
    core = ValueCore(
      head, observationSize: observationSize, hidden: settings.hidden, activation: settings.activation,
      layerNormalization: settings.layerNormalization, learningRate: settings.learningRate,
      discount: settings.discount, using: random)
    noise = [ExplorationNoise(settings.noise, size: low.count)]
    shaped = Vector(count: low.count)
  }

  public var discount: Float { settings.discount }
  public var policy: ValuePolicy<NormalizedAdvantage> { core.policy(head) }
  public var bootstrap: ValueBootstrap<NormalizedAdvantage> { core.bootstrap(head) }

  public func predictedValue(of observation: UnsafePointer<Float>) -> Float? {
    var value: Float = 0
    core.forEachOutput(on: observation, count: 1, exactly: true) { _, output, _ in value = output[0] }
    return value
  }

  public mutating func prepare(copies: Int) { noise = Array(repeating: noise[0], count: copies) }

  public mutating func startEpisode(of copy: Int) { noise[copy].reset() }

  public mutating func act(
    on observations: UnsafePointer<Float>, of copies: Range<Int>, explore: Bool,
    using streams: UnsafeMutablePointer<RandomStream>, actions: UnsafeMutablePointer<Float>
  ) {
    let size = head.actionSize
    let shift = shaped.mutablePointer
    core.forEachOutput(on: observations, count: copies.count, exactly: !explore) { row, output, scratch in
      if explore {
        shift.update(from: noise[copies.lowerBound + row].next(using: &streams[row]), count: size)
        head.explore(output, rows: 1, noise: shift, actions: actions + row * size)
      } else {
        head.best(output, rows: 1, actions: actions + row * size, scratch: scratch)
      }
    }
  }

  public mutating func update(
    on batch: TransitionBatch, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    let rows = FittedRows(batch, observationSize: core.network.inputs, actionSize: head.actionSize)
    try core.update(head, rows, tau: settings.tau, using: &random).record(in: &metrics)
  }

  public mutating func fitValues(to batch: ValueBatch, metrics: inout MetricRow) throws(NumericalFailure) {
    let rows = FittedRows(batch, observationSize: core.network.inputs, actionSize: head.actionSize)
    // draws nothing: the network has no noise
    var random = RandomStream(seed: 0)
    try core.update(head, rows, tau: settings.tau, using: &random).record(in: &metrics)
  }

  /// Nothing: the policy is the values' best action.
  public mutating func improvePolicy(
    at observations: Matrix, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {}
}

extension NormalizedAdvantageFunction: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.inline(&core)
    try fields.field("noise", copies: &noise)
  }
}
