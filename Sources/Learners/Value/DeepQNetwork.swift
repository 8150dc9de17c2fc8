import Archive
import Configuration
import Interfaces
import Kernels
import Networks

/// Deep Q-network (Mnih et al. 2015) with double (van Hasselt et al. 2016) and dueling (Wang et al. 2016) values as
/// settings.
///
/// Target: y = r + discount * continues * Q'(s', a*), a* the action best under Q, or under Q' itself without `double`;
/// loss: mean of Huber's of Q(s, a) - y. Also with distributions of returns (`CategoricalReturns`, `QuantileReturns`)
/// and with noise on the weights in place of random actions (`ParameterNoise`). With `conservatism` the loss has the penalty of
/// conservative Q-learning.
public struct DeepQNetwork: ValueLearner {
  public static let metricNames = ["critic_loss", "q_value", "epsilon"]

  /// What was set.
  public let settings: DeepQNetworkSettings
  private let actions: Int
  /// Its network.
  package var core: ValueCore<DiscreteValues>
  private var decisions = 0
  private var updates = 0
  /// Parameters that each copy's actor has; empty where all have the newest.
  private var actors: [Vector] = []
  private var segmentScratch: SegmentScratch?
  /// Whether `act` remembers how probable the actions were that it took.
  public var notesProbabilities = false
  /// The probability of each copy's last explored action, where that is noted.
  public private(set) var probabilities = Vector(count: 1)

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
    if settings.conservatism > 0 && settings.distribution != .expected {
      throw ConfigurationError(
        kind: .relation, key: "learner.conservatism", value: "\(settings.conservatism)",
        problem: "must be 0 where learner.distribution is not expected")
    }
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
      DeepQNetwork.head(settings, actions, .epsilonGreedy(0)), observationSize: observationSize,
      hidden: settings.hidden,
      activation: settings.activation, layerNormalization: settings.layerNormalization,
      front: ConvolutionChoice.front(settings.convolution, for: image, activation: settings.activation),
      optimizer: settings.optimizer, learningRate: settings.learningRate, discount: settings.discount,
      noise: settings.noisy ? settings.noiseScale : 0, using: random)
  }

  private static func head(
    _ settings: DeepQNetworkSettings, _ actions: Int, _ choice: ActionChoice
  ) -> DiscreteValues {
    let distribution: ReturnDistribution =
      switch settings.distribution {
      case .expected: .expected
      case .categorical:
        .categorical(
          CategoricalReturns(low: settings.lowestReturn, range: settings.returnRange, atoms: settings.atoms))
      case .quantile: .quantiles(QuantileReturns(count: settings.atoms, errorLimit: settings.errorLimit))
      }
    return DiscreteValues(
      count: actions, dueling: settings.dueling, double: settings.double, choice: choice,
      errorLimit: settings.errorLimit, distribution: distribution, conservatism: settings.conservatism)
  }

  /// Probability of a random action when exploring now.
  public var epsilon: Float {
    Schedule.linear(start: settings.epsilonStart, end: settings.epsilonEnd, steps: settings.epsilonSteps)
      .value(at: decisions)
  }

  /// Temperature of Boltzmann exploration now.
  public var temperature: Float {
    Schedule.linear(start: settings.temperatureStart, end: settings.temperatureEnd, steps: settings.temperatureSteps)
      .value(at: decisions)
  }

  private var head: DiscreteValues {
    let choice: ActionChoice =
      switch settings.exploration {
      case .epsilonGreedy: .epsilonGreedy(epsilon)
      case .boltzmann: .boltzmann(temperature: temperature)
      }
    return DeepQNetwork.head(settings, actions, choice)
  }

  public var discount: Float { settings.discount }
  public var policy: ValuePolicy<DiscreteValues> { core.policy(head) }
  public var bootstrap: ValueBootstrap<DiscreteValues> { core.bootstrap(head) }

  public func predictedValue(of observation: UnsafePointer<Float>) -> Float? {
    var value: Float = 0
    core.forEachOutput(on: observation, count: 1, exactly: true) { _, output, scratch in
      head.actionValues(output, rows: 1, into: scratch, scratch: scratch)
      value = scratch[0]
      for k in 1..<max(actions, 1) { value = max(value, scratch[k]) }
    }
    return value
  }

  public mutating func prepare(copies: Int) {
    probabilities = Vector(count: copies)
    if !actors.isEmpty { actors = Array(repeating: actors[0], count: copies) }
  }

  public mutating func act(
    on observations: UnsafePointer<Float>, of copies: Range<Int>, explore: Bool,
    using streams: UnsafeMutablePointer<RandomStream>, actions: UnsafeMutablePointer<Float>
  ) {
    guard explore, settings.noisy || !actors.isEmpty else {
      let taken = notesProbabilities && explore ? probabilities.mutablePointer + copies.lowerBound : nil
      return core.forEachOutput(on: observations, count: copies.count, exactly: !explore) { row, output, scratch in
        if explore {
          let head = head
          head.explore(output, rows: 1, using: &streams[row], actions: actions + row, scratch: scratch)
          if let taken { taken[row] = head.probability(of: Int(actions[row]), output, scratch: scratch) }
          decisions += 1
        } else {
          head.best(output, rows: 1, actions: actions + row, scratch: scratch)
        }
      }
    }
    for row in 0..<copies.count {
      let (head, copy) = (head, copies.lowerBound + row)
      let (output, scratch) = core.outputs(
        on: observations + row * core.network.inputs, under: actors.isEmpty ? nil : actors[copy], using: &streams[row])
      head.explore(output, rows: 1, using: &streams[row], actions: actions + row, scratch: scratch)
      if notesProbabilities {
        probabilities[copy] = head.probability(of: Int(actions[row]), output, scratch: scratch)
      }
      decisions += 1
    }
  }

  /// Gives the actor of `copy`, one of `copies`, the parameters as they are now. From the first call on actors act with
  /// what they were given last. Networks without noise only.
  public mutating func refreshActor(_ copy: Int, of copies: Int) {
    precondition(!settings.noisy, "actors of a noisy network")
    if actors.isEmpty { actors = (0..<copies).map { _ in Vector(core.parameters.elements) } }
    actors[copy].copy(from: core.parameters)
  }

  /// How far each row of the last update was from its target, [N]: |Q(s, a) - y|, or the divergence or the loss of
  /// distributions. For priorities.
  public var errors: Vector { core.errors }

  /// Writes into `batch.targets` [B] those of `segments`, corrected by `rule` for a target policy that takes the best
  /// action, but a uniform one with probability `epsilon`. Expected values only. Does not allocate after the first call
  /// of that size.
  public mutating func writeTargets(
    of segments: SegmentBatch, rule: TraceRule, epsilon: Float, into batch: inout ValueBatch
  ) {
    precondition(settings.distribution == .expected && batch.count == segments.count, "segments of another batch")
    let rows = segments.next.rows
    if !isKnownUniquelyReferenced(&segmentScratch) || segmentScratch?.fits(rows: rows) != true {
      segmentScratch = SegmentScratch(head, core.network, rows: rows)
    }
    let pass = SegmentScratch.Pass(
      head: head, network: core.network, parameters: core.parameters.pointer, targets: core.targets.pointer,
      rule: rule, epsilon: epsilon, rows: rows, next: segments.next.pointer, actions: segments.nextActions.pointer,
      probabilities: segments.nextProbabilities.pointer)
    segmentScratch?.write(pass, segments, discount: settings.discount, into: batch.targets.mutablePointer)
  }

  public mutating func update(
    on batch: TransitionBatch, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    try fit(FittedRows(batch, observationSize: core.network.inputs, actionSize: 1), using: &random, metrics: &metrics)
  }

  public mutating func fitValues(to batch: ValueBatch, metrics: inout MetricRow) throws(NumericalFailure) {
    var random = RandomStream(seed: 0).child(updates)
    try fit(FittedRows(batch, observationSize: core.network.inputs, actionSize: 1), using: &random, metrics: &metrics)
  }

  private mutating func fit(
    _ rows: FittedRows, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    updates += 1
    let tau = updates % settings.targetInterval == 0 ? settings.tau : 0
    core.learningRate = Schedule.falling(settings.learningRate, over: settings.learningRateSteps).value(at: decisions)
    try core.update(head, rows, tau: tau, using: &random).record(in: &metrics)
    metrics.record("epsilon", epsilon)
  }

  /// Nothing: the policy is the values' best action.
  public mutating func improvePolicy(
    at observations: Matrix, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {}
}

extension DeepQNetwork: TeachingLearner {
  public var teacher: ValueTeacher {
    ValueTeacher(network: core.network, parameters: core.parameters, head: head)
  }
}

extension DeepQNetwork: PublishingLearner {
  public var actingParameters: Vector { core.parameters }

  public mutating func adopt(_ parameters: Vector) { core.parameters.copy(from: parameters) }

  public mutating func countDecisions(_ count: Int) { decisions += count }
}

extension DeepQNetwork: Checkpointable {
  public func save(to writer: inout StateWriter) {
    core.save(to: &writer)
    writer.write("decisions", decisions)
    writer.write("updates", updates)
    for (copy, actor) in actors.enumerated() { writer.write("actor_\(copy)", actor) }
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try core.restore(from: reader)
    decisions = try reader.count("decisions")
    updates = try reader.count("updates")
    actors = []
    while reader.has("actor_\(actors.count)") {
      var actor = Vector(count: core.parameters.count)
      try reader.read("actor_\(actors.count)", into: &actor)
      actors.append(actor)
    }
  }
}
