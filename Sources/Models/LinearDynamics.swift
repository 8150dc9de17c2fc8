import Archive
import Configuration
import Interfaces
import Kernels

/// Settings of a linear model.
public struct LinearDynamicsSettings: Configuration {
  public init() {}
  @Setting(
    "Quadratic penalty of the coefficients of normalized inputs, per transition", in: 0...1e3)
  public var ridge: Double = 1e-6
  @Setting("Draw the residuals' noise in rollouts, instead of following the mean") public
    var samplesNoise: Bool = false
}

/// Linear dynamics with independent normal noise, s' = s + C (s, a, 1) + e, by least squares over all transitions; discrete
/// actions enter as one-hot vectors.
///
/// The normal equations of the normalized inputs, with a small ridge, are summed up in double precision and solved by
/// a Cholesky factorization: O(N K^2 + K^3) for K inputs. The noise's deviations are those of the residuals.
public struct LinearDynamics: LearnedDynamics, Archived {
  /// Mean squared residual relative to the variance of the changes, averaged over components.
  public static let metricNames = ["model_error"]

  /// What was set.
  public private(set) var settings: LinearDynamicsSettings
  public let stateSize: Int
  public var actionSize: Int { encoding.size }
  public private(set) var isFitted = false
  let encoding: ActionEncoding
  var inputs: Normalizer
  /// Coefficients C of the normalized inputs and of 1, [K, D], K = D + A + 1.
  package private(set) var coefficients: Matrix
  /// Standard deviation of the noise, [D].
  package private(set) var deviations: [Float]

  /// A model that says nothing changes.
  public init(_ settings: LinearDynamicsSettings, stateSize: Int, actions space: ActionSpace) {
    self.settings = settings
    self.stateSize = stateSize
    encoding = ActionEncoding(space)
    inputs = Normalizer(size: stateSize + encoding.width)
    coefficients = Matrix(rows: stateSize + encoding.width + 1, columns: stateSize)
    deviations = Array(repeating: 0, count: stateSize)
  }

  public var preferredRows: Int { 512 }

  /// Of actions that are reals.
  public var gradients: GradientSupport { encoding.size == encoding.width ? .pathwise : .none }

  /// The same without noise.
  public var expectation: LinearDynamics {
    var model = self
    model.settings.samplesNoise = false
    return model
  }

  public func makeRollout(capacity: Int, keeping steps: Int) -> LinearRollout {
    precondition(steps == 0 || gradients != .none, "steps without gradients need not be kept")
    return LinearRollout(self, capacity: capacity, keptSteps: steps)
  }

  public mutating func fit(
    to data: some TransitionSource, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    precondition(data.count > 0, "fitting to no transitions")
    let (count, size, width) = (data.count, stateSize, coefficients.rows)
    var x = Matrix(rows: count, columns: width - 1)
    var y = Matrix(rows: count, columns: size)
    read(data, inputs: &x, changes: &y)
    inputs.fit(x)
    inputs.apply(x.mutablePointer, rows: count)
    // (X'X + ridge) C = X'Y, the constant last and without penalty
    var (gram, moments) = (
      DoubleMatrix(rows: width, columns: width), DoubleMatrix(rows: width, columns: size)
    )
    var row = [Double](repeating: 1, count: width)
    for r in 0..<count {
      for i in 0..<width - 1 { row[i] = Double(x.pointer[r * (width - 1) + i]) }
      for i in 0..<width {
        for j in 0...i { gram[i, j] += row[i] * row[j] }
        for j in 0..<size { moments[i, j] += row[i] * Double(y.pointer[r * size + j]) }
      }
    }
    for i in 0..<width { for j in 0..<i { gram[j, i] = gram[i, j] } }
    for i in 0..<width - 1 { gram[i, i] += settings.ridge * Double(count) + 1e-9 * Double(count) }
    let solution: DoubleMatrix
    do { solution = try gram.solvePositiveDefinite(moments) } catch {
      throw NumericalFailure(metric: "model_error", value: .nan)
    }
    for i in 0..<width { for j in 0..<size { coefficients[i, j] = Float(solution[i, j]) } }
    let error = takeResiduals(x, y, solution)
    guard error.isFinite else { throw NumericalFailure(metric: "model_error", value: error) }
    isFitted = true
    metrics.record("model_error", error)
  }

  /// Copies the transitions' inputs [N, K - 1] and changes of state [N, D].
  private func read(_ data: some TransitionSource, inputs x: inout Matrix, changes y: inout Matrix) {
    let (count, size, width) = (data.count, stateSize, x.columns)
    let block = 1024
    var batch = TransitionBatch(
      count: min(block, count), observationSize: size, actionSize: encoding.size)
    let (xs, ys) = (x.mutablePointer, y.mutablePointer)
    for start in stride(from: 0, to: count, by: block) {
      let length = min(block, count - start)
      (0..<Int32(length)).map { Int32(start) + $0 }.withUnsafeBufferPointer {
        data.gather($0, into: &batch)
      }
      for r in 0..<length {
        let (o, n) = (
          batch.observations.pointer + r * size, batch.nextObservations.pointer + r * size
        )
        let input = xs + (start + r) * width
        for i in 0..<size {
          input[i] = o[i]
          ys[(start + r) * size + i] = n[i] - o[i]
        }
        encoding.encode(batch.actions.pointer + r * encoding.size, into: input + size)
      }
    }
  }

  /// Takes the deviations of the residuals and returns the metric.
  private mutating func takeResiduals(_ x: Matrix, _ y: Matrix, _ solution: DoubleMatrix) -> Float {
    let (count, size, width) = (x.rows, stateSize, coefficients.rows)
    var total = 0.0
    for j in 0..<size {
      var (sum, squares, residuals) = (0.0, 0.0, 0.0)
      for r in 0..<count {
        var predicted = solution[width - 1, j]
        for i in 0..<width - 1 {
          predicted += Double(x.pointer[r * (width - 1) + i]) * solution[i, j]
        }
        let truth = Double(y.pointer[r * size + j])
        sum += truth
        squares += truth * truth
        residuals += (truth - predicted) * (truth - predicted)
      }
      let variance = squares / Double(count) - (sum / Double(count)) * (sum / Double(count))
      deviations[j] = Float((residuals / Double(max(count - width, 1))).squareRoot())
      total += residuals / Double(count) / max(variance, 1e-12)
    }
    return Float(total / Double(size))
  }

  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("inputs", &inputs)
    try fields.field("coefficients", &coefficients)
    try fields.field("deviations", &deviations, count: stateSize)
    try fields.field("fitted", &isFitted)
  }
}
