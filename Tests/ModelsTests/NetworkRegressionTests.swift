import Archive
import Interfaces
import Kernels
import Models
import TestSupport
import Testing

/// Regression with a prior from a model of all dynamics.
@Suite struct NetworkRegressionTests {
  /// x' = (sin(x_0) + u, x_1 - x_0 u), known exactly: what a perfect network would be.
  private struct KnownModel: LearnedDynamics {
    static let metricNames = ["model_loss"]
    var stateSize: Int { 2 }
    var actionSize: Int { 1 }
    var preferredRows: Int { 64 }
    var gradients: GradientSupport { .pathwise }
    var expectation: KnownModel { self }
    var isFitted = false
    var fittedRows = 0

    func makeRollout(capacity: Int, keeping steps: Int) -> Steps { Steps(capacity: capacity) }

    mutating func fit(
      to data: some TransitionSource, using random: inout RandomStream, metrics: inout MetricRow
    ) throws(NumericalFailure) {
      isFitted = true
      fittedRows = data.count
      var batch = TransitionBatch(count: 1, observationSize: 2, actionSize: 1)
      [Int32(data.count - 1)].withUnsafeBufferPointer { data.gather($0, into: &batch) }
      metrics.record("model_loss", batch.observations[0, 0])
    }

    func save(to writer: inout StateWriter) { writer.write("fitted", isFitted) }
    mutating func restore(from reader: StateReader) throws(ArchiveError) { isFitted = try reader.bool("fitted") }

    static func step(_ x: Float, _ y: Float, _ u: Float) -> (Float, Float) { (x - x * x * x / 6 + u, y - x * u) }
  }

  private struct Steps: ModelRollout {
    private var before: Vector
    private var after: Vector
    private var actions: Vector
    private(set) var count = 0
    private(set) var steps = 0

    init(capacity: Int) {
      before = Vector(count: 2 * capacity)
      after = before
      actions = Vector(count: capacity)
    }

    var states: UnsafePointer<Float> { steps == 0 ? before.pointer : after.pointer }
    var predictedRewards: UnsafePointer<Float>? { nil }
    func states(at step: Int) -> UnsafePointer<Float> { step == 0 ? before.pointer : after.pointer }

    mutating func reset(_ starts: RolloutStarts, using random: RandomStream) {
      (count, steps) = (starts.count, 0)
      before.mutablePointer.update(from: starts.states, count: 2 * count)
    }

    mutating func advance(_ actions: UnsafePointer<Float>) {
      self.actions.mutablePointer.update(from: actions, count: count)
      for row in 0..<count {
        let (x, y) = KnownModel.step(before[2 * row], before[2 * row + 1], actions[row])
        (after[2 * row], after[2 * row + 1]) = (x, y)
      }
      steps = 1
    }

    mutating func pullBack(
      step: Int, nextGradients: UnsafePointer<Float>?, rewardGradients: UnsafePointer<Float>?,
      scoreWeights: UnsafePointer<Float>?, stateGradients: UnsafeMutablePointer<Float>,
      actionGradients: UnsafeMutablePointer<Float>
    ) {
      guard let nextGradients else { return }
      for row in 0..<count {
        let (x, u, g, h) = (before[2 * row], actions[row], nextGradients[2 * row], nextGradients[2 * row + 1])
        stateGradients[2 * row] = g * (1 - x * x / 2) - h * u
        stateGradients[2 * row + 1] = h
        actionGradients[row] = g - h * x
      }
    }
  }

  private static func samples(_ count: Int, seed: UInt64) -> [SampledTrajectory] {
    var random = RandomStream(seed: seed)
    return (0..<count).map { _ in
      var sample = SampledTrajectory(horizon: 4, stateSize: 2, actionSize: 1)
      (sample.states[0], sample.states[1]) = (0.3 + 0.02 * Double(random.normal()), 0.5)
      for t in 0..<4 {
        // the same action each time: no sample says what others would do
        sample.actions[t] = 0.2
        let (x, y) = KnownModel.step(Float(sample.states[2 * t]), Float(sample.states[2 * t + 1]), 0.2)
        (sample.states[2 * t + 2], sample.states[2 * t + 3]) = (Double(x), Double(y))
      }
      return sample
    }
  }

  /// Where samples do not tell, the model's Jacobian does; without its strength nothing does.
  @Test func theJacobianFillsWhatSamplesDoNotShow() throws {
    let samples = Self.samples(3, seed: 1)
    let rows = TimedRows(transitionsOf: samples)
    func slopes(_ strength: Double) throws -> (b: [Double], a: [Double]) {
      var settings = LinearGaussianRegressionSettings()
      (settings.strength, settings.regularization) = (strength, 1e-9)
      var (regression, random) = (NetworkRegression(settings, model: KnownModel()), RandomStream(seed: 1))
      let report = regression.absorb([rows], using: &random)
      #expect(!report.failed && report.rows == 12)
      guard case .fitted(let found, _) = regression.fit(rows) else { throw Unfitted() }
      // at time 2: outputs 2, inputs (x, y, u)
      return (
        [found.matrices[12 + 2], found.matrices[12 + 5]], [found.matrices[12], found.matrices[12 + 4]]
      )
    }
    let x = samples.reduce(0) { $0 + $1.states[4] } / 3
    let helped = try slopes(1)
    #expect(abs(helped.b[0] - 1) < 1e-3 && abs(helped.b[1] + x) < 1e-3, "\(helped) at \(x)")
    #expect(abs(helped.a[0] - (1 - x * x / 2)) < 0.02 && abs(helped.a[1] - 1) < 0.02)
    let alone = try slopes(0)
    #expect(abs(alone.b[0]) < 1e-6 && abs(alone.b[1]) < 1e-6)
  }

  private struct Unfitted: Error {}

  /// An ensemble in its place, and a checkpoint of it.
  @Test func anEnsembleIsRestored() throws {
    var network = EnsembleSettings()
    (network.members, network.hidden, network.weightDecay) = (2, [8], [0])
    (network.epochs, network.propagation) = (2, .mean)
    func make(_ seed: UInt64) -> NetworkRegression<ProbabilisticEnsemble> {
      NetworkRegression(
        LinearGaussianRegressionSettings(),
        model: ProbabilisticEnsemble(network, stateSize: 2, actionSize: 1, using: RandomStream(seed: seed)))
    }
    let rows = TimedRows(transitionsOf: Self.samples(6, seed: 2))
    var (regression, random) = (make(1), RandomStream(seed: 3))
    #expect(!regression.absorb([rows], using: &random).failed)
    var restored = make(2)
    try OracleState(regression).restore(into: &restored)
    #expect(restored.fit(rows) == regression.fit(rows))
    guard case .fitted = restored.fit(rows) else { throw Unfitted() }
  }
}
