import Archive
import Configuration
import Interfaces
import Kernels

/// Settings of time-varying linear models.
public struct TimeVaryingLinearSettings: Configuration {
  public init() {}
  @Setting("Newest episodes that a fit uses", in: 1...10_000) public var episodes: Int = 5
  @Setting("Steps before and after each time whose transitions its regression uses too", in: 0...1000)
  public var window: Int = 2
  @Setting("Ridge penalty, relative to the variance of each input over all times", in: 1e-12...1e6)
  public var ridge: Double = 1e-3
  @Setting("Whether imagined steps have the noise that the regression left unexplained") public var noise: Bool = true
}

/// Linear-Gaussian dynamics for each time of an episode, by ridge regression over the newest episodes: the models that Gu et
/// al. (2016), section 5, refit again and again around the current policy.
///
/// At time t, with z = (x, u) of all transitions at times t - window ... t + window and their means z̄ and d̄ of z and of the
/// change d = x' - x: W = (sum (z - z̄)(z - z̄)' + ridge n S)^-1 sum (z - z̄)(d - d̄)', S the inputs' variances over all times
/// on the diagonal, so A_t = I + W_x', B_t = W_u', c_t = d̄ - W' z̄, and N_t is the covariance of what is left. Solved by
/// Cholesky factorization in double precision. A state that was never seen to vary stays as it is. O(T (n (D + A)^2
/// + (D + A)^3)).
public struct TimeVaryingLinearModel: LearnedDynamics {
  /// Root mean square of what is left of the next states, over all times, and the transitions used.
  public static let metricNames = ["model_error", "model_transitions"]

  /// What was set.
  public private(set) var settings: TimeVaryingLinearSettings
  /// Floats per state, D.
  public let stateSize: Int
  /// Floats per action, A.
  public let actionSize: Int
  /// The dynamics; without steps before the first fit.
  public private(set) var dynamics: TimeVaryingLinearGaussian
  /// Lower triangular factors of the covariances, [T, D, D].
  private var factors: [Double] = []

  /// A model that knows nothing.
  public init(_ settings: TimeVaryingLinearSettings, stateSize: Int, actionSize: Int) {
    self.settings = settings
    self.stateSize = stateSize
    self.actionSize = actionSize
    dynamics = TimeVaryingLinearGaussian(count: 0, stateSize: stateSize, actionSize: actionSize)
  }

  public var isFitted: Bool { dynamics.count > 0 }
  /// Enough to share the work among threads.
  public var preferredRows: Int { 64 }
  public var gradients: GradientSupport { .pathwise }
  public var isTimed: Bool { true }
  /// The same without noise.
  public var expectation: TimeVaryingLinearModel {
    var model = self
    model.settings.noise = false
    return model
  }
  public var horizon: Int { dynamics.count }
  public var localEpisodes: Int? { settings.episodes }

  public func makeRollout(capacity: Int, keeping steps: Int) -> TimeVaryingLinearRollout {
    TimeVaryingLinearRollout(dynamics, factors: settings.noise ? factors : nil, capacity: capacity, keptSteps: steps)
  }

  public mutating func fit(
    to data: some TransitionSource, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    let first = data.firstIndex(ofLast: settings.episodes)
    let regression = TimedRegression(data, from: first, stateSize: stateSize, actionSize: actionSize)
    var fitted = TimeVaryingLinearGaussian(
      count: regression.horizon, stateSize: stateSize, actionSize: actionSize)
    factors = Array(repeating: 0, count: fitted.covariances.count)
    var squares = 0.0
    for time in 0..<fitted.count {
      do throws(LinearAlgebraError) {
        let (residual, factor) = try regression.fit(
          time, window: settings.window, ridge: settings.ridge, into: &fitted)
        squares += residual
        for i in factor.elements.indices { factors[time * stateSize * stateSize + i] = factor.elements[i] }
      } catch {
        throw NumericalFailure(metric: "model_error", value: .nan)
      }
    }
    dynamics = fitted
    metrics.record("model_error", Float((squares / Double(fitted.count * stateSize)).squareRoot()))
    metrics.record("model_transitions", Float(data.count - first))
  }
}

extension TimeVaryingLinearModel: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("steps", dynamics.count)
    writer.write("state_matrices", dynamics.stateMatrices)
    writer.write("action_matrices", dynamics.actionMatrices)
    writer.write("offsets", dynamics.offsets)
    writer.write("covariances", dynamics.covariances)
    writer.write("factors", factors)
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    let count = try reader.count("steps")
    let offsets = try reader.read("offsets", as: Double.self)
    guard offsets.count / stateSize == count, offsets.count % stateSize == 0 else {
      throw .mismatch(name: "offsets", expected: "\(count) steps of \(stateSize)", found: "\(offsets.count) numbers")
    }
    dynamics = TimeVaryingLinearGaussian(count: count, stateSize: stateSize, actionSize: actionSize)
    dynamics.stateMatrices = try reader.read("state_matrices", shape: [dynamics.stateMatrices.count])
    dynamics.actionMatrices = try reader.read("action_matrices", shape: [dynamics.actionMatrices.count])
    dynamics.offsets = offsets
    dynamics.covariances = try reader.read("covariances", shape: [dynamics.covariances.count])
    factors = try reader.read("factors", shape: [dynamics.covariances.count])
  }
}
