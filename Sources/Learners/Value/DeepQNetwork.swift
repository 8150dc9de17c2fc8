import Archive
import Configuration
import Interfaces
import Kernels
import Networks

/// Settings of a deep Q-network.
public struct DeepQNetworkSettings: Configuration {
  public init() {}
  @Setting("Widths of the hidden layers", in: 1...8192) public var hidden: [Int] = [128, 128]
  @Setting("Nonlinearity of the hidden layers") public var activation: Activation = .relu
  @Setting(
    "Convolutions of images: none, small, nature, or layers [[filters, kernel, stride], ...]; auto is nature from 36x36 "
      + "pixels on, small below, none for vectors")
  public var convolution: ConvolutionChoice? = nil
  @Setting("Layer normalization") public var layerNormalization: Bool = false
  @Setting("Optimizer: Adam, or RMSprop centered, with decay 0.95 and epsilon 0.01")
  public var optimizer: OptimizerChoice = .adam
  @Setting("Learning rate", in: 1e-7...1) public var learningRate: Float = 5e-4
  @Setting("Discount of a step", in: 0...1) public var discount: Float = 0.99
  @Setting("Targets value the action that the online network chooses (double Q-learning)")
  public var double: Bool = true
  @Setting("State value and advantages as separate outputs (dueling)") public var dueling: Bool = false
  @Setting("Error beyond which the loss is linear", in: 1e-3...1e6) public var errorLimit: Float = 1
  @Setting("Updates between moves of the target network", in: 1...1_000_000) public var targetInterval: Int = 250
  @Setting("Share of the network that moves into its target then; 1 copies it", in: 0...1) public var tau: Float = 1
  @Setting("Probability of a random action at the start", in: 0...1) public var epsilonStart: Float = 1
  @Setting("Probability of a random action in the end", in: 0...1) public var epsilonEnd: Float = 0.05
  @Setting("Decisions over which it falls from start to end, linearly", in: 0...1_000_000_000)
  public var epsilonSteps: Int = 10_000
}

/// Deep Q-network (Mnih et al. 2015) with double (van Hasselt et al. 2016) and dueling (Wang et al. 2016) values as
/// settings.
///
/// Target: y = r + discount * continues * Q'(s', a*), a* the action best under Q, or under Q' itself without `double`;
/// loss: mean of Huber's of Q(s, a) - y.
public struct DeepQNetwork: ValueLearner {
  public static let metricNames = ["critic_loss", "q_value", "epsilon"]

  /// What was set.
  public let settings: DeepQNetworkSettings
  private let actions: Int
  private var core: ValueCore<DiscreteValues>
  private var decisions = 0
  private var updates = 0

  public static let title = "DQN"

  public static func objection(to space: ActionSpace) -> String? {
    if case .discrete = space { nil } else { "needs one choice among discrete actions" }
  }

  public init(_ settings: DeepQNetworkSettings, for spec: EnvironmentSpec, using random: RandomStream) {
    self.init(
      settings, observationSize: spec.observationSize, image: spec.imageShape,
      actions: Int(spec.action.bounds.high[0]) + 1, using: random)
  }

  public static func check(_ settings: DeepQNetworkSettings, for spec: EnvironmentSpec) throws(ConfigurationError) {
    try ConvolutionChoice.check(settings.convolution, for: spec.imageShape)
  }

  /// A fresh learner for observations of `observationSize` floats, which may make an image, and `actions` discrete
  /// actions.
  public init(
    _ settings: DeepQNetworkSettings, observationSize: Int, image: ImageShape? = nil, actions: Int,
    using random: RandomStream
  ) {
    precondition(actions > 0, "\(actions) actions")
    self.settings = settings
    self.actions = actions
    core = ValueCore(
      DeepQNetwork.head(settings, actions, epsilon: 0), observationSize: observationSize, hidden: settings.hidden,
      activation: settings.activation, layerNormalization: settings.layerNormalization,
      front: ConvolutionChoice.front(settings.convolution, for: image, activation: settings.activation),
      optimizer: settings.optimizer, learningRate: settings.learningRate, discount: settings.discount, using: random)
  }

  private static func head(_ settings: DeepQNetworkSettings, _ actions: Int, epsilon: Float) -> DiscreteValues {
    DiscreteValues(
      count: actions, dueling: settings.dueling, double: settings.double, epsilon: epsilon,
      errorLimit: settings.errorLimit)
  }

  /// Probability of a random action when exploring now.
  public var epsilon: Float {
    Schedule.linear(start: settings.epsilonStart, end: settings.epsilonEnd, steps: settings.epsilonSteps)
      .value(at: decisions)
  }

  private var head: DiscreteValues { DeepQNetwork.head(settings, actions, epsilon: epsilon) }

  public var discount: Float { settings.discount }
  public var policy: ValuePolicy<DiscreteValues> { core.policy(head) }
  public var bootstrap: ValueBootstrap<DiscreteValues> { core.bootstrap(head) }

  public mutating func act(
    on observations: UnsafePointer<Float>, of copies: Range<Int>, explore: Bool,
    using streams: UnsafeMutablePointer<RandomStream>, actions: UnsafeMutablePointer<Float>
  ) {
    core.forEachOutput(on: observations, count: copies.count, exactly: !explore) { row, output, scratch in
      if explore {
        head.explore(output, rows: 1, using: &streams[row], actions: actions + row, scratch: scratch)
        decisions += 1
      } else {
        head.best(output, rows: 1, actions: actions + row, scratch: scratch)
      }
    }
  }

  public mutating func update(
    on batch: TransitionBatch, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    try fit(FittedRows(batch, observationSize: core.network.inputs, actionSize: 1), metrics: &metrics)
  }

  public mutating func fitValues(to batch: ValueBatch, metrics: inout MetricRow) throws(NumericalFailure) {
    try fit(FittedRows(batch, observationSize: core.network.inputs, actionSize: 1), metrics: &metrics)
  }

  private mutating func fit(_ rows: FittedRows, metrics: inout MetricRow) throws(NumericalFailure) {
    updates += 1
    let tau = updates % settings.targetInterval == 0 ? settings.tau : 0
    try core.update(head, rows, tau: tau).record(in: &metrics)
    metrics.record("epsilon", epsilon)
  }

  /// Nothing: the policy is the values' best action.
  public mutating func improvePolicy(
    at observations: Matrix, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {}
}

extension DeepQNetwork: TeachingLearner {
  public var teacher: ValueTeacher {
    ValueTeacher(
      network: core.network, parameters: core.parameters, actions: actions, dueling: settings.dueling)
  }
}

extension DeepQNetwork: Checkpointable {
  public func save(to writer: inout StateWriter) {
    core.save(to: &writer)
    writer.write("decisions", decisions)
    writer.write("updates", updates)
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try core.restore(from: reader)
    decisions = try reader.integer("decisions")
    updates = try reader.integer("updates")
  }
}
