import Interfaces
import Kernels
import Models
import Networks
import TestSupport
import Testing

@Suite struct EnsembleReproducibilityTests {
  private static func settings(_ settings: inout EnsembleSettings) {
    settings.elites = 2
    settings.batchSize = 200  // two blocks of rows
    settings.learnsReward = true
    settings.epochs = 4
  }

  /// State after two fits, and where a rollout of some steps leads.
  private static func course(
    seed: UInt64, _ precision: ProductPrecision = .single
  ) throws -> (state: OracleState, rollout: [[Float]]) {
    var model = ProbabilisticEnsemble.small(seed: seed) {
      settings(&$0)
      $0.precision = precision
      if precision == .bfloat16 { $0.hidden = [64, 72] }
    }
    var data = LinearSystem().data(450, seed: seed)
    try model.fit(data, seed: seed)
    LinearSystem().append(150, to: &data, seed: seed + 1)
    try model.fit(data, seed: seed)
    return (OracleState(model), rollout(model))
  }

  private static func rollout(_ model: ProbabilisticEnsemble) -> [[Float]] {
    let rollout = model.makeRollout(capacity: 30)
    (0..<60).map { Float($0) / 60 }.withUnsafeBufferPointer {
      guard let base = $0.baseAddress else { return }
      rollout.reset(count: 30, to: base, rowsPerParticle: 6, firstParticle: 0, using: RandomStream(seed: 3))
    }
    for t in 0..<5 { rollout.step((0..<30).map { Float($0 - t) / 30 }) }
    return rollout.rows(width: 2)
  }

  @Test func oneSeedOneModel() throws {
    let (first, again, other) = (try Self.course(seed: 1), try Self.course(seed: 1), try Self.course(seed: 2))
    #expect(first.state == again.state && first.rollout == again.rollout)
    #expect(first.state != other.state && first.rollout != other.rollout)
  }

  /// In a process of its own: the pool belongs to all tests.
  @Test func threadsDoNotChangeABit() async {
    await #expect(processExitsWith: .success) {
      let one = try ProductPrecision.allCases.map { try Self.course(seed: 1, $0) }
      WorkerPool.configure(threads: 2)
      #expect(WorkerPool.threads == 2)
      for (one, precision) in zip(one, ProductPrecision.allCases) {
        let two = try Self.course(seed: 1, precision)
        #expect(one.state == two.state && one.rollout == two.rollout, "\(precision)")
      }
    }
  }

  /// A restored model predicts and goes on learning as the saved one does.
  @Test func restoredModelsGoOnAlike() throws {
    var original = ProbabilisticEnsemble.small(seed: 1, Self.settings)
    var data = LinearSystem().data(300, seed: 1)
    try original.fit(data)
    var restored = ProbabilisticEnsemble.small(seed: 77, Self.settings)
    try OracleState(original).restore(into: &restored)
    #expect(restored.isFitted && restored.elites == original.elites)
    #expect(Self.rollout(restored) == Self.rollout(original))
    LinearSystem().append(100, to: &data, seed: 2)
    let metrics = (try original.fit(data), try restored.fit(data))
    for name in ProbabilisticEnsemble.metricNames { #expect(metrics.0.mean(of: name) == metrics.1.mean(of: name)) }
    #expect(OracleState(original) == OracleState(restored))
  }

  @Test func anotherArchitectureIsRefused() throws {
    let state = OracleState(ProbabilisticEnsemble.small())
    var wider = ProbabilisticEnsemble.small { $0.hidden = [24, 25] }
    #expect(throws: (any Error).self) { try state.restore(into: &wider) }
  }

  /// Models are values: fitting a copy leaves the original alone, rollouts included that were made of it.
  @Test func copiesAreIndependent() throws {
    let original = ProbabilisticEnsemble.small(seed: 1, Self.settings)
    let (state, course) = (OracleState(original), Self.rollout(original))
    var copy = original
    try copy.fit(LinearSystem().data(200, seed: 1))
    #expect(OracleState(original) == state && OracleState(copy) != state)
    #expect(Self.rollout(original) == course && Self.rollout(copy) != course)
  }
}
