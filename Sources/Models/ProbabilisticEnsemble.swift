import Archive
import Configuration
import Interfaces
import Kernels
import Networks

/// How an ensemble's disagreement and noise enter imagined trajectories (Chua et al. 2018, section 5.1).
public enum Propagation: String, CaseIterable, SettingValue {
  /// Every row draws a member anew at every step.
  case ts1
  /// Every particle keeps one member for the whole trajectory.
  case tsInfinity = "ts_infinity"
  /// The average of the members' means, without noise.
  case mean
}

/// What can be set of a probabilistic ensemble; defaults are those of PETS on cart-pole.
public struct EnsembleSettings: Configuration {
  /// The defaults.
  public init() {}
  @Setting("Networks in the ensemble", in: 1...100) public var members: Int = 5
  @Setting("Members with the lowest holdout error that predictions use; auto is all", in: 1...100)
  public var elites: Int? = nil
  @Setting("Widths of the hidden layers", in: 1...8192) public var hidden: [Int] = [200, 200, 200]
  @Setting("Nonlinearity of the hidden layers") public var activation: Activation = .silu
  @Setting("Learning rate of Adam", in: 1e-7...1) public var learningRate: Float = 1e-3
  @Setting("Quadratic weight penalty of each layer; one number serves all", in: 0...1)
  public var weightDecay: [Float] = [2.5e-5, 5e-5, 7.5e-5, 1e-4]
  @Setting("Transitions in a minibatch of each member", in: 1...65536) public var batchSize: Int = 32
  @Setting("Most passes over the data in a fit", in: 1...10000) public var epochs: Int = 50
  @Setting("Passes without improvement of any member after which a fit stops", in: 1...10000) public var patience: Int =
    5
  @Setting("Relative improvement of the holdout error that counts", in: 0...1) public var improvement: Float = 0.01
  @Setting("Share of the data held out for early stopping and elites; 0 trains on all", in: 0...0.9)
  public var holdout: Float = 0.1
  @Setting("Most transitions held out", in: 1...1_000_000) public var holdoutLimit: Int = 5000
  @Setting("Weight of the log-variance bounds' spread in the loss", in: 0...1) public var boundPenalty: Float = 0.01
  @Setting("How predictions spread: ts1, ts_infinity or mean") public var propagation: Propagation = .ts1
  @Setting("Whether rewards are predicted too, instead of computed by the task's objective")
  public var learnsReward: Bool = false

  public func validate() throws(ConfigurationError) {
    if let elites, elites > members { throw ConfigurationError("elites", "must not exceed members (\(members))") }
    if weightDecay.count != 1 && weightDecay.count != hidden.count + 1 {
      throw ConfigurationError("weight_decay", "needs one number, or one for each of the \(hidden.count + 1) layers")
    }
  }
}

/// Ensemble of B bootstrapped networks, each a Gaussian over the change of state (and optionally the reward) given state and
/// action: the model of PETS (Chua et al. 2018) and MBPO (Janner et al. 2019).
///
/// Inputs and targets are normalized by the data's mean and deviation; PETS normalizes the inputs only. Log-variance bounds
/// are learned for each member. Members see bootstrap resamples of the data and fit in parallel.
public struct ProbabilisticEnsemble: TrainableDynamics, DifferentiableModel {
  /// Metrics of a fit: losses are averages over members, in normalized units.
  public static let metricNames = ["model_loss", "model_error", "model_holdout_error", "model_epochs"]

  /// What was set.
  public let settings: EnsembleSettings
  public let stateSize: Int
  public let actionSize: Int
  public private(set) var isFitted = false
  var networks: EnsemblePerceptron
  /// Upper and lower bounds of the log-variance, [B, outputs] each, one after the other.
  var bounds: Vector
  var optimizer: Adam
  var boundOptimizer: Adam
  var inputs: Normalizer
  var targets: Normalizer
  /// Members that predictions use, best first.
  package internal(set) var elites: [Int]
  /// Whether the input and target statistics have been taken from data.
  private var fits = 0

  /// Architecture of each member: normalized (state, action) -> [mean, raw log-variance] of the outputs.
  package var network: Perceptron { networks.network }

  /// Predicted components: the state's change, and the reward if learned.
  var outputSize: Int { stateSize + (settings.learnsReward ? 1 : 0) }

  /// An untrained ensemble for states of `stateSize` and actions of `actionSize` floats.
  public init(_ settings: EnsembleSettings, stateSize: Int, actionSize: Int, using random: RandomStream) {
    self.settings = settings
    self.stateSize = stateSize
    self.actionSize = actionSize
    let outputs = stateSize + (settings.learnsReward ? 1 : 0)
    networks = EnsemblePerceptron(
      Perceptron(
        inputs: stateSize + actionSize, hidden: settings.hidden, outputs: 2 * outputs,
        activation: settings.activation),
      members: settings.members, initialization: .truncatedNormal(scale: 0.5), using: random.child("weights"))
    bounds = Vector(count: 2 * settings.members * outputs)
    for i in 0..<settings.members * outputs {
      bounds[i] = 0.5
      bounds[settings.members * outputs + i] = -10
    }
    optimizer = Adam(count: networks.parameters.count)
    boundOptimizer = Adam(count: bounds.count)
    inputs = Normalizer(size: stateSize + actionSize)
    targets = Normalizer(size: outputs)
    elites = Array(0..<(settings.elites ?? settings.members))
  }

  /// Rows advanced at once: about 128 of each member.
  public var preferredRows: Int { 128 * (settings.propagation == .mean ? 1 : elites.count) }

  /// Whether predictions are drawn: those of members are, their average is not.
  public var isStochastic: Bool { settings.propagation != .mean }

  public func makeRollout(capacity: Int) -> EnsembleRollout { EnsembleRollout(self, capacity: capacity) }

  public func makeDifferentiableRollout(capacity: Int, steps: Int) -> EnsembleRollout {
    precondition(steps > 0, "a rollout of \(steps) steps")
    return EnsembleRollout(self, capacity: capacity, keptSteps: steps)
  }

  public mutating func fit(
    to data: some TransitionSource, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    precondition(data.count > 0, "fitting to no transitions")
    let stream = random.child("fit").child(fits)
    fits += 1
    let set = EnsembleData(data, model: &self, using: stream.child("holdout"))
    var fitting = EnsembleFit(set, model: self, using: stream)
    let outcome = try fitting.run(&self)
    isFitted = true
    metrics.record("model_loss", outcome.loss)
    metrics.record("model_error", outcome.error)
    if let holdout = outcome.holdoutError { metrics.record("model_holdout_error", holdout) }
    metrics.record("model_epochs", Float(outcome.epochs))
  }

  /// First element of the upper bounds of a member's log-variances.
  func upperBound(of member: Int) -> Int { member * outputSize }
  /// First element of the lower bounds of a member's log-variances.
  func lowerBound(of member: Int) -> Int { (settings.members + member) * outputSize }

  /// Takes the normalization from training inputs [N, D + A] and targets [N, outputs].
  mutating func normalize(inputs x: Matrix, targets y: Matrix) {
    inputs.fit(x)
    targets.fit(y)
  }
}

extension ProbabilisticEnsemble: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("parameters", networks.parameters)
    writer.write("bounds", bounds)
    writer.write("optimizer", optimizer)
    writer.write("bound_optimizer", boundOptimizer)
    writer.write("inputs", inputs)
    writer.write("targets", targets)
    writer.write("elites", elites)
    writer.write("fitted", isFitted)
    writer.write("fits", fits)
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try reader.read("parameters", into: &networks.parameters)
    try reader.read("bounds", into: &bounds)
    try reader.read("optimizer", into: &optimizer)
    try reader.read("bound_optimizer", into: &boundOptimizer)
    try reader.read("inputs", into: &inputs)
    try reader.read("targets", into: &targets)
    elites = try reader.integers("elites")
    isFitted = try reader.bool("fitted")
    fits = try reader.integer("fits")
  }
}
