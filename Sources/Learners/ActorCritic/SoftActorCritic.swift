import Archive
import Configuration
import Interfaces
import Kernels
import Networks

/// What can be set of soft actor-critic; defaults are those of Haarnoja et al. (2018b) as in Stable-Baselines3.
public struct SoftActorCriticSettings: Configuration {
  /// The defaults.
  public init() {}
  @Setting("Widths of the hidden layers of actor and critics", in: 1...8192) public var hidden: [Int] = [256, 256]
  @Setting("Nonlinearity of the hidden layers") public var activation: Activation = .relu
  @Setting("Layer normalization in the critics") public var layerNormalization: Bool = false
  @Setting("Learning rate of the actor", in: 1e-7...1) public var actorLearningRate: Float = 3e-4
  @Setting("Learning rate of the critics", in: 1e-7...1) public var criticLearningRate: Float = 3e-4
  @Setting("Learning rate of the logarithm of the temperature; 0 keeps it fixed", in: 0...1)
  public var temperatureLearningRate: Float = 3e-4
  @Setting("Entropy temperature at the start", in: 1e-6...1e3) public var initialTemperature: Float = 1
  @Setting(
    "Entropy the temperature is steered to, in nats; auto is minus the number of action components", in: -1e3...1e3)
  public var targetEntropy: Float? = nil
  @Setting("Discount of a step", in: 0...1) public var discount: Float = 0.99
  @Setting("Share of the critics that moves into their targets at each update", in: 0...1) public var tau: Float = 0.005
}

/// Soft actor-critic (Haarnoja et al. 2018a, b): twin critics, tanh Gaussian actor, automatic temperature.
///
/// Critic target: y = r + discount * continues * (min_i Q'_i(s', a') - alpha log pi(a' | s')), loss 1/2 mean (Q_i - y)^2 for each;
/// actor loss: mean of alpha log pi(a | s) - min_i Q_i(s, a); temperature: d log alpha = -(log pi + target entropy).
/// Order of an update as in the reference: critics, then actor against the new critics, temperature, Polyak targets.
public struct SoftActorCritic: DifferentiableValueLearner {
  public static let metricNames = ["critic_loss", "actor_loss", "temperature", "entropy", "q_value"]

  /// What was set.
  public let settings: SoftActorCriticSettings
  let scaling: ActionScaling
  let targetEntropy: Float
  /// Architecture of the actor: observation -> [mean, log standard deviation].
  let actorNetwork: Perceptron
  var actor: Vector
  var critics: EnsemblePerceptron
  var criticTargets: Vector
  var logTemperature: Vector
  var actorOptimizer: Adam
  var criticOptimizer: Adam
  var temperatureOptimizer: Adam
  private var scratch: SoftActorCriticScratch?
  private let acting: PerceptronWorkspace

  /// A fresh learner for observations of `observationSize` floats and actions between `low` and `high`.
  public init(
    _ settings: SoftActorCriticSettings, observationSize: Int, low: [Float], high: [Float], using random: RandomStream
  ) {
    self.settings = settings
    scaling = ActionScaling(low: low, high: high)
    let actions = low.count
    targetEntropy = settings.targetEntropy ?? -Float(actions)
    actorNetwork = Perceptron(
      inputs: observationSize, hidden: settings.hidden, outputs: 2 * actions, activation: settings.activation)
    var stream = random.child("actor")
    actor = actorNetwork.initialParameters(.orthogonal(gain: Float(2).squareRoot(), last: 0.01), using: &stream)
    let critic = Perceptron(
      inputs: observationSize + actions, hidden: settings.hidden, outputs: 1, activation: settings.activation,
      layerNormalization: settings.layerNormalization)
    critics = EnsemblePerceptron(
      critic, members: 2, initialization: .orthogonal(gain: Float(2).squareRoot(), last: 1),
      using: random.child("critics"))
    criticTargets = critics.parameters
    logTemperature = Vector([Scalar.log(settings.initialTemperature)])
    actorOptimizer = Adam(count: actor.count)
    criticOptimizer = Adam(count: critics.parameters.count)
    temperatureOptimizer = Adam(count: 1)
    acting = PerceptronWorkspace(for: actorNetwork, capacity: 1, keepsActivations: false)
  }

  /// Entropy temperature alpha.
  public var temperature: Float { Scalar.exp(logTemperature[0]) }

  public mutating func act(
    on observation: [Float], explore: Bool, using random: inout RandomStream, action: inout [Float]
  ) {
    precondition(
      observation.count == actorNetwork.inputs && action.count == scaling.size, "shapes do not fit the actor")
    let output = observation.withUnsafeBufferPointer { x in
      x.baseAddress.map { actorNetwork.forward(actor.pointer, $0, rows: 1, acting) }
    }
    guard let output else { return }
    let range = TanhGaussianHead.logStdRange
    for c in 0..<scaling.size {
      let logStd = min(max(output[scaling.size + c], range.lowerBound), range.upperBound)
      let u = output[c] + (explore ? Scalar.exp(logStd) * random.normal() : 0)
      action[c] = Scalar.tanh(u)
    }
    scaling.fromUnit(&action)
  }

  public mutating func update(
    on batch: TransitionBatch, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    let losses = reserve(batch.count).update(&self, batch, using: &random)
    try record(losses.critic, &metrics)
    try record(losses.actor, &metrics)
  }

  public mutating func fitValues(to batch: ValueBatch, metrics: inout MetricRow) throws(NumericalFailure) {
    try record(reserve(batch.count).fitValues(&self, batch), &metrics)
  }

  public mutating func improvePolicy(
    at observations: Matrix, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    try record(reserve(observations.rows).improvePolicy(&self, at: observations, using: &random), &metrics)
  }

  private func record(_ losses: SoftActorCriticScratch.CriticLosses, _ metrics: inout MetricRow)
    throws(NumericalFailure)
  {
    guard losses.loss.isFinite else { throw NumericalFailure(metric: "critic_loss", value: losses.loss) }
    metrics.record("critic_loss", losses.loss)
    metrics.record("q_value", losses.value)
  }

  private func record(_ losses: SoftActorCriticScratch.ActorLosses, _ metrics: inout MetricRow)
    throws(NumericalFailure)
  {
    guard losses.loss.isFinite else { throw NumericalFailure(metric: "actor_loss", value: losses.loss) }
    metrics.record("actor_loss", losses.loss)
    metrics.record("temperature", temperature)
    metrics.record("entropy", losses.entropy)
  }

  /// Scratch of this value alone: a copy of the learner gets its own at its first update.
  private mutating func reserve(_ rows: Int) -> SoftActorCriticScratch {
    if isKnownUniquelyReferenced(&scratch), let kept = scratch, kept.fits(rows: rows) { return kept }
    let fresh = SoftActorCriticScratch(self, rows: rows)
    scratch = fresh
    return fresh
  }
}

extension SoftActorCritic {
  public var discount: Float { settings.discount }

  public var policy: ActorPolicy<SquashedGaussianActor> {
    ActorPolicy(head: SquashedGaussianActor(), network: actorNetwork, parameters: actor, scaling: scaling)
  }

  public var bootstrap: ActorBootstrap<SquashedGaussianActor> {
    ActorBootstrap(
      head: SquashedGaussianActor(), network: actorNetwork, actor: actor, critics: criticNetworks,
      criticTargets: criticTargets, temperature: temperature)
  }

  public var critic: CriticEstimate { CriticEstimate(critics: criticNetworks, parameters: critics.parameters) }

  private var criticNetworks: CriticNetworks {
    CriticNetworks(network: critics.network, members: critics.members, scaling: scaling)
  }
}

extension SoftActorCritic: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("actor", actor)
    writer.write("critics", critics.parameters)
    writer.write("critic_targets", criticTargets)
    writer.write("log_temperature", logTemperature)
    writer.write("actor_optimizer", actorOptimizer)
    writer.write("critic_optimizer", criticOptimizer)
    writer.write("temperature_optimizer", temperatureOptimizer)
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try reader.read("actor", into: &actor)
    try reader.read("critics", into: &critics.parameters)
    try reader.read("critic_targets", into: &criticTargets)
    try reader.read("log_temperature", into: &logTemperature)
    try reader.read("actor_optimizer", into: &actorOptimizer)
    try reader.read("critic_optimizer", into: &criticOptimizer)
    try reader.read("temperature_optimizer", into: &temperatureOptimizer)
  }
}
