import Archive
import Interfaces
import Kernels
import Networks

/// Q-learning for continuous actions in which the maximum over actions is searched for at every target and every decision, as
/// in QT-Opt (Kalashnikov et al. 2018, "Scalable Deep Reinforcement Learning for Vision-Based Robotic Manipulation").
///
/// Target (their equation 2): y = r + discount * continues * min(Q'(s', a*), Q''(s', a*)), a* = argmax over a of Q'(s', a) by
/// `ActionSearch`; Q' is the Polyak average of the critic, Q'' a copy of Q' of up to `lag` updates ago (a copy of exactly so
/// many in the paper). Loss: the mean of the squared error, of Huber's, or the cross-entropy of values in a known range.
public struct MaximizedQLearning: ValueLearner {
  public static let metricNames = ["critic_loss", "q_value", "max_error"]

  /// What was set.
  public let settings: MaximizedQLearningSettings
  let search: ActionSearch
  let scaling: ActionScaling
  let scale: ActionValueScale
  /// Parameters of the critic, flat.
  package var parameters: Vector
  /// Those of its target.
  package var targets: Vector
  /// Those of the target that lags behind; nil without clipping.
  package var lagged: Vector?
  var optimizer: Adam
  /// Updates so far.
  package private(set) var updates = 0
  /// Where searches of decisions draw from.
  private var base: RandomStream
  private var scratch: MaximizedScratch?
  private let acting: MaximizedWorkspace

  public static let title = "Q-learning with a searched maximum"

  public init(_ settings: MaximizedQLearningSettings, for spec: EnvironmentSpec, using random: RandomStream) {
    let (low, high) = spec.action.bounds
    self.init(settings, observationSize: spec.observationSize, low: low, high: high, using: random)
  }

  /// A fresh learner for observations of `observationSize` floats and actions between `low` and `high`.
  public init(
    _ settings: MaximizedQLearningSettings, observationSize: Int, low: [Float], high: [Float],
    using random: RandomStream
  ) {
    self.settings = settings
    scaling = ActionScaling(low: low, high: high)
    scale = ActionValueScale(
      loss: settings.loss, errorLimit: settings.errorLimit, low: settings.valueLow, high: settings.valueHigh)
    let network = Perceptron(
      inputs: observationSize + low.count, hidden: settings.hidden, outputs: 1, activation: settings.activation,
      layerNormalization: settings.layerNormalization)
    search = ActionSearch(settings.search, network: network, actionSize: low.count)
    var stream = random.child("critic")
    parameters = network.initialParameters(.orthogonal(gain: Float(2).squareRoot(), last: 1), using: &stream)
    targets = parameters
    lagged = settings.clipped ? parameters : nil
    optimizer = Adam(count: parameters.count)
    base = random.child("search")
    acting = MaximizedWorkspace(search)
  }

  public var discount: Float { settings.discount }

  /// The critic that decides.
  var actingParameters: Vector { settings.averagedPolicy ? targets : parameters }

  public var policy: MaximizedPolicy {
    MaximizedPolicy(
      search: search, scaling: scaling, epsilon: settings.epsilon, noise: settings.noise, base: base,
      parameters: actingParameters)
  }

  /// The value of the best action that the search finds, with the critic that acts. Allocates the search's scratch.
  public func predictedValue(of observation: UnsafePointer<Float>) -> Float? {
    var value: Float = 0
    let parameters = actingParameters
    withExtendedLifetime(parameters) {
      MaximizedPass(search: search, scale: scale, target: parameters.pointer, lagged: nil)
        .values(of: observation, rows: 1, into: &value, ActionSearch.Workspace(search)) { _ in base }
    }
    return value
  }

  public var bootstrap: MaximizedBootstrap {
    MaximizedBootstrap(search: search, scaling: scaling, scale: scale, target: targets, lagged: lagged)
  }

  public mutating func act(
    on observations: UnsafePointer<Float>, of copies: Range<Int>, explore: Bool,
    using streams: UnsafeMutablePointer<RandomStream>, actions: UnsafeMutablePointer<Float>
  ) {
    for row in 0..<copies.count {
      MaximizedPolicy.act(
        search, actingParameters.pointer, base, epsilon: settings.epsilon, noise: settings.noise,
        on: observations + row * search.observationSize, explore: explore, using: &streams[explore ? row : 0],
        action: actions + row * search.size, acting)
    }
    scaling.fromUnit(actions, rows: copies.count)
  }

  public mutating func update(
    on batch: TransitionBatch, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    let rows = FittedRows(batch, observationSize: search.observationSize, actionSize: search.size)
    let root = RandomStream(seed: random.next())
    try reserve(batch.count).update(&self, rows, root).record(in: &metrics)
    finishUpdate()
    if settings.gridInterval > 0 && updates % settings.gridInterval == 0 && MaximizedScratch.hasGrid(of: search.size) {
      metrics.record(
        "max_error", reserve(batch.count).maximumError(self, at: batch.nextObservations, using: root.child("grid")))
    }
  }

  public mutating func fitValues(to batch: ValueBatch, metrics: inout MetricRow) throws(NumericalFailure) {
    let rows = FittedRows(batch, observationSize: search.observationSize, actionSize: search.size)
    try reserve(batch.count).update(&self, rows, base).record(in: &metrics)
    finishUpdate()
  }

  private mutating func finishUpdate() {
    updates += 1
    if updates % settings.lag == 0 { lagged?.copy(from: targets) }
  }

  /// Nothing: the policy is the critic's best action.
  public mutating func improvePolicy(
    at observations: Matrix, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {}

  /// Scratch of this value alone: a copy of the learner gets its own at its first update.
  private mutating func reserve(_ rows: Int) -> MaximizedScratch {
    if isKnownUniquelyReferenced(&scratch), let kept = scratch, kept.fits(rows: rows) { return kept }
    let fresh = MaximizedScratch(search, rows: rows)
    scratch = fresh
    return fresh
  }
}

extension MaximizedQLearning: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("critic", &parameters)
    try fields.field("target", &targets)
    try fields.field("lagged", present: &lagged)
    try fields.field("optimizer", &optimizer)
    try fields.field("updates", &updates)
    try fields.field("search", &base)
  }
}
