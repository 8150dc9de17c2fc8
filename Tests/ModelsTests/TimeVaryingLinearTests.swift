import Experience
import Interfaces
import Kernels
import Models
import TestSupport
import Testing

/// Recovery of a known system that changes from step to step.
@Suite struct TimeVaryingLinearTests {
  private static let (steps, n, m) = (6, 3, 2)

  /// A system drawn from `seed`, with noise of the given deviation in the first two components.
  private struct System {
    let dynamics: TimeVaryingLinearGaussian
    let noise: Float

    init(seed: UInt64, noise: Float) {
      var random = RandomStream(seed: seed)
      var dynamics = TimeVaryingLinearGaussian(
        count: TimeVaryingLinearTests.steps, stateSize: TimeVaryingLinearTests.n,
        actionSize: TimeVaryingLinearTests.m)
      for i in dynamics.stateMatrices.indices { dynamics.stateMatrices[i] = Double(random.uniform(-0.6, 0.6)) }
      for i in dynamics.actionMatrices.indices { dynamics.actionMatrices[i] = Double(random.uniform(-1, 1)) }
      for i in dynamics.offsets.indices { dynamics.offsets[i] = Double(random.uniform(-1, 1)) }
      self.dynamics = dynamics
      self.noise = noise
    }

    func mean(_ t: Int, _ x: [Float], _ u: [Float]) -> [Float] {
      let (n, m) = (TimeVaryingLinearTests.n, TimeVaryingLinearTests.m)
      return (0..<n).map { i in
        var sum = dynamics.offsets[t * n + i]
        for j in 0..<n { sum += dynamics.stateMatrices[(t * n + i) * n + j] * Double(x[j]) }
        for j in 0..<m { sum += dynamics.actionMatrices[(t * n + i) * m + j] * Double(u[j]) }
        return Float(sum)
      }
    }

    func episodes(_ count: Int, seed: UInt64) -> ReplayBuffer {
      let (steps, n, m) = (TimeVaryingLinearTests.steps, TimeVaryingLinearTests.n, TimeVaryingLinearTests.m)
      var random = RandomStream(seed: seed).child("episodes")
      var replay = ReplayBuffer(capacity: count * steps, observationSize: n, actionSize: m, keepsTimes: true)
      for _ in 0..<count {
        var x = (0..<n).map { _ in random.normal() }
        for t in 0..<steps {
          let u = (0..<m).map { _ in random.normal() }
          var next = mean(t, x, u)
          for i in 0..<2 { next[i] += noise * random.normal() }
          replay.append(
            x, u, reward: 0, next: next, continues: true, time: t)
          x = next
        }
      }
      return replay
    }
  }

  private func fitted(_ data: ReplayBuffer, _ change: (inout TimeVaryingLinearSettings) -> Void) throws
    -> TimeVaryingLinearModel
  {
    var settings = TimeVaryingLinearSettings()
    settings.window = 0
    change(&settings)
    var model = TimeVaryingLinearModel(settings, stateSize: Self.n, actionSize: Self.m)
    var (random, metrics) = (RandomStream(seed: 1), MetricRow(names: TimeVaryingLinearModel.metricNames))
    #expect(!model.isFitted)
    try model.fit(to: data, using: &random, metrics: &metrics)
    #expect(model.isFitted && model.horizon == Self.steps)
    return model
  }

  private func worst(_ left: [Double], _ right: [Double]) -> Double {
    zip(left, right).map { abs($0 - $1) }.max() ?? .infinity
  }

  @Test(arguments: [UInt64(1), 2]) func findsAnExactSystem(_ seed: UInt64) throws {
    let system = System(seed: seed, noise: 0)
    let model = try fitted(system.episodes(12, seed: seed)) {
      $0.episodes = 12
      $0.ridge = 1e-10
    }
    let (found, true_) = (model.dynamics, system.dynamics)
    #expect(worst(found.stateMatrices, true_.stateMatrices) < 1e-4)
    #expect(worst(found.actionMatrices, true_.actionMatrices) < 1e-4)
    #expect(worst(found.offsets, true_.offsets) < 1e-4)
    #expect(found.covariances.allSatisfy { abs($0) < 1e-8 })
  }

  /// Only the newest episodes count, and a window mixes what neighboring times say.
  @Test func usesTheEpisodesAndTimesItIsToldTo() throws {
    let (old, new) = (System(seed: 3, noise: 0), System(seed: 4, noise: 0))
    var data = ReplayBuffer(
      capacity: 1000, observationSize: Self.n, actionSize: Self.m, keepsTimes: true)
    for episodes in [old.episodes(20, seed: 5), new.episodes(12, seed: 6)] {
      var batch = TransitionBatch(count: 1, observationSize: Self.n, actionSize: Self.m)
      for index in 0..<episodes.count {
        [Int32(index)].withUnsafeBufferPointer { episodes.gather($0, into: &batch) }
        let time = episodes.time(of: index)
        data.append(
          (0..<Self.n).map { batch.observations[0, $0] }, (0..<Self.m).map { batch.actions[0, $0] },
          reward: 0, next: (0..<Self.n).map { batch.nextObservations[0, $0] }, continues: true, time: time)
      }
    }
    func error(_ change: (inout TimeVaryingLinearSettings) -> Void) throws -> Double {
      worst(try fitted(data, change).dynamics.stateMatrices, new.dynamics.stateMatrices)
    }
    #expect(try error { ($0.episodes, $0.ridge) = (12, 1e-10) } < 1e-4)
    #expect(try error { ($0.episodes, $0.ridge) = (32, 1e-10) } > 0.1)
    #expect(try error { ($0.episodes, $0.ridge, $0.window) = (12, 1e-10, 2) } > 0.1)
    #expect(try error { ($0.episodes, $0.ridge) = (12, 10) } > 0.1)
  }

  /// Rollouts from several states at several times follow mean and noise of the system.
  @Test func rolloutsFollowTheSystem() throws {
    let system = System(seed: 7, noise: 0.3)
    let model = try fitted(system.episodes(4000, seed: 8)) {
      $0.episodes = 4000
      $0.ridge = 1e-8
    }
    let count = 6000
    let (x, u): ([Float], [Float]) = ([0.5, -1, 0.2], [0.3, -0.7])
    var rollout = model.makeRollout(capacity: count)
    for time in [0, 3] {
      let states = Matrix(rows: count, columns: Self.n, Array(repeating: x, count: count).flatMap { $0 })
      let actions = Matrix(rows: count, columns: Self.m, Array(repeating: u, count: count).flatMap { $0 })
      let times = Array(repeating: time, count: count)
      times.withUnsafeBufferPointer { times in
        if let times = times.baseAddress {
          rollout.reset(
            RolloutStarts(count: count, states: states.pointer, times: times), using: RandomStream(seed: 9))
        }
      }
      rollout.advance(actions.pointer)
      let expected = system.mean(time, x, u)
      for i in 0..<Self.n {
        let values = (0..<count).map { Double(rollout.states[$0 * Self.n + i]) }
        let mean = values.reduce(0, +) / Double(count)
        let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)).squareRoot()
        #expect(abs(mean - Double(expected[i])) < 0.05, "time \(time), component \(i)")
        #expect(abs(deviation - (i < 2 ? 0.3 : 0)) < 0.02, "time \(time), component \(i): \(deviation)")
      }
    }
  }

  @Test func isRestored() throws {
    let model = try fitted(System(seed: 1, noise: 0.1).episodes(9, seed: 1)) { $0.episodes = 9 }
    var restored = TimeVaryingLinearModel(model.settings, stateSize: Self.n, actionSize: Self.m)
    try OracleState(model).restore(into: &restored)
    #expect(restored.dynamics == model.dynamics && restored.isFitted)
  }
}
