import Archive
import Configuration
import Interfaces
import Kernels
import Networks

/// Settings of soft actor-critic; defaults are those of Haarnoja et al. (2018b) as in Stable-Baselines3.
public struct SoftActorCriticSettings: Configuration {
  public init() {}
  @Setting("Widths of the hidden layers of actor and critics", in: 1...8192) public var hidden: [Int] = [256, 256]
  @Setting("Nonlinearity of the hidden layers") public var activation: Activation = .relu
  @Setting(
    "Numbers that products of layers of 64 and more are made of; bfloat16 is several times as fast on processors with AMX"
  )
  public var precision: ProductPrecision = .single
  @Setting("Layer normalization in the critics") public var layerNormalization: Bool = false
  @Setting("Probability of dropout in the critics, which needs their layer normalization", in: 0...0.9)
  public var dropout: Float = 0
  @Setting("Critics", in: 1...64) public var critics: Int = 2
  @Setting("Critics, drawn for each update, whose least value is the target", in: 1...64)
  public var targetCritics: Int = 2
  @Setting("Value of the critics that the actor ascends") public var ascent: CriticValue = .least
  @Setting("Updates of the critics for each of the actor and of the temperature", in: 1...1000)
  public var policyInterval: Int = 1
  @Setting("Learning rate of the actor", in: 1e-7...1) public var actorLearningRate: Float = 3e-4
  @Setting("Learning rate of the critics", in: 1e-7...1) public var criticLearningRate: Float = 3e-4
  @Setting("Learning rate of the logarithm of the temperature; 0 keeps it fixed", in: 0...1)
  public var temperatureLearningRate: Float = 3e-4
  @Setting("Entropy temperature at the start", in: 1e-6...1e3) public var initialTemperature: Float = 1
  @Setting(
    "Entropy the temperature is steered to, in nats; auto is minus the number of action components", in: -1e3...1e3)
  public var targetEntropy: Float? = nil
  @Setting("Whether critic targets value the next action's entropy") public var entropyInTargets: Bool = true
  @Setting("Weight of conservative Q-learning's penalty on values of actions outside the data; 0: none", in: 0...1e4)
  public var conservatism: Float = 0
  @Setting("Actions of each kind in that penalty: uniform, of the policy, of the policy at the next state", in: 1...100)
  public var conservativeActions: Int = 10
  @Setting("Entropy that the target starts at, to move to it linearly; auto keeps the target", in: -1e3...1e3)
  public var targetEntropyStart: Float? = nil
  @Setting("Updates of the temperature in which the target gets there", in: 1...1_000_000_000)
  public var targetEntropySteps: Int = 100_000
  @Setting("Discount of a step", in: 0...1) public var discount: Float = 0.99
  @Setting("Share of the critics that moves into their targets at each update", in: 0...1) public var tau: Float = 0.005
  @SettingGroup("Periodic resets") public var resets = NetworkResetSettings()

  public func validate() throws(ConfigurationError) {
    if targetCritics > critics {
      throw ConfigurationError("target_critics", "must be at most learner.critics, which is \(critics)")
    }
    if conservatism > 0 && dropout > 0 { throw ConfigurationError("conservatism", "must be 0 with learner.dropout") }
    if dropout > 0 && !layerNormalization {
      throw ConfigurationError("dropout", "needs learner.layer_normalization=true")
    }
  }
}

/// How the values of several critics become one.
public enum CriticValue: String, CaseIterable, SettingValue {
  case least, mean
}

/// Soft actor-critic (Haarnoja et al. 2018a, b): critics, two unless set, tanh Gaussian actor, automatic temperature.
///
/// Critic target: y = r + discount * continues * (min_i Q'_i(s', a') - alpha log pi(a' | s')), loss 1/2 mean (Q_i -
/// y)^2 for each; actor loss: mean of alpha log pi(a | s) - min_i Q_i(s, a); temperature: d log alpha = -(log pi +
/// target entropy). With more critics the minimum of a target is over `targetCritics` of them, drawn anew for each
/// update, and the actor may ascend their mean, as in REDQ (Chen et al. 2021); with dropout in two normalized critics
/// this is DroQ (Hiraoka et al. 2022). With `conservatism` the critics' loss has the penalty of conservative Q-learning
/// (`ConservativePenalty`). Order of an update as in the reference: critics, then actor against the new
/// critics, temperature, Polyak targets.
public struct SoftActorCritic: ValueLearner {
  public static let metricNames = ["critic_loss", "actor_loss", "temperature", "entropy", "q_value"]

  /// What was set.
  public let settings: SoftActorCriticSettings
  /// Its networks.
  package var core: ActorCriticCore<SquashedGaussianActor>
  private var alpha: EntropyTemperature

  public static let title = "soft actor-critic"

  public init(_ settings: SoftActorCriticSettings, for spec: EnvironmentSpec, using random: RandomStream) {
    let (low, high) = spec.action.bounds
    self.init(settings, observationSize: spec.observationSize, low: low, high: high, using: random)
  }

  /// A fresh learner for observations of `observationSize` floats and actions between `low` and `high`.
  public init(
    _ settings: SoftActorCriticSettings, observationSize: Int, low: [Float], high: [Float], using random: RandomStream
  ) {
    self.settings = settings
    core = ActorCriticCore(
      SquashedGaussianActor(),
      .init(
        observationSize: observationSize, low: low, high: high, hidden: settings.hidden,
        activation: settings.activation, layerNormalization: settings.layerNormalization, dropout: settings.dropout,
        precision: settings.precision,
        critics: settings.critics, targetCritics: settings.targetCritics,
        ascent: settings.ascent == .mean ? .mean : .leastOf(settings.critics), targetsActor: false,
        penalty: settings.conservatism > 0
          ? .init(weight: settings.conservatism, samples: settings.conservativeActions) : nil,
        resets: settings.resets),
      .init(
        actorLearningRate: settings.actorLearningRate, criticLearningRate: settings.criticLearningRate,
        discount: settings.discount, tau: settings.tau),
      using: random)
    alpha = EntropyTemperature(
      initial: settings.initialTemperature, target: settings.targetEntropy,
      schedule: settings.targetEntropyStart.map { ($0, settings.targetEntropySteps) }, actionSize: low.count,
      learningRate: settings.temperatureLearningRate)
  }

  /// Entropy temperature alpha.
  public var temperature: Float { alpha.value }

  /// Its logarithm, [1].
  package var logTemperature: Vector { alpha.logarithm }

  public var discount: Float { settings.discount }
  public var policy: ActorPolicy<SquashedGaussianActor> { core.policy }
  public var bootstrap: ActorBootstrap<SquashedGaussianActor> { core.bootstrap(temperature: temperature) }

  public func predictedValue(of observation: UnsafePointer<Float>) -> Float? { core.predictedValue(of: observation) }

  public mutating func act(
    on observations: UnsafePointer<Float>, of copies: Range<Int>, explore: Bool,
    using streams: UnsafeMutablePointer<RandomStream>, actions: UnsafeMutablePointer<Float>
  ) {
    let size = core.scaling.size
    core.forEachOutput(on: observations, count: copies.count, exactly: !explore) { row, output in
      TanhGaussianHead.act(output, size: size, using: explore ? streams + row : nil, action: actions + row * size)
    }
    core.scaling.fromUnit(actions, rows: copies.count)
  }

  public mutating func update(
    on batch: TransitionBatch, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    try update(on: batch, temperature: temperature, prior: nil, using: &random, metrics: &metrics)
  }

  private mutating func update(
    on batch: TransitionBatch, temperature: Float, prior: PriorTerm?, using random: inout RandomStream,
    metrics: inout MetricRow
  ) throws(NumericalFailure) {
    let losses = core.update(
      on: batch, temperature: temperature, targetTemperature: settings.entropyInTargets ? nil : 0, prior: prior,
      movesTargets: true, improves: isPolicyDue(after: 1),
      using: &random)
    try losses.critic.record(in: &metrics)
    if let actor = losses.actor { try finish(actor, metrics: &metrics) }
  }

  /// Whether the actor's step follows that many more of the critics'.
  private func isPolicyDue(after steps: Int) -> Bool {
    (core.criticOptimizer.steps + steps) % settings.policyInterval == 0
  }

  public mutating func fitValues(to batch: ValueBatch, metrics: inout MetricRow) throws(NumericalFailure) {
    try core.fitValues(to: batch, movesTargets: true).record(in: &metrics)
  }

  public mutating func improvePolicy(
    at observations: Matrix, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    guard isPolicyDue(after: 0) else { return }
    try finish(
      core.improvePolicy(at: observations, temperature: temperature, using: &random), metrics: &metrics)
  }

  /// Takes the temperature's step after the actor's, and records both.
  private mutating func finish(_ actor: ActorLosses, metrics: inout MetricRow) throws(NumericalFailure) {
    try actor.record(in: &metrics)
    alpha.follow(actor.entropy, metrics: &metrics)
  }
}

extension SoftActorCritic: GuidedLearner {
  public var teacher: ActorTeacher { ActorTeacher(network: core.actorNetwork, parameters: core.actor) }

  /// An update with y = r + discount * continues * (min_i Q'_i - (alpha + d) log pi + c log pi_0) and the actor's loss
  /// (alpha + d) log pi - c log pi_0 - min_i Q_i, where d is the regularization's divergence and c = share * alpha + d.
  public mutating func update(
    on batch: TransitionBatch, toward prior: ActorPrior, regularization: KLRegularization,
    using random: inout RandomStream,
    metrics: inout MetricRow
  ) throws(NumericalFailure) {
    precondition(
      prior.network.inputs == core.actorNetwork.inputs && prior.network.outputs == core.actorNetwork.outputs,
      "a prior for other observations or actions")
    let parameters = prior.parameters
    defer { withExtendedLifetime(parameters) {} }
    let term = PriorTerm(
      network: prior.network, parameters: parameters.pointer,
      weight: regularization.share * temperature + regularization.divergence)
    let raised = temperature + regularization.divergence
    try update(on: batch, temperature: raised, prior: term, using: &random, metrics: &metrics)
  }
}

extension SoftActorCritic: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.inline(&core)
    try fields.inline(&alpha)
  }
}
