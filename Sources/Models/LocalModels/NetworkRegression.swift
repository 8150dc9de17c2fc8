import Archive
import Interfaces
import Kernels

/// Linear-Gaussian dynamics for every time, by regression with a normal-inverse-Wishart prior from a model of all
/// dynamics, such as an ensemble of networks (Fu, Levine and Abbeel 2016, section IV).
///
/// The model f is fitted to all transitions so far. At time t, with the samples' mean z̄ and covariance S_zz of (x, u)
/// and f's Jacobian J at z̄, the prior's moments are those of y = f(z̄) + J (z - z̄) + noise:
///
///     m_0 = (z̄, f(z̄)),   S_0 = (S_zz, S_zz Jᵀ; J S_zz, J S_zz Jᵀ + R)
///
/// where R holds the mean squares of what f leaves unexplained, and S_zz is enlarged by a hundredth of the variances
/// over all times, so that J counts in directions that the samples of one time do not vary in. Both count for
/// `strength` observations. The model's steps must be its mean: one that draws them is refused.
public struct NetworkRegression<Model: LearnedDynamics>: LinearGaussianEstimator {
  private let settings: LinearGaussianRegressionSettings
  private var model: Model
  private let width: Int
  /// All rows (x, u, x') so far.
  private var past: [Double] = []

  private static var enlargement: Double { 0.01 }

  /// Around `model`, which has not been fitted yet.
  public init(_ settings: LinearGaussianRegressionSettings, model: Model) {
    precondition(model.gradients == .pathwise, "a model whose steps are drawn has no one linearization")
    self.settings = settings
    self.model = model
    width = 2 * model.stateSize + model.actionSize
  }

  public mutating func absorb(_ rows: [TimedRows], using random: inout RandomStream) -> PriorReport {
    var report = PriorReport()
    for rows in rows {
      precondition(rows.width == width && rows.outputSize == model.stateSize, "rows of another width")
      past += rows.values
    }
    report.rows = past.count / width
    guard settings.strength > 0, !past.isEmpty else { return report }
    var metrics = MetricRow(names: Model.metricNames)
    let source = RowTransitions(values: past, stateSize: model.stateSize, actionSize: model.actionSize)
    do throws(NumericalFailure) {
      try model.fit(to: source, using: &random, metrics: &metrics)
      report.logLikelihood = -(metrics.mean(0) ?? 0)
    } catch {
      report.failed = true
    }
    return report
  }

  public func fit(_ rows: TimedRows) -> LinearGaussianFit {
    precondition(rows.width == width && rows.outputSize == model.stateSize, "rows of another width")
    let coordinates = Standardization(of: rows.values, size: width)
    let points = coordinates.apply(rows.values)
    guard points.allSatisfy(\.isFinite) else { return .failed(step: 0) }
    let regression = ConditionalRegression(
      rows: rows, points: points, coordinates: coordinates, regularization: settings.regularization)
    let linear = model.isFitted && settings.strength > 0 ? linearize(rows) : nil
    return regression.fit { t in
      guard let linear else { return NormalInverseWishart(uninformedOf: width) }
      return prior(t, rows, linear, coordinates)
    }
  }

  /// The model at each time's mean inputs.
  private struct Linearization {
    /// z̄_t, [T, n + m].
    var inputs: [Double]
    /// f(z̄_t), [T, n].
    var outputs: [Double]
    /// J_t, [T, n, n + m].
    var jacobians: [Double]
    /// Mean squares of x' - f(x, u) over all rows, [n].
    var residuals: [Double]
  }

  private func linearize(_ rows: TimedRows) -> Linearization {
    let (n, m, times, count) = (model.stateSize, model.actionSize, rows.times, rows.count)
    let inputs = n + m
    var result = Linearization(
      inputs: Array(repeating: 0, count: times * inputs), outputs: [],
      jacobians: Array(repeating: 0, count: times * n * inputs), residuals: Array(repeating: 0, count: n))
    for row in 0..<times * count {
      for i in 0..<inputs {
        result.inputs[row / count * inputs + i] += rows.values[row * width + i] / Double(count)
      }
    }
    func predict(_ total: Int, _ values: [Double], stride: Int, _ rollout: inout some ModelRollout) -> [Double] {
      let states = (0..<total * n).map { Float(values[$0 / n * stride + $0 % n]) }
      let actions = (0..<total * m).map { Float(values[$0 / m * stride + n + $0 % m]) }
      states.withUnsafeBufferPointer { states in
        guard let states = states.baseAddress else { return }
        rollout.reset(RolloutStarts(count: total, states: states), using: RandomStream(seed: 0))
      }
      rollout.advance(actions)
      return (0..<total * n).map { Double(rollout.states[$0]) }
    }
    var plain = model.makeRollout(capacity: times * count, keeping: 0)
    let predicted = predict(times * count, rows.values, stride: width, &plain)
    for row in 0..<times * count {
      for i in 0..<n {
        let left = rows.values[row * width + inputs + i] - predicted[row * n + i]
        result.residuals[i] += left * left / Double(times * count)
      }
    }
    var kept = model.makeRollout(capacity: times, keeping: 1)
    result.outputs = predict(times, result.inputs, stride: inputs, &kept)
    var (states, actions) = ([Float](repeating: 0, count: times * n), [Float](repeating: 0, count: times * m))
    for i in 0..<n {
      let unit = (0..<times * n).map { $0 % n == i ? Float(1) : 0 }
      kept.pullBack(
        step: 0, nextGradients: unit, rewardGradients: nil, scoreWeights: nil, stateGradients: &states,
        actionGradients: &actions)
      for t in 0..<times {
        let row = (t * n + i) * inputs
        for j in 0..<n { result.jacobians[row + j] = Double(states[t * n + j]) }
        for j in 0..<m { result.jacobians[row + n + j] = Double(actions[t * m + j]) }
      }
    }
    return result
  }

  /// The prior at time `t`, in `coordinates`.
  private func prior(
    _ t: Int, _ rows: TimedRows, _ linear: Linearization, _ coordinates: Standardization
  ) -> NormalInverseWishart {
    let (n, inputs, count) = (rows.outputSize, rows.inputSize, rows.count)
    var spread = DoubleMatrix(rows: inputs, columns: inputs)
    for row in t * count..<(t + 1) * count {
      for i in 0..<inputs {
        let left = rows.values[row * width + i] - linear.inputs[t * inputs + i]
        for j in 0..<inputs {
          spread[i, j] += left * (rows.values[row * width + j] - linear.inputs[t * inputs + j]) / Double(count)
        }
      }
    }
    for i in 0..<inputs { spread[i, i] += Self.enlargement * coordinates.scales[i] * coordinates.scales[i] }
    let jacobian = DoubleMatrix(
      rows: n, columns: inputs, Array(linear.jacobians[t * n * inputs..<(t + 1) * n * inputs]))
    let cross = jacobian * spread
    let explained = cross * jacobian.transposed
    func covariance(_ i: Int, _ j: Int) -> Double {
      switch (i < inputs, j < inputs) {
      case (true, true): spread[i, j]
      case (false, true): cross[i - inputs, j]
      case (true, false): cross[j - inputs, i]
      case (false, false): explained[i - inputs, j - inputs] + (i == j ? linear.residuals[i - inputs] : 0)
      }
    }
    let mean = (0..<width).map { i in
      let value = i < inputs ? linear.inputs[t * inputs + i] : linear.outputs[t * n + i - inputs]
      return (value - coordinates.means[i]) / coordinates.scales[i]
    }
    let joint = (0..<width * width).map { index in
      covariance(index / width, index % width)
        / (coordinates.scales[index / width] * coordinates.scales[index % width])
    }
    return NormalInverseWishart(
      mean: mean, meanStrength: settings.strength, covariance: joint, covarianceStrength: settings.strength)
  }
}

extension NetworkRegression: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("model", &model)
    try fields.field("rows", &past, growing: true)
    guard past.count % width == 0 else {
      throw .mismatch(name: "rows", expected: "rows of \(width) numbers", found: "\(past.count) numbers")
    }
  }
}

/// Rows (x, u, x') as transitions without rewards or ends.
private struct RowTransitions: TransitionSource {
  let values: [Double]
  let stateSize: Int
  let actionSize: Int

  var count: Int { values.count / (2 * stateSize + actionSize) }

  func gather(_ indices: UnsafeBufferPointer<Int32>, into batch: inout TransitionBatch) {
    let width = 2 * stateSize + actionSize
    for (row, index) in indices.enumerated() {
      let first = Int(index) * width
      for i in 0..<stateSize {
        batch.observations[row, i] = Float(values[first + i])
        batch.nextObservations[row, i] = Float(values[first + stateSize + actionSize + i])
      }
      for i in 0..<actionSize { batch.actions[row, i] = Float(values[first + stateSize + i]) }
      batch.rewards[row] = 0
      batch.continues[row] = 1
    }
  }
}
