import Configuration
import Experience
import Interfaces
import Kernels
import Networks

/// Settings of a natural gradient's step and of the value function fitted beside it.
public struct NaturalGradientSettings: Configuration {
  public init() {}
  @Setting("Divergence KL(old || new) that a step may have by its quadratic model, in nats", in: 1e-8...10)
  public var maxDivergence: Float = 0.01
  @Setting("Environment steps over which that divergence falls linearly to 0; auto keeps it", in: 1...)
  public var divergenceSteps: Int? = nil
  @Setting("Conjugate gradient iterations", in: 1...1000) public var iterations: Int = 15
  @Setting("Multiple of the identity added to the Fisher information", in: 0...10) public var damping: Float = 0.1
  @Setting("Every how many-th row of a segment the Fisher information is taken of", in: 1...1000)
  public var subsampling: Int = 1
  @Setting("Give a segment's advantages mean 0 and deviation 1") public var normalizeAdvantages: Bool = true
  @Setting("Passes over a segment that fit the values", in: 0...10_000) public var valueEpochs: Int = 10
  @Setting("Rows of a minibatch for the values", in: 1...1_000_000) public var batchSize: Int = 128
  @Setting("Learning rate of Adam for the values", in: 0...1) public var learningRate: Float = 1e-3
}

/// A step along the natural gradient of the surrogate (Kakade 2001; Schulman et al. 2015, appendix C): x with
/// (F + damping) x = g by conjugate gradients, scaled by sqrt(2 epsilon / x'(F + damping) x).
struct NaturalGradient {
  /// What the step was computed to be.
  struct Proposal {
    /// Norm of the surrogate's gradient.
    let gradientNorm: Float
    /// Squared norm of what conjugate gradients left.
    let residual: Float
    /// Factor of the direction, 0 where there is none to go.
    let scale: Float
  }

  let settings: NaturalGradientSettings
  private var solver: ConjugateGradient
  private var (gradient, product): (Vector, Vector)
  /// Natural gradient x [policy parameters] of the last proposal.
  private(set) var direction: Vector
  private var subsample: Matrix
  private var fisher: FisherProducts?

  init(_ settings: NaturalGradientSettings, _ networks: PolicyValueNetworks) {
    self.settings = settings
    let size = networks.policyRange.count
    solver = ConjugateGradient(size: size, iterations: settings.iterations)
    gradient = Vector(count: size)
    product = gradient
    direction = gradient
    subsample = Matrix(rows: 0, columns: networks.observationSize)
  }

  /// Divergence that a step may have after so many environment steps.
  func divergenceLimit(at steps: Int) -> Float {
    Schedule.falling(settings.maxDivergence, over: settings.divergenceSteps).value(at: steps)
  }

  /// The step that ascends the surrogate at `core`'s parameters by a divergence of `limit`; advantages in the evaluation are
  /// normalized first if so set.
  mutating func propose(
    _ core: inout OnPolicyCore, _ segment: RolloutSegment, _ evaluation: RolloutEvaluation, limit: Float,
    entropyWeight: Float = 0
  ) throws(NumericalFailure) -> (Proposal, MinibatchMeans) {
    if settings.normalizeAdvantages {
      Standardization.apply(evaluation.advantages.mutablePointer, count: segment.rows)
    }
    let loss = MinibatchLoss(part: .policy, objective: ImportanceSampledSurrogate(), entropyWeight: entropyWeight)
    let means = core.differentiate(loss, segment, 0..<segment.rows, normalizing: false)
    guard means.policyLoss.isFinite else { throw NumericalFailure(metric: "policy_loss", value: means.policyLoss) }
    let count = core.networks.policyRange.count
    let g = gradient.mutablePointer
    g.update(from: core.gradientPointer, count: count)
    Elementwise.scale(g, count: count, by: -1)
    let norm = Reductions.dot(g, g, count: count).squareRoot()
    let fisher = reserve(core.networks, segment.rows)
    var (observations, rows) = (segment.observations.pointer, segment.rows)
    if settings.subsampling > 1 {
      rows = (rows + settings.subsampling - 1) / settings.subsampling
      subsample.reshape(rows: rows)
      let (target, width) = (subsample.mutablePointer, subsample.columns)
      for r in 0..<rows {
        (target + r * width).update(from: observations + r * settings.subsampling * width, count: width)
      }
      observations = UnsafePointer(target)
    }
    let parameters = core.parameters.pointer
    fisher.linearize(at: parameters, observations, count: rows)
    let (x, damping) = (direction.mutablePointer, settings.damping)
    let residual = solver.solve(g, into: x) { p, result in fisher.multiply(p, damping: damping, into: result) }
    // scale = sqrt(2 epsilon / x'(F + damping) x)
    fisher.multiply(x, damping: damping, into: product.mutablePointer)
    let curvature = Reductions.dot(x, product.pointer, count: count)
    let scale = curvature > 0 ? (2 * limit / curvature).squareRoot() : 0
    guard scale.isFinite else { throw NumericalFailure(metric: "step_scale", value: scale) }
    return (Proposal(gradientNorm: norm, residual: residual, scale: scale), means)
  }

  private mutating func reserve(_ networks: PolicyValueNetworks, _ rows: Int) -> FisherProducts {
    if isKnownUniquelyReferenced(&fisher), let kept = fisher, kept.fits(rows: rows) { return kept }
    let fresh = FisherProducts(networks, rows: rows)
    fisher = fresh
    return fresh
  }
}

extension OnPolicyCore {
  /// Fits the value network to the evaluation's targets, by minibatches in new random orders; returns the mean squared
  /// error over all of them, nil without any.
  mutating func fitValues(
    _ segment: RolloutSegment, epochs: Int, batchSize: Int, _ optimizer: inout Adam, learningRate: Float,
    using random: inout RandomStream
  ) throws(NumericalFailure) -> Float? {
    let loss = MinibatchLoss(part: .value, objective: nil)
    var (total, batches) = (Float(0), Float(0))
    for _ in 0..<epochs {
      shuffle(using: &random)
      for first in stride(from: 0, to: segment.rows, by: batchSize) {
        let means = differentiate(
          loss, segment, first..<min(first + batchSize, segment.rows), normalizing: false)
        guard means.valueLoss.isFinite else { throw NumericalFailure(metric: "value_loss", value: means.valueLoss) }
        step(&optimizer, learningRate: learningRate, maxNorm: nil)
        total += means.valueLoss
        batches += 1
      }
    }
    return batches > 0 ? total / batches : nil
  }
}
