import Archive
import Foundation
import Interfaces
import Kernels

/// Gaussian process dynamics: the change of every component of the state is a Gaussian process of state and action, with
/// a squared exponential kernel that has a length scale for each input (Deisenroth and Rasmussen, "PILCO: a model-based and
/// data-efficient approach to policy search" 2011, section 2.1); discrete actions enter as one-hot vectors.
///
/// Inputs and changes are normalized by their means and standard deviations. Each output has hyperparameters of its own,
/// which maximize its marginal likelihood, by L-BFGS from where the last fit ended (or from the start, where that is
/// better), with a penalty that holds back signal-to-noise ratios and length scales beyond their bounds. Everything is in
/// double precision. A fit of n points is O(D n³) an iteration; of more data than `points`, the points are a
/// subset that explains the others' variance best (see `PointSelection`).
public struct GaussianProcessModel: LearnedDynamics {
  /// Average logarithm of the marginal likelihood, a normalized change of state; points; geometric mean over outputs of
  /// the noise's share of the deviation of changes.
  public static let metricNames = ["model_evidence", "model_points", "model_noise"]

  /// What was set.
  public private(set) var settings: GaussianProcessSettings
  public let stateSize: Int
  public var actionSize: Int { encoding.size }
  let encoding: ActionEncoding
  var inputs: Normalizer
  var changes: Normalizer
  /// Normalized points, [n, K].
  private var points: [Double] = []
  /// The same, for those who propagate moments.
  var normalizedPoints: [Double] { points }
  /// Normalized changes, [D, n].
  private var targets: [Double] = []
  /// Of each output; empty before the first fit.
  package private(set) var outputs: [GaussianProcessOutput] = []

  /// A model that knows nothing.
  public init(_ settings: GaussianProcessSettings, stateSize: Int, actions space: ActionSpace) {
    self.settings = settings
    self.stateSize = stateSize
    encoding = ActionEncoding(space)
    inputs = Normalizer(size: stateSize + encoding.width)
    changes = Normalizer(size: stateSize)
  }

  /// Numbers that predictions depend on, K.
  var inputSize: Int { stateSize + encoding.width }
  /// Points that predictions rest on, n.
  public var pointCount: Int { points.count / inputSize }
  public var isFitted: Bool { !outputs.isEmpty }
  /// Enough for the products with n x n matrices.
  public var preferredRows: Int { 128 }

  /// Of actions that are reals; scores where steps are drawn.
  public var gradients: GradientSupport {
    encoding.size != encoding.width ? .none : settings.samples ? .pathwiseAndScores : .pathwise
  }

  /// The same that follows the mean.
  public var expectation: GaussianProcessModel {
    var model = self
    model.settings.samples = false
    return model
  }

  public func makeRollout(capacity: Int, keeping steps: Int) -> GaussianProcessRollout {
    precondition(steps == 0 || gradients != .none, "steps without gradients need not be kept")
    return GaussianProcessRollout(self, capacity: capacity, keptSteps: steps)
  }

  public mutating func fit(
    to data: some TransitionSource, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    precondition(data.count > 0, "fitting to no transitions")
    let (size, width) = (stateSize, inputSize)
    var x = Matrix(rows: data.count, columns: width)
    var y = Matrix(rows: data.count, columns: size)
    read(data, inputs: &x, changes: &y)
    guard x.elements.allSatisfy(\.isFinite) && y.elements.allSatisfy(\.isFinite) else {
      throw NumericalFailure(metric: "model_evidence", value: .nan)
    }
    inputs.fit(x)
    changes.fit(y, targets: true)
    inputs.apply(x.mutablePointer, rows: data.count)
    changes.apply(y.mutablePointer, rows: data.count)
    let chosen = PointSelection.choose(settings.points, of: x)
    points = chosen.flatMap { row in (0..<width).map { Double(x[row, $0]) } }
    targets = (0..<size).flatMap { column in chosen.map { Double(y[$0, column]) } }
    let evidence = try condition(iterations: settings.iterations)
    metrics.record("model_evidence", Float(evidence))
    metrics.record("model_points", Float(chosen.count))
    let noise = outputs.reduce(0) { $0 + $1.parameters[width + 1] } / Double(size)
    metrics.record("model_noise", Float(exp(noise)))
  }

  /// Finds the hyperparameters of all outputs, in parallel, and conditions on the points. Returns the average logarithm of
  /// the likelihood of a target.
  private mutating func condition(iterations: Int) throws(NumericalFailure) -> Double {
    let (n, width, size) = (pointCount, inputSize, stateSize)
    let (points, targets, settings) = (points, targets, settings)
    let before = outputs.map(\.parameters)
    var fits = [GaussianProcessFit?](repeating: nil, count: size)
    fits.withUnsafeMutableBufferPointer { fits in
      WorkerPool.forEach(size) { output in
        let evidence = GaussianProcessEvidence(points, Array(targets[output * n..<(output + 1) * n]))
        fits[output] = GaussianProcessFit(
          evidence, points, settings, from: before.isEmpty ? nil : before[output], iterations: iterations)
      }
    }
    let found = fits.compactMap { $0 }
    guard found.count == size else {
      outputs = []
      throw NumericalFailure(metric: "model_evidence", value: .nan)
    }
    outputs = found.map(\.output)
    precondition(outputs.allSatisfy { $0.parameters.count == width + 2 }, "hyperparameters of another kernel")
    return found.reduce(0) { $0 + $1.evidence } / Double(n * size)
  }

  /// Copies the transitions' inputs [N, K] and changes of state [N, D].
  private func read(_ data: some TransitionSource, inputs x: inout Matrix, changes y: inout Matrix) {
    let (count, size, width) = (data.count, stateSize, x.columns)
    let block = 1024
    var batch = TransitionBatch(count: min(block, count), observationSize: size, actionSize: encoding.size)
    let (xs, ys) = (x.mutablePointer, y.mutablePointer)
    for start in stride(from: 0, to: count, by: block) {
      let length = min(block, count - start)
      (0..<Int32(length)).map { Int32(start) + $0 }.withUnsafeBufferPointer { data.gather($0, into: &batch) }
      for r in 0..<length {
        let (o, n) = (batch.observations.pointer + r * size, batch.nextObservations.pointer + r * size)
        let input = xs + (start + r) * width
        for i in 0..<size {
          input[i] = o[i]
          ys[(start + r) * size + i] = n[i] - o[i]
        }
        encoding.encode(batch.actions.pointer + r * encoding.size, into: input + size)
      }
    }
  }
}

extension GaussianProcessModel: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("inputs", inputs)
    writer.write("changes", changes)
    writer.write("points", points)
    writer.write("targets", targets)
    writer.write("hyperparameters", outputs.flatMap(\.parameters))
  }

  /// Conditions anew on the points: what follows from them is not saved.
  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try reader.read("inputs", into: &inputs)
    try reader.read("changes", into: &changes)
    points = try reader.read("points", as: Double.self)
    guard points.count % inputSize == 0 else {
      throw .mismatch(name: "points", expected: "rows of \(inputSize)", found: "\(points.count) numbers")
    }
    targets = try reader.read("targets", shape: [stateSize * pointCount])
    let width = inputSize + 2
    outputs = []
    let saved = try reader.read(
      "hyperparameters", as: Double.self)
    guard saved.count == (points.isEmpty ? 0 : stateSize * width) else {
      throw .mismatch(name: "hyperparameters", expected: "\(stateSize * width)", found: "\(saved.count) numbers")
    }
    guard !points.isEmpty else { return }
    for output in 0..<stateSize {
      let evidence = GaussianProcessEvidence(points, Array(targets[output * pointCount..<(output + 1) * pointCount]))
      guard
        let restored = GaussianProcessOutput(
          evidence, points, at: Array(saved[output * width..<(output + 1) * width]))
      else {
        throw .mismatch(name: "hyperparameters", expected: "a positive definite kernel", found: "another")
      }
      outputs.append(restored)
    }
  }
}
