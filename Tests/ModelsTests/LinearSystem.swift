import Experience
import Interfaces
import Kernels
import Models
import TestSupport

/// x' = A x + B u + noise with a reward linear in (x, u): what an ensemble must be able to learn.
struct LinearSystem: Sendable {
  /// A - I [2, 2] and B [2, 1].
  let drift: [[Float]] = [[-0.1, 0.3], [-0.4, -0.2]]
  let gain: [Float] = [0.2, 0.8]
  /// Standard deviation of the noise on each component of the state.
  var noise: [Float] = [0.05, 0.1]
  /// The reward's coefficients of x and u.
  let price: [Float] = [1, -0.5, 0.7]

  static let stateSize = 2
  static let actionSize = 1

  /// Expected change of the state.
  func change(_ x: [Float], _ u: [Float]) -> [Float] {
    (0..<2).map { drift[$0][0] * x[0] + drift[$0][1] * x[1] + gain[$0] * u[0] }
  }

  /// Reward of the step.
  func reward(_ x: [Float], _ u: [Float]) -> Float { price[0] * x[0] + price[1] * x[1] + price[2] * u[0] }

  /// A state of standard normal components and an action in [-1, 1].
  func point(_ random: inout RandomStream) -> (state: [Float], action: [Float]) {
    ([random.normal(), random.normal()], [random.uniform(-1, 1)])
  }

  /// Adds `count` steps from random points; states are stored as `scale` times themselves, and so are actions.
  func append(
    _ count: Int, to data: inout ReplayBuffer, seed: UInt64, stateScale: [Float] = [1, 1], actionScale: Float = 1
  ) {
    var random = RandomStream(seed: seed).child("data")
    for _ in 0..<count {
      let (x, u) = point(&random)
      let next = zip(x, change(x, u)).enumerated().map { $1.0 + $1.1 + noise[$0] * random.normal() }
      data.append(
        zip(x, stateScale).map { $0 * $1 }, u.map { $0 * actionScale }, reward: reward(x, u),
        next: zip(next, stateScale).map { $0 * $1 }, continues: true)
    }
  }

  /// `count` steps.
  func data(_ count: Int, seed: UInt64, capacity: Int = 10_000) -> ReplayBuffer {
    var data = ReplayBuffer(capacity: capacity, observationSize: Self.stateSize, actionSize: Self.actionSize)
    append(count, to: &data, seed: seed)
    return data
  }

  /// Root mean square error of the predicted change of state over fresh points, each component in units of its spread.
  func predictionError(of model: ProbabilisticEnsemble, seed: UInt64 = 99) throws -> Double {
    let model = try model.with { $0.propagation = .mean }
    var random = RandomStream(seed: seed).child("test")
    let points = (0..<500).map { _ in point(&random) }
    let predicted = model.advanced(points.map(\.state), points.map(\.action)).states
    var sums = (error: [0.0, 0.0], size: [0.0, 0.0])
    for (point, next) in zip(points, predicted) {
      let truth = change(point.state, point.action)
      for i in 0..<2 {
        let found = Double(next[i] - point.state[i])
        sums.error[i] += (found - Double(truth[i])) * (found - Double(truth[i]))
        sums.size[i] += Double(truth[i] * truth[i])
      }
    }
    return zip(sums.error, sums.size).map { ($0 / $1).squareRoot() }.reduce(0, max)
  }
}

extension ProbabilisticEnsemble {
  /// An untrained ensemble for `LinearSystem`, small unless `change` says otherwise.
  static func small(seed: UInt64 = 1, _ change: (inout EnsembleSettings) -> Void = { _ in }) -> ProbabilisticEnsemble {
    var settings = EnsembleSettings()
    settings.members = 3
    settings.hidden = [24, 24]
    settings.weightDecay = [1e-5]
    settings.batchSize = 32
    settings.learningRate = 3e-3
    settings.epochs = 40
    settings.patience = 10
    change(&settings)
    return ProbabilisticEnsemble(
      settings, stateSize: LinearSystem.stateSize, actionSize: LinearSystem.actionSize,
      using: RandomStream(seed: seed).child("model"))
  }

  /// A model of the same parameters and other settings, which must not change shapes.
  func with(_ change: (inout EnsembleSettings) -> Void) throws -> ProbabilisticEnsemble {
    var settings = settings
    change(&settings)
    var copy = ProbabilisticEnsemble(
      settings, stateSize: stateSize, actionSize: actionSize, using: RandomStream(seed: 0))
    try OracleState(self).restore(into: &copy)
    return copy
  }

  /// Fits with randomness of its own and returns the metrics.
  @discardableResult
  mutating func fit(_ data: some TransitionSource, seed: UInt64 = 1) throws -> MetricRow {
    var metrics = MetricRow(names: Self.metricNames)
    var random = RandomStream(seed: seed).child("fitting")
    try fit(to: data, using: &random, metrics: &metrics)
    return metrics
  }

  /// States, and rewards if they are learned, one step after the given ones.
  func advanced(
    _ states: [[Float]], _ actions: [[Float]], seed: UInt64 = 1
  ) -> (states: [[Float]], rewards: [Float]?) {
    let rollout = makeRollout(capacity: states.count)
    states.flatMap { $0 }.withUnsafeBufferPointer {
      guard let base = $0.baseAddress else { return }
      rollout.reset(
        count: states.count, to: base, rowsPerParticle: states.count, firstParticle: 0, using: RandomStream(seed: seed))
    }
    rollout.step(actions.flatMap { $0 })
    return (
      rollout.rows(width: stateSize), rollout.predictedRewards.map { rewards in (0..<states.count).map { rewards[$0] } }
    )
  }
}

extension EnsembleRollout {
  /// Advances by actions [count, A].
  func step(_ actions: [Float]) {
    actions.withUnsafeBufferPointer { if let base = $0.baseAddress { advance(base) } }
  }

  /// The states as arrays.
  func rows(width: Int) -> [[Float]] {
    (0..<count).map { row in (0..<width).map { states[row * width + $0] } }
  }
}

/// Transitions of a linear system that know their times.
enum TimedSystem {
  /// Episodes of `steps` steps of x' = (0.9 x_0 + 0.2 u, x_1 - 0.1 x_0 + 0.1 t).
  static func timed(episodes: Int, steps: Int, using random: inout RandomStream) -> ReplayBuffer {
    var replay = ReplayBuffer(capacity: episodes * steps, observationSize: 2, actionSize: 1, keepsTimes: true)
    for _ in 0..<episodes {
      var x = [random.normal(), random.normal()]
      for time in 0..<steps {
        let u = random.normal()
        let next = [0.9 * x[0] + 0.2 * u, x[1] - 0.1 * x[0] + 0.1 * Float(time)]
        replay.append(x, [u], reward: 0, next: next, continues: true, time: time)
        x = next
      }
    }
    return replay
  }
}
