import Archive
import Interfaces
import Kernels
import Networks

/// Ensemble of B bootstrapped networks, each a Gaussian over the change of state (and optionally the reward) given state and
/// action: the model of PETS (Chua et al. 2018) and MBPO (Janner et al. 2019). Networks may be deterministic, and may
/// predict whether a step terminates the episode.
///
/// Inputs and targets are normalized by the data's mean and deviation; PETS normalizes the inputs only. Discrete actions
/// enter as one-hot vectors. Log-variance bounds are learned for each member. Members see bootstrap resamples of the data
/// and fit in parallel.
public struct ProbabilisticEnsemble: LearnedDynamics {
  /// Metrics of a fit: losses are averages over members, in normalized units.
  public static let metricNames = [
    "model_loss", "model_error", "model_termination_loss", "model_holdout_error", "model_epochs",
  ]

  /// What was set.
  public private(set) var settings: EnsembleSettings
  public let stateSize: Int
  public var actionSize: Int { encoding.size }
  public private(set) var isFitted = false
  var networks: EnsemblePerceptron
  /// Upper and lower bounds of the log-variance, [B, outputs] each, one after the other.
  package var bounds: Vector
  /// Moments and steps of the networks and of the bounds.
  package internal(set) var (optimizer, boundOptimizer): (Adam, Adam)
  var inputs: Normalizer
  var targets: Normalizer
  /// Members that predictions use, best first.
  package var elites: [Int]
  /// Fits so far, which number their random streams.
  private var fits = 0

  /// How the networks see actions.
  let encoding: ActionEncoding

  /// Networks of each member that give the log-odds of termination, if learned. They have nothing in common with the others:
  /// the likelihood of nearly deterministic dynamics has gradients that would leave no room in shared layers.
  var terminators: EnsemblePerceptron?
  package internal(set) var terminatorOptimizer: Adam
  /// Whether any transition of the last fit terminated its episode: what never happened is not imagined either.
  private(set) var hasSeenTermination = false

  /// Architecture of each member: normalized (state, encoded action) -> [mean, raw log-variance] of the outputs, or their
  /// means alone.
  package var network: Perceptron { networks.network }

  /// Parameters of the members' networks, [B, parameters of one].
  package var parameters: Vector {
    get { networks.parameters }
    set { networks.parameters.copy(from: newValue) }
  }

  /// Those of the networks that give terminations; nil where none are learned.
  package var terminatorParameters: Vector? { terminators?.parameters }

  /// Whether rewards are predicted.
  public var learnsReward: Bool { settings.learnsReward == true }
  /// Whether terminations are predicted.
  public var learnsTermination: Bool { settings.learnsTermination == true }

  /// Predicted components: the state's change, and the reward if learned.
  var outputSize: Int { stateSize + (learnsReward ? 1 : 0) }

  /// An untrained ensemble for states of `stateSize` floats and actions of `actionSize` reals.
  public init(_ settings: EnsembleSettings, stateSize: Int, actionSize: Int, using random: RandomStream) {
    self.init(settings, stateSize: stateSize, encoding: ActionEncoding(reals: actionSize), using: random)
  }

  /// An untrained ensemble for states of `stateSize` floats and the actions of `space`.
  public init(_ settings: EnsembleSettings, stateSize: Int, actions space: ActionSpace, using random: RandomStream) {
    self.init(settings, stateSize: stateSize, encoding: ActionEncoding(space), using: random)
  }

  private init(_ settings: EnsembleSettings, stateSize: Int, encoding: ActionEncoding, using random: RandomStream) {
    self.settings = settings
    self.stateSize = stateSize
    self.encoding = encoding
    let outputs = stateSize + (settings.learnsReward == true ? 1 : 0)
    networks = EnsemblePerceptron(
      Perceptron(
        inputs: stateSize + encoding.width, hidden: settings.hidden,
        outputs: settings.deterministic ? outputs : 2 * outputs,
        activation: settings.activation, precision: settings.precision),
      members: settings.members, initialization: .truncatedNormal(scale: 0.5), using: random.child("weights"))
    bounds = Vector(count: 2 * settings.members * outputs)
    for i in 0..<settings.members * outputs {
      bounds[i] = 0.5
      bounds[settings.members * outputs + i] = -10
    }
    optimizer = Adam(count: networks.parameters.count)
    boundOptimizer = Adam(count: bounds.count)
    terminators =
      settings.learnsTermination == true
      ? EnsemblePerceptron(
        Perceptron(
          inputs: stateSize + encoding.width, hidden: settings.terminationHidden, outputs: 1,
          activation: settings.activation),
        members: settings.members, initialization: .truncatedNormal(scale: 0.5), using: random.child("terminators"))
      : nil
    terminatorOptimizer = Adam(count: terminators?.parameters.count ?? 0)
    inputs = Normalizer(size: stateSize + encoding.width)
    targets = Normalizer(size: outputs)
    elites = Array(0..<(settings.elites ?? settings.members))
  }

  /// Rows advanced at once: about 128 of each member.
  public var preferredRows: Int { 128 * (settings.propagation.usesAllMembers ? 1 : elites.count) }

  public var predictsRewards: Bool { learnsReward }

  /// Every propagation but `distribution` can be differentiated, by actions that are reals. Predictions of members are
  /// drawn from a density, whose scores are known; their average and those of deterministic networks are not.
  public var gradients: GradientSupport {
    guard settings.propagation != .distribution, encoding.size == encoding.width else { return .none }
    return settings.propagation != .mean && !settings.deterministic ? .pathwiseAndScores : .pathwise
  }

  /// The mean over the elites of their means.
  public var expectation: ProbabilisticEnsemble {
    var model = self
    model.settings.propagation = .mean
    return model
  }

  /// Each elite as an ensemble of one.
  public var members: [ProbabilisticEnsemble] {
    elites.map { elite in
      var model = self
      model.elites = [elite]
      return model
    }
  }

  public func makeRollout(capacity: Int, keeping steps: Int) -> EnsembleRollout {
    precondition(steps == 0 || gradients != .none, "steps without gradients need not be kept")
    return EnsembleRollout(settings.shuffled ? shuffled() : self, capacity: capacity, keptSteps: steps)
  }

  /// The same with the elements of each tensor of each member permuted, always in the same way: networks with the same
  /// weights that know nothing.
  func shuffled() -> ProbabilisticEnsemble {
    func permute(_ networks: inout EnsemblePerceptron) {
      let layout = networks.network.layout
      let parameters = networks.parameters.mutablePointer
      for member in 0..<settings.members {
        for (index, entry) in layout.entries.enumerated() {
          var random = RandomStream(seed: 0).child("shuffle").child(member).child(index)
          let tensor = parameters + member * layout.count + entry.offset
          let values = (0..<entry.count).map { tensor[$0] }
          for (place, origin) in random.permutation(entry.count).enumerated() { tensor[place] = values[origin] }
        }
      }
    }
    var model = self
    permute(&model.networks)
    if var terminators = model.terminators {
      permute(&terminators)
      model.terminators = terminators
    }
    return model
  }

  public mutating func fit(
    to data: some TransitionSource, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    precondition(data.count > 0, "fitting to no transitions")
    let stream = random.child("fit").child(fits)
    fits += 1
    let set = EnsembleData(data, model: &self, using: stream.child("holdout"))
    hasSeenTermination = (0..<set.terminations.count).contains { set.terminations[$0] != 0 }
    var fitting = EnsembleFit(set, model: self, using: stream)
    let outcome = try fitting.run(&self)
    isFitted = true
    metrics.record("model_loss", outcome.loss)
    metrics.record("model_error", outcome.error)
    if let termination = outcome.terminationLoss { metrics.record("model_termination_loss", termination) }
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
    targets.fit(y, targets: true)
  }
}

extension ProbabilisticEnsemble: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("parameters", &networks.parameters)
    try fields.field("bounds", &bounds)
    try fields.field("optimizer", &optimizer)
    try fields.field("bound_optimizer", &boundOptimizer)
    if var known = terminators {
      try fields.field("terminators", &known.parameters)
      terminators = known
      try fields.field("terminator_optimizer", &terminatorOptimizer)
      // checkpoints of earlier builds do not say
      try fields.field("has_seen_termination", &hasSeenTermination, missing: true)
    }
    try fields.field("inputs", &inputs)
    try fields.field("targets", &targets)
    try fields.field("elites", &elites, in: 0...settings.members - 1)
    try fields.field("fitted", &isFitted)
    try fields.field("fits", &fits)
  }
}
