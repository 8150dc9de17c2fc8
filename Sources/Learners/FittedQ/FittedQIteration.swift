import Archive
import Configuration
import Experience
import Interfaces
import Kernels

/// What action values are fitted by.
public enum QRegressor: String, CaseIterable, SettingValue {
  /// Extremely randomized trees, for each action.
  case trees
  /// A network of observation and action, by Rprop.
  case neural
  /// Linear in features, for each action.
  case linear
  /// The mean of the nearest examples, for each action.
  case nearest
}

/// Settings of fitted Q iteration.
public struct FittedQSettings: Configuration {
  /// Trees, for observations as they are.
  public init() {}
  @Setting("What action values are fitted by: extremely randomized trees, a network, features or nearest neighbours")
  public var regressor: QRegressor = .trees
  @Setting("Discount of a step", in: 0...1) public var discount: Float = 0.99
  @Setting("Rounds of targets and regression in a fit", in: 1...100_000) public var iterations: Int = 30
  @Setting("Begin each fit with values of 0; otherwise it goes on from the last one") public var restart: Bool = true
  @SettingGroup("Extremely randomized trees") public var trees = ExtraTreesSettings()
  @SettingGroup("Network") public var neural = NeuralRegressionSettings()
  @SettingGroup("Linear regression") public var linear = LinearRegressorSettings()
  @SettingGroup("Nearest neighbours") public var nearest = NearestNeighboursSettings()
  @SettingGroup("Autoencoder") public var latent = AutoencoderSettings()
}

extension FittedQSettings {
  /// Inputs of the regression, where observations have `observationSize` floats.
  fileprivate func inputs(of observationSize: Int) -> Int { latent.size > 0 ? latent.size : observationSize }
}

/// Fitted Q iteration (Ernst, Geurts and Wehenkel 2005), with a network as neural fitted Q iteration (Riedmiller 2005):
/// again and again a regression of
///
///     y = r + discount * continues * max_a Q(s', a)
///
/// over all transitions there are, Q being the result of the regression before. With an autoencoder (deep fitted Q iteration,
/// Lange and Riedmiller 2010) s and s' are codes of observations: at a fit it is trained on those of the transitions, and
/// the rounds follow on their codes.
public struct FittedQIteration {
  /// Metrics that `fit` records: transitions, the root of the mean squared error of the last regression, and the mean
  /// absolute change of targets in the last round; with an autoencoder its own when it is trained.
  public static func metricNames(_ settings: FittedQSettings) -> [String] {
    ["transitions", "regression_error", "target_change"] + (settings.latent.size > 0 ? Autoencoder.metricNames : [])
  }

  /// What was set.
  public let settings: FittedQSettings
  private let observationSize: Int
  /// Nil where the regression sees observations as they are.
  private var encoder: Autoencoder?
  private var regression: any ActionValueRegression

  /// Values of 0, for observations of `observationSize` floats, which may make an image, and `actions` discrete actions.
  public init(
    _ settings: FittedQSettings, observationSize: Int, image: ImageShape? = nil, actions: Int,
    using random: RandomStream
  ) {
    self.settings = settings
    self.observationSize = observationSize
    encoder =
      settings.latent.size == 0
      ? nil
      : Autoencoder(
        settings.latent, observationSize: observationSize, image: image, using: random.child("autoencoder"))
    let inputs = settings.inputs(of: observationSize)
    func actionwise(_ regressor: some Regressor) -> any ActionValueRegression {
      ActionwiseRegression(regressor, observationSize: inputs, actions: actions)
    }
    regression =
      switch settings.regressor {
      case .trees: actionwise(ExtraTrees(settings.trees, inputs: inputs))
      case .linear: actionwise(LinearRegressor(settings.linear, inputs: inputs))
      case .nearest: actionwise(NearestNeighbours(settings.nearest, inputs: inputs))
      case .neural: NeuralRegression(settings.neural, observationSize: inputs, actions: actions, using: random)
      }
  }

  /// Throws where `settings` do not go together, or do not fit the observations of `spec`.
  public static func check(_ settings: FittedQSettings, for spec: EnvironmentSpec) throws(ConfigurationError) {
    try Autoencoder.check(settings.latent, key: "learner.latent", for: spec)
    if settings.latent.size > 0 && settings.latent.retrain && !settings.restart {
      throw ConfigurationError(
        kind: .relation, key: "learner.restart", value: "false",
        problem: "needs codes that stay as they are, but learner.latent.retrain=true changes them; set that to false")
    }
    let inputs = settings.inputs(of: spec.observationSize)
    if settings.regressor == .linear
      && settings.linear.featureCount(inputs: inputs) > LinearRegressorSettings.limit
    {
      throw ConfigurationError(
        kind: .relation, key: "learner.linear.order", value: "\(settings.linear.order)",
        problem: "gives more than \(LinearRegressorSettings.limit) features of \(inputs) inputs; use a lower order or "
          + "learner.linear.features=identity")
    }
  }

  /// Number of actions, A.
  public var actionCount: Int { regression.actionCount }

  /// Writes Q [N, A] at `count` observations [N, D].
  public func values(
    _ observations: UnsafePointer<Float>, count: Int, into values: UnsafeMutablePointer<Float>
  ) {
    guard let encoder else {
      regression.values(observations, count: count, into: values)
      return
    }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: count * encoder.settings.size) { codes in
      guard count > 0, let codes = codes.baseAddress else { return }
      encoder.encode(observations, count: count, into: codes)
      regression.values(codes, count: count, into: values)
    }
  }

  /// Q [A] at an observation [D].
  public func values(at observation: [Float]) -> [Float] {
    precondition(observation.count == observationSize, "observation of another size")
    var result = [Float](repeating: 0, count: actionCount)
    result.withUnsafeMutableBufferPointer { result in
      observation.withUnsafeBufferPointer { observation in
        if let x = observation.baseAddress, let target = result.baseAddress { values(x, count: 1, into: target) }
      }
    }
    return result
  }

  /// Runs all rounds on `batch`, at least one transition. Throws `NumericalFailure` when values are not finite.
  public mutating func fit(
    to batch: TransitionBatch, using random: RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    precondition(batch.observations.columns == observationSize && batch.count > 0, "batch of another shape")
    let (count, actions) = (batch.count, actionCount)
    if settings.restart { regression.reset() }
    let (states, next) = try encoded(batch, using: random, metrics: &metrics)
    var examples = ActionValueExamples(
      observations: states, actions: (0..<count).map { Int(batch.actions.pointer[$0]) },
      targets: Vector(count: count))
    var q = Vector(count: count * actions)
    var (change, error) = (0.0, 0.0)
    for round in 0..<settings.iterations {
      let values = q.mutablePointer
      regression.values(next.pointer, count: count, into: values)
      let targets = examples.targets.mutablePointer
      change = 0
      for row in 0..<count {
        var best = -Float.infinity
        for action in 0..<actions { best = max(best, values[row * actions + action]) }
        let target = batch.rewards.pointer[row] + settings.discount * batch.continues.pointer[row] * best
        change += Double(abs(target - targets[row])) / Double(count)
        targets[row] = target
      }
      guard change.isFinite else { throw NumericalFailure(metric: "target_change", value: Float(change)) }
      try regression.fit(examples, using: random.child(round))
    }
    let values = q.mutablePointer
    regression.values(states.pointer, count: count, into: values)
    for row in 0..<count {
      let difference = Double(values[row * actions + examples.actions[row]] - examples.targets.pointer[row])
      error += difference * difference / Double(count)
    }
    metrics.record("transitions", Float(count))
    metrics.record("regression_error", Float(error.squareRoot()))
    metrics.record("target_change", Float(change))
  }

  /// What the regression sees of observations and next observations, after training the autoencoder if there is one.
  private mutating func encoded(
    _ batch: TransitionBatch, using random: RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) -> (states: Matrix, next: Matrix) {
    // taken out so that its buffers have one owner
    guard var own = encoder.take() else { return (batch.observations, batch.nextObservations) }
    defer { encoder = own }
    if settings.latent.retrain || !own.isTrained {
      try own.train(on: batch.observations, using: random.child("autoencoder"), metrics: &metrics)
    }
    return (own.encode(batch.observations), own.encode(batch.nextObservations))
  }
}

extension FittedQIteration: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.inline(&regression)
    try fields.field("latent", present: &encoder)
  }
}
