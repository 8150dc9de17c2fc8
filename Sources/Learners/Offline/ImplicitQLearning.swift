import Archive
import Interfaces
import Kernels
import Networks

/// Implicit Q-learning (Kostrikov et al. 2022): values of the best actions of a dataset, without asking critics about others.
///
/// With Q' = min_i Q'_i of the target critics, the value V(s) descends mean |tau - 1(u < 0)| u^2, u = Q'(s, a) - V(s)
/// (equation 5); the actor, a Gaussian of mean tanh(m(s)) in the unit box and deviations that do not depend on s, descends
/// -mean w log pi(a | s), w = min(exp(beta (Q'(s, a) - V(s))), largest weight), with the new value (equation 7); each critic
/// descends 1/2 mean (Q_i - y)^2, y = r + discount * continues * V(s'), with the new value (equation 6; theirs lacks the 1/2,
/// which Adam does not see); then the target critics move. Order and initial deviations of 1 are those of the authors' code.
///
/// It also learns from its own steps, exploring with the Gaussian, clipped to the unit box.
public struct ImplicitQLearning: OffPolicyLearner {
  public static let metricNames = ["critic_loss", "value_loss", "actor_loss", "advantage_weight", "q_value", "value"]
  public static let title = "implicit Q-learning"

  /// Bounds of the logarithms of the deviations.
  static let logDeviations: ClosedRange<Float> = -5...2

  /// What was set.
  public let settings: ImplicitQLearningSettings
  let actorNetwork: Perceptron
  let valueNetwork: Perceptron
  let critics: CriticNetworks
  /// The network's, then the logarithm of each component's deviation, [A].
  var actor: Vector
  var value: Vector
  /// Parameters of the critics, [critics, parameters of one].
  package var criticParameters: Vector
  /// Those of their targets.
  package var criticTargets: Vector
  var actorOptimizer: Adam
  var valueOptimizer: Adam
  var criticOptimizer: Adam
  private var scratch: ImplicitQScratch?
  private let acting: PerceptronWorkspace
  private let judging: PerceptronWorkspace

  public init(_ settings: ImplicitQLearningSettings, for spec: EnvironmentSpec, using random: RandomStream) {
    let (low, high) = spec.action.bounds
    self.init(settings, observationSize: spec.observationSize, low: low, high: high, using: random)
  }

  /// A fresh learner for observations of `observationSize` floats and actions between `low` and `high`.
  public init(
    _ settings: ImplicitQLearningSettings, observationSize: Int, low: [Float], high: [Float], using random: RandomStream
  ) {
    self.settings = settings
    let scaling = ActionScaling(low: low, high: high)
    let (hidden, activation) = (settings.hidden, settings.activation)
    let (gain, normalized) = (Float(2).squareRoot(), settings.layerNormalization)
    actorNetwork = Perceptron(
      inputs: observationSize, hidden: hidden, outputs: scaling.size, activation: activation)
    var stream = random.child("actor")
    let weights = actorNetwork.initialParameters(.orthogonal(gain: gain, last: 0.01), using: &stream)
    actor = Vector(count: weights.count + scaling.size)
    actor.mutablePointer.update(from: weights.pointer, count: weights.count)
    valueNetwork = Perceptron(
      inputs: observationSize, hidden: hidden, outputs: 1, activation: activation, layerNormalization: normalized)
    stream = random.child("value")
    value = valueNetwork.initialParameters(.orthogonal(gain: gain, last: 1), using: &stream)
    let critic = Perceptron(
      inputs: observationSize + scaling.size, hidden: hidden, outputs: 1, activation: activation,
      layerNormalization: normalized)
    critics = CriticNetworks(
      network: critic, members: settings.critics, scaling: scaling, targets: settings.critics)
    criticParameters =
      EnsemblePerceptron(
        critic, members: settings.critics, initialization: .orthogonal(gain: gain, last: 1),
        using: random.child("critics")
      ).parameters
    criticTargets = criticParameters
    actorOptimizer = Adam(count: actor.count)
    valueOptimizer = Adam(count: value.count)
    criticOptimizer = Adam(count: criticParameters.count)
    acting = PerceptronWorkspace(for: actorNetwork, capacity: RowBlocks.size, keepsActivations: false)
    judging = PerceptronWorkspace(for: valueNetwork, capacity: 1, keepsActivations: false)
  }

  public var discount: Float { settings.discount }

  /// Standard deviation of component `index` in the unit box.
  func deviation(_ index: Int) -> Float {
    let range = Self.logDeviations
    return Scalar.exp(min(max(actor[actorNetwork.layout.count + index], range.lowerBound), range.upperBound))
  }

  /// The policy as it is now, which explores with the average of the components' deviations.
  public var policy: ActorPolicy<DeterministicActor> {
    let size = critics.actionSize
    let mean = (0..<size).reduce(0) { $0 + deviation($1) } / Float(size)
    return ActorPolicy(
      head: DeterministicActor(exploration: mean), network: actorNetwork, parameters: actor, scaling: critics.scaling)
  }

  /// V(s).
  public func predictedValue(of observation: UnsafePointer<Float>) -> Float? {
    valueNetwork.forward(value.pointer, observation, rows: 1, judging)[0]
  }

  public mutating func act(
    on observations: UnsafePointer<Float>, of copies: Range<Int>, explore: Bool,
    using streams: UnsafeMutablePointer<RandomStream>, actions: UnsafeMutablePointer<Float>
  ) {
    let size = critics.actionSize
    let block = !explore && !actorNetwork.hasIndependentRows ? 1 : RowBlocks.size
    RowBlocks.forEach(of: copies.count, size: block) { first, rows in
      let output = actorNetwork.forward(
        actor.pointer, observations + first * actorNetwork.inputs, rows: rows, acting)
      for row in first..<first + rows {
        for c in 0..<size {
          var action = Scalar.tanh(output[(row - first) * size + c])
          if explore { action = ActionScaling.clipToUnit(action + deviation(c) * streams[row].normal()) }
          actions[row * size + c] = action
        }
      }
    }
    critics.scaling.fromUnit(actions, rows: copies.count)
  }

  /// The actor's learning rate in the next update.
  var actorRate: Float {
    guard settings.actorDecay > 0 else { return settings.actorLearningRate }
    return Schedule.cosine(start: settings.actorLearningRate, end: 0, steps: settings.actorDecay)
      .value(at: actorOptimizer.steps)
  }

  public mutating func update(
    on batch: TransitionBatch, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    let losses = reserve(batch.count).update(&self, on: batch)
    for (name, loss) in [
      ("critic_loss", losses.critic), ("value_loss", losses.valueLoss), ("actor_loss", losses.actor),
    ] {
      guard loss.isFinite else { throw NumericalFailure(metric: name, value: loss) }
      metrics.record(name, loss)
    }
    metrics.record("advantage_weight", losses.weight)
    metrics.record("q_value", losses.q)
    metrics.record("value", losses.value)
  }

  /// Scratch of this value alone: a copy of the learner gets its own at its first update.
  private mutating func reserve(_ rows: Int) -> ImplicitQScratch {
    if isKnownUniquelyReferenced(&scratch), let kept = scratch, kept.fits(rows: rows) { return kept }
    let fresh = ImplicitQScratch(self, rows: rows)
    scratch = fresh
    return fresh
  }
}

extension ImplicitQLearning {
  /// Parameters of the actor, flat, then the logarithm of each deviation.
  package var actorParameters: Vector {
    get { actor }
    set { actor.copy(from: newValue) }
  }

  /// Parameters of the state value.
  package var valueParameters: Vector {
    get { value }
    set { value.copy(from: newValue) }
  }
}

extension ImplicitQLearning: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("actor", &actor)
    try fields.field("value", &value)
    try fields.field("critics", &criticParameters)
    try fields.field("critic_targets", &criticTargets)
    try fields.field("actor_optimizer", &actorOptimizer)
    try fields.field("value_optimizer", &valueOptimizer)
    try fields.field("critic_optimizer", &criticOptimizer)
  }
}
