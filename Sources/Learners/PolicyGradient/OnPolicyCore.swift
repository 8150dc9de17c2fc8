import Archive
import Experience
import Interfaces
import Kernels
import Networks

/// What on-policy learners share: policy and value networks with their parameters, the evaluation of a segment,
/// gradients on minibatches of it.
struct OnPolicyCore {
  let networks: PolicyValueNetworks
  var parameters: Vector
  private var evaluation: RolloutEvaluation?
  private var gradient: MinibatchGradient?
  private var assessment: StepAssessment?
  /// Rows in the order of minibatches.
  private var order: [Int32] = []

  /// Fresh networks.
  init(_ settings: PolicySettings, spec: EnvironmentSpec, isShared: Bool = false, using random: RandomStream) {
    networks = PolicyValueNetworks(settings, spec: spec, isShared: isShared)
    parameters = networks.initialParameters(using: random)
  }

  /// The policy as it is now.
  var policy: StochasticPolicy { StochasticPolicy(networks: networks, parameters: parameters) }

  /// Distributions, log-probabilities and values of a segment under the parameters as they are. Rows are in order of
  /// time until the next `shuffle`.
  mutating func evaluate(_ segment: RolloutSegment) -> RolloutEvaluation {
    precondition(
      segment.observationSize == networks.observationSize && segment.actionSize == networks.distribution.actionSize,
      "a segment of another environment")
    let result: RolloutEvaluation
    if isKnownUniquelyReferenced(&evaluation), let kept = evaluation, kept.fits(rows: segment.rows) {
      result = kept
    } else {
      result = RolloutEvaluation(networks, rows: segment.rows)
      evaluation = result
    }
    result.evaluate(segment, parameters.pointer)
    sortRows(segment.rows)
    return result
  }

  private mutating func sortRows(_ count: Int) {
    if order.count != count { order = Array(repeating: 0, count: count) }
    for row in 0..<count { order[row] = Int32(truncatingIfNeeded: row) }
  }

  /// Puts the rows into a random order.
  mutating func shuffle(using random: inout RandomStream) {
    order.withUnsafeMutableBufferPointer { rows in
      if let base = rows.baseAddress { random.shuffle(base, count: rows.count) }
    }
  }

  /// Loss and gradient on the rows that are `range` in the present order; with `normalizing` their advantages have mean
  /// 0 and standard deviation 1 among themselves. The gradient is `gradientPointer` until the next call.
  mutating func differentiate(
    _ loss: MinibatchLoss, _ segment: RolloutSegment, _ range: Range<Int>, normalizing: Bool
  ) -> MinibatchMeans {
    guard let evaluation else { preconditionFailure("no segment was evaluated") }
    let scratch = reserveGradient(range.count)
    return order.withUnsafeBufferPointer { order in
      guard let base = order.baseAddress else { preconditionFailure("no rows") }
      let rows = base + range.lowerBound
      let (advantages, all) = (scratch.advantages.mutablePointer, evaluation.advantages.pointer)
      for r in 0..<range.count { advantages[r] = all[Int(rows[r])] }
      if normalizing { Standardization.apply(advantages, count: range.count) }
      return scratch.compute(
        loss, evaluation, observations: segment.observations.pointer, actions: segment.actions.pointer, order: rows,
        count: range.count, parameters: parameters.pointer)
    }
  }

  private mutating func reserveGradient(_ rows: Int) -> MinibatchGradient {
    if isKnownUniquelyReferenced(&gradient), let kept = gradient, kept.fits(rows: rows) { return kept }
    let fresh = MinibatchGradient(networks, rows: rows)
    gradient = fresh
    return fresh
  }

  /// Mean of ratio * advantage and of KL(old || new) at the parameters as they are now, against those that `evaluation`
  /// of this segment was made with.
  mutating func assess(
    _ segment: RolloutSegment, _ evaluation: RolloutEvaluation
  ) -> (surrogate: Float, divergence: Float) {
    let scratch: StepAssessment
    if isKnownUniquelyReferenced(&assessment), let kept = assessment, kept.fits(rows: segment.rows) {
      scratch = kept
    } else {
      scratch = StepAssessment(networks, rows: segment.rows)
      assessment = scratch
    }
    return scratch.assess(
      parameters.pointer, evaluation, observations: segment.observations.pointer, actions: segment.actions.pointer)
  }

  /// The gradient of the last `differentiate`, [parameters]; that of parts it was not about means nothing.
  var gradientPointer: UnsafeMutablePointer<Float> { lastGradient.gradient }

  /// Its norm, by the parameters that it was about.
  var gradientNorm: Float { lastGradient.norm }

  private var lastGradient: MinibatchGradient {
    guard let gradient else { preconditionFailure("no gradient was computed") }
    return gradient
  }

  /// What the gradient is to be multiplied by so that its norm is at most `limit`, if there is one.
  func clipFactor(_ limit: Float?) -> Float {
    let norm = gradientNorm
    guard let limit, norm.isFinite, norm > limit else { return 1 }
    return limit / (norm + 1e-6)
  }

  /// Takes a step on the parameters that the last `differentiate` was about, its gradient's norm limited.
  mutating func step(_ optimizer: inout Adam, learningRate: Float, maxNorm: Float?) {
    let factor = clipFactor(maxNorm)
    lastGradient.apply(
      optimizer.beginStep(learningRate: learningRate), to: parameters.mutablePointer, scale: factor)
  }

  /// Calls `body` with the ranges of minibatches of `size` rows, the last perhaps smaller, until it says no.
  static func forEachMinibatch(of rows: Int, size: Int, _ body: (Range<Int>) throws(NumericalFailure) -> Bool)
    throws(NumericalFailure) -> Bool
  {
    for first in stride(from: 0, to: rows, by: size) where try !body(first..<min(first + size, rows)) { return false }
    return true
  }
}

/// Mean 0 and standard deviation 1.
enum Standardization {
  /// (x - mean) / (standard deviation + 1e-8), the deviation dividing by `count` - 1; one number stays as it is.
  static func apply(_ x: UnsafeMutablePointer<Float>, count: Int) {
    guard count > 1 else { return }
    let mean = Reductions.sum(x, count: count) / Float(count)
    for i in 0..<count { x[i] -= mean }
    let deviation = (Reductions.dot(x, x, count: count) / Float(count - 1)).squareRoot()
    Elementwise.scale(x, count: count, by: 1 / (deviation + 1e-8))
  }
}

extension RolloutEvaluation {
  /// Generalized advantage estimates, and with them added to the values lambda-returns as the values' targets.
  package func estimateAdvantages(_ segment: RolloutSegment, discount: Float, lambda: Float) {
    let advantages = advantages.mutablePointer
    ReturnEstimation.generalizedAdvantages(
      outlook(of: segment), discount: discount, lambda: lambda, into: advantages)
    let (targets, values) = (targets.mutablePointer, values.pointer)
    for row in 0..<count { targets[row] = values[row] + advantages[row] }
  }

  /// 1 - variance of (targets - values) / variance of targets: 1 where values are perfect, 0 where they tell nothing; 0
  /// for targets that do not vary.
  var explainedVariance: Float {
    var (target, rest) = (Moments(), Moments())
    for row in 0..<count {
      target.add(Double(targets.pointer[row]))
      rest.add(Double(targets.pointer[row] - values.pointer[row]))
    }
    return target.squares > 0 ? Float(1 - rest.squares / target.squares) : 0
  }
}

/// Mean and sum of squared deviations of numbers seen one by one.
private struct Moments {
  private var (count, mean) = (0.0, 0.0)
  private(set) var squares = 0.0

  mutating func add(_ x: Double) {
    count += 1
    let delta = x - mean
    mean += delta / count
    squares += delta * (x - mean)
  }
}

extension OnPolicyCore: Archived {
  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("parameters", &parameters)
  }
}
