import Experience
import Foundation
import Interfaces
import Kernels
import Models
import Networks
import TestSupport
import Testing

/// The gradient of a fit, read off Adam's first moment after a single step, against finite differences of the loss in
/// double precision.
@Suite struct FitGradientTests {
  private let system = LinearSystem()
  private let stateSize = 2
  private let outputs = 3

  /// A model with all parameters drawn at random, whose fit is one step on all data at once.
  private func model(
    members: Int, _ activation: Activation = .silu, _ change: (inout EnsembleSettings) -> Void = { _ in }
  ) throws -> ProbabilisticEnsemble {
    var model = ProbabilisticEnsemble.small(seed: 5) {
      $0.members = members
      $0.hidden = [5, 4]
      $0.activation = activation
      $0.learnsReward = true
      $0.weightDecay = [0.3, 0.2, 0.1]
      $0.boundPenalty = 0.05
      $0.batchSize = 1000
      $0.epochs = 1
      $0.holdout = 0
      change(&$0)
    }
    var random = RandomStream(seed: 21)
    model.parameters = Vector(model.parameters.elements.map { _ in 0.4 * random.normal() })
    return model
  }

  /// (state, action) and (change of state, reward) of all transitions, normalized by mean and standard deviation.
  private func normalized(_ data: ReplayBuffer) -> (inputs: [[Double]], targets: [[Double]]) {
    var batch = TransitionBatch(count: data.count, observationSize: stateSize, actionSize: 1)
    (0..<Int32(data.count)).map { $0 }.withUnsafeBufferPointer { data.gather($0, into: &batch) }
    let x = (0..<data.count).map { r in
      (batch.observations.row(r) + Array(batch.actions.row(r))).map(Double.init)
    }
    let y = (0..<data.count).map { r in
      (0..<stateSize).map { Double(batch.nextObservations[r, $0] - batch.observations[r, $0]) }
        + [Double(batch.rewards[r])]
    }
    return (standardized(x), standardized(y))
  }

  private func standardized(_ rows: [[Double]]) -> [[Double]] {
    let count = Double(rows.count)
    let statistics = rows[0].indices.map { c in
      let mean = rows.reduce(0) { $0 + $1[c] } / count
      return (mean: mean, deviation: (rows.reduce(0) { $0 + ($1[c] - mean) * ($1[c] - mean) } / count).squareRoot())
    }
    return rows.map { row in row.indices.map { (row[$0] - statistics[$0].mean) / statistics[$0].deviation } }
  }

  private func oracle(_ model: ProbabilisticEnsemble) -> OraclePerceptron {
    let activation: (Double) -> Double
    switch model.settings.activation {
    case .relu: activation = OraclePerceptron.relu
    case .tanh: activation = { tanh($0) }
    case .silu: activation = OraclePerceptron.silu
    }
    return OraclePerceptron(widths: [3, 5, 4, 6], activation: activation)
  }

  /// (mean - y)² exp(-l) + l of one row, averaged over its components, for parameters and behind them the upper and
  /// lower bounds of the log-variance.
  private func rowLoss(_ oracle: OraclePerceptron, _ point: [Double], _ x: [Double], _ y: [Double]) -> Double {
    let (upper, lower) = (point[oracle.count...], point[(oracle.count + outputs)...])
    let z = oracle(point[...], x)
    return (0..<outputs).reduce(0) { sum, c in
      let (maximum, minimum) = (upper[upper.startIndex + c], lower[lower.startIndex + c])
      let capped = maximum - log1p(exp(maximum - z[outputs + c]))
      let l = minimum + log1p(exp(capped - minimum))
      return sum + ((z[c] - y[c]) * (z[c] - y[c]) * exp(-l) + l) / Double(outputs)
    }
  }

  /// The whole loss: mean over rows, quadratic penalty of each layer's weights, spread of the bounds.
  private func loss(
    _ model: ProbabilisticEnsemble, _ point: [Double], _ data: (inputs: [[Double]], targets: [[Double]])
  ) -> Double {
    let oracle = oracle(model)
    var total = zip(data.inputs, data.targets).reduce(0) { $0 + rowLoss(oracle, point, $1.0, $1.1) }
    total /= Double(data.inputs.count)
    for (range, rate) in zip(oracle.weights, model.settings.weightDecay) {
      total += Double(rate) / 2 * range.reduce(0) { $0 + point[$1] * point[$1] }
    }
    for c in 0..<outputs {
      total += Double(model.settings.boundPenalty) * (point[oracle.count + c] - point[oracle.count + outputs + c])
    }
    return total
  }

  /// Gradients of all members' parameters and bounds in the first fit of `model`.
  private func gradients(_ model: ProbabilisticEnsemble, _ data: ReplayBuffer) throws -> (
    parameters: [Float], bounds: [Float]
  ) {
    var model = model
    try model.fit(data)
    let share = 1 - Float(0.9)  // of the gradient in the first moment
    return (
      model.optimizer.first.elements.map { $0 / share }, model.boundOptimizer.first.elements.map { $0 / share }
    )
  }

  /// 150 rows are two blocks, one of them partial; 100 are one.
  @Test(arguments: Activation.allCases, [100, 150]) func isTheGradientOfTheLoss(_ activation: Activation, _ rows: Int)
    throws
  {
    let (model, data) = (try model(members: 1, activation), system.data(rows, seed: 2))
    let found = try gradients(model, data)
    let reference = normalized(data)
    let error = gradientError(
      of: found.parameters + found.bounds, at: model.parameters.doubles + model.bounds.doubles
    ) { loss(model, $0, reference) }
    #expect(error.worst < 2e-4, "\(error)")
  }

  /// Means alone with squared errors, |mean - y|² / components, and networks of their own for the log-odds of termination
  /// with their likelihood, softplus(z) - e z: means over rows.
  @Test(arguments: [100, 150]) func isTheGradientOfSquaredErrorsAndTerminations(_ rows: Int) throws {
    let model = try model(members: 1) {
      $0.deterministic = true
      $0.learnsTermination = true
      $0.terminationHidden = [3]
    }
    var random = RandomStream(seed: 8)
    var data = ReplayBuffer(capacity: rows, observationSize: 2, actionSize: 1)
    var ends: [Double] = []
    for _ in 0..<rows {
      let (x, u) = system.point(&random)
      ends.append(random.uniform() < 0.3 ? 1 : 0)
      data.append(
        x, u, reward: system.reward(x, u), next: zip(x, system.change(x, u)).map { $0 + $1 }, continues: ends.last == 0)
    }
    let reference = normalized(data)
    let oracle = OraclePerceptron(widths: [3, 5, 4, 3], activation: OraclePerceptron.silu)
    let error = gradientError(
      of: try gradients(model, data).parameters, at: model.parameters.doubles
    ) { (point: [Double]) -> Double in
      var total = 0.0
      for (x, y) in zip(reference.inputs, reference.targets) {
        let z = oracle(point[...], x)
        for c in 0..<3 { total += (z[c] - y[c]) * (z[c] - y[c]) / Double(3 * rows) }
      }
      for (range, rate) in zip(oracle.weights, model.settings.weightDecay) {
        total += Double(rate) / 2 * range.reduce(0) { $0 + point[$1] * point[$1] }
      }
      return total
    }
    #expect(error.worst < 2e-4, "\(error)")

    var fitted = model
    try fitted.fit(data)
    let moments = fitted.terminatorOptimizer.first.elements
    let terminator = OraclePerceptron(widths: [3, 3, 1], activation: OraclePerceptron.silu)
    let other = gradientError(
      of: moments.map { $0 / (1 - Float(0.9)) }, at: try #require(model.terminatorParameters).doubles
    ) { (point: [Double]) -> Double in
      var total = 0.0
      for (x, ended) in zip(reference.inputs, ends) {
        let z = terminator(point[...], x)[0]
        total += (log1p(exp(z)) - ended * z) / Double(rows)
      }
      return total
    }
    #expect(other.worst < 2e-4, "\(other)")
  }

  /// Trajectories of seven steps, of which 1...4 follow a row within a chain of at most 5; 150 rows are two blocks.
  private func trajectories(_ rows: Int) -> ReplayBuffer {
    var random = RandomStream(seed: 12)
    var data = ReplayBuffer(capacity: rows, observationSize: stateSize, actionSize: 1)
    var x = system.point(&random).state
    for row in 0..<rows {
      if row % 7 == 0 { x = system.point(&random).state }
      let u = system.point(&random).action
      let next = zip(x, system.change(x, u)).map { $0 + $1 + 0.2 * random.normal() }
      data.append(x, u, reward: system.reward(x, u), next: next, continues: row % 7 < 6)
      x = next
    }
    return data
  }

  /// The mean over the steps of chains of the loss of one, with the states that the means lead to in place of real ones.
  @Test(arguments: [(false, 40), (true, 40), (false, 150)])
  func isTheGradientOfSeveralSteps(_ deterministic: Bool, _ rows: Int) throws {
    let steps = 5
    let model = try model(members: 1, .tanh) {
      $0.deterministic = deterministic
      $0.predictionSteps = steps
    }
    let data = trajectories(rows)
    var batch = TransitionBatch(count: rows, observationSize: stateSize, actionSize: 1)
    (0..<Int32(rows)).map { $0 }.withUnsafeBufferPointer { data.gather($0, into: &batch) }
    let states = (0..<rows).map { batch.observations.row($0).map(Double.init) }
    let ends = (0..<rows).map { batch.nextObservations.row($0).map(Double.init) }
    let inputs = (0..<rows).map { states[$0] + [Double(batch.actions[$0, 0])] }
    let targets = (0..<rows).map { row in
      (0..<stateSize).map { ends[row][$0] - states[row][$0] } + [Double(batch.rewards[row])]
    }
    func statistics(_ rows: [[Double]]) -> [(mean: Double, deviation: Double)] {
      rows[0].indices.map { c in
        let mean = rows.reduce(0) { $0 + $1[c] } / Double(rows.count)
        return (mean, (rows.reduce(0) { $0 + ($1[c] - mean) * ($1[c] - mean) } / Double(rows.count)).squareRoot())
      }
    }
    let (x, y) = (statistics(inputs), statistics(targets))
    let oracle = OraclePerceptron(
      widths: [3, 5, 4, deterministic ? 3 : 6], activation: { tanh($0) })
    func chainLoss(_ point: [Double], from row: Int) -> Double {
      var (state, total) = (states[row], 0.0)
      for j in 0..<min(steps, 7 - row % 7, rows - row) {
        let input = zip(state + [inputs[row + j][2]], x).map { ($0 - $1.mean) / $1.deviation }
        let change = zip(ends[row + j], state).map { $0 - $1 } + [targets[row + j][2]]
        let target = zip(change, y).map { ($0 - $1.mean) / $1.deviation }
        let output = oracle(point[...], input)
        total +=
          deterministic
          ? zip(output, target).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / 3
          : rowLoss(oracle, point, input, target)
        state = (0..<stateSize).map { state[$0] + y[$0].mean + y[$0].deviation * output[$0] }
      }
      return total / Double(steps)
    }
    let found = try gradients(model, data)
    let bounds = deterministic ? [] : model.bounds.doubles
    let error = gradientError(
      of: found.parameters + (deterministic ? [] : found.bounds), at: model.parameters.doubles + bounds
    ) { (point: [Double]) -> Double in
      var total = (0..<rows).reduce(0) { $0 + chainLoss(point, from: $1) } / Double(rows)
      for (range, rate) in zip(oracle.weights, model.settings.weightDecay) {
        total += Double(rate) / 2 * range.reduce(0) { $0 + point[$1] * point[$1] }
      }
      guard !deterministic else { return total }
      for c in 0..<outputs {
        total += Double(model.settings.boundPenalty) * (point[oracle.count + c] - point[oracle.count + outputs + c])
      }
      return total
    }
    #expect(error.worst < 3e-4, "\(error)")
  }

  /// Every member trains on a bootstrap resample of its own: at equal parameters the members' gradients scatter about
  /// the gradient of all data with the variance of a mean of `rows` draws.
  @Test func membersSeeBootstrapResamples() throws {
    let (members, rows) = (80, 120)
    var model = try model(members: members)
    let data = system.data(rows, seed: 3)
    let oracle = oracle(model)
    let one = model.parameters.elements.prefix(oracle.count)
    model.parameters = Vector(Array(repeating: one, count: members).flatMap { $0 })
    let found = try gradients(model, data).parameters
    let reference = normalized(data)
    let point =
      one.map(Double.init) + [Double](repeating: 0.5, count: outputs) + [Double](repeating: -10, count: outputs)
    // biases of the output layer: no penalty there
    for component in oracle.count - 2 * outputs..<oracle.count {
      let slopes = zip(reference.inputs, reference.targets).map { x, y in
        var (above, below) = (point, point)
        above[component] += 1e-5
        below[component] -= 1e-5
        return (rowLoss(oracle, above, x, y) - rowLoss(oracle, below, x, y)) / 2e-5
      }
      let mean = slopes.reduce(0, +) / Double(rows)
      let variance = slopes.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rows * rows)
      let sample = (0..<members).map { Double(found[$0 * oracle.count + component]) }
      let center = sample.reduce(0, +) / Double(members)
      let scatter = sample.reduce(0) { $0 + ($1 - center) * ($1 - center) } / Double(members - 1)
      #expect(abs(center - mean) < 5 * (variance / Double(members)).squareRoot(), "component \(component)")
      #expect(0.4 * variance < scatter && scatter < 2 * variance, "component \(component): \(scatter / variance)")
    }
  }
}
