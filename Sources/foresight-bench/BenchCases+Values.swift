import Experience
import Interfaces
import Kernels
import Learners

extension BenchCase {
  /// One update of a deep Q-network, batches drawn from 100,000 transitions inside the loop.
  static let deepQUpdate = BenchCase(
    name: "dqn-update", summary: "DQN update: observation 8, 4 actions, 64x64 relu, batch 64, single values"
  ) { clock in
    let (observations, count, batchSize, updates) = (8, 4, 64, 200)
    var replay = ReplayBuffer(capacity: 100_000, observationSize: observations, actionSize: 1)
    var random = RandomStream(seed: 0)
    for _ in 0..<100_000 {
      let observation = (0..<observations).map { _ in random.normal() }
      replay.append(
        observation, [Float(random.index(below: count))], reward: random.normal(),
        next: observation.map { $0 + 0.1 * random.normal() }, continues: random.uniform() > 0.01)
    }
    var settings = DeepQNetworkSettings()
    settings.hidden = [64, 64]
    settings.double = false
    var learner = DeepQNetwork(
      settings, observationSize: observations, actions: count, using: RandomStream(seed: 1))
    var batch = TransitionBatch(count: batchSize, observationSize: observations, actionSize: 1)
    var metrics = MetricRow(names: DeepQNetwork.metricNames)
    return try clock.measure("dqn-update", metric: "updates", unit: "updates/s", amount: Double(updates)) {
      for _ in 0..<updates {
        replay.sample(into: &batch, using: &random)
        try learner.update(on: batch, using: &random, metrics: &metrics)
      }
    }
  }

  /// Batches of 256 drawn from a replay of `count` transitions, all alike.
  static func uniformSample(of count: Int) -> BenchCase {
    BenchCase(name: "uniform-sample", summary: "replay: draw 256 of \(count), observation 17, action 6") { clock in
      let replay = randomReplay(count, observations: 17, actions: 6)
      var batch = TransitionBatch(count: 256, observationSize: 17, actionSize: 6)
      var random = RandomStream(seed: 2)
      return clock.measure("uniform-sample", metric: "draws", unit: "batches/s", amount: 100) {
        for _ in 0..<100 { replay.sample(into: &batch, using: &random) }
      }
    }
  }

  /// Draws of 256 from a million transitions in proportion to their priorities.
  static let prioritizedSample = prioritizedSample(of: 1_000_000)

  static func prioritizedSample(of count: Int) -> BenchCase {
    BenchCase(name: "prioritized-sample", summary: "prioritised replay: draw 256 of \(count) with their weights") {
      clock in
      let (replay, full, stream) = prioritized(count)
      var (priorities, random) = (full, stream)
      var indices = [Int32](repeating: 0, count: 256)
      var weights = [Float](repeating: 0, count: 256)
      return clock.measure("prioritized-sample", metric: "draws", unit: "batches/s", amount: 100) {
        for _ in 0..<100 {
          indices.withUnsafeMutableBufferPointer {
            priorities.draw($0, weights: &weights, from: replay, beta: 0.4, using: &random)
          }
        }
      }
    }
  }

  /// The same, with new priorities after each draw.
  static let prioritizedUpdate = BenchCase(
    name: "prioritized-update", summary: "prioritised replay: draw 256 of 1,000,000 and give them new priorities"
  ) { clock in
    let (replay, full, stream) = prioritized(1_000_000)
    var (priorities, random) = (full, stream)
    var indices = [Int32](repeating: 0, count: 256)
    var weights = [Float](repeating: 0, count: 256)
    return clock.measure("prioritized-update", metric: "draws", unit: "batches/s", amount: 100) {
      for _ in 0..<100 {
        indices.withUnsafeMutableBufferPointer {
          priorities.draw($0, weights: &weights, from: replay, beta: 0.4, using: &random)
        }
        priorities.update(weights)
      }
    }
  }

  private static func prioritized(_ count: Int) -> (ReplayBuffer, ReplayPriorities, RandomStream) {
    var replay = ReplayBuffer(capacity: count, observationSize: 1, actionSize: 1)
    for _ in 0..<count { replay.append([0], [0], reward: 0, next: [0], continues: true) }
    var priorities = ReplayPriorities(capacity: count, alpha: 0.6, offset: 1e-6)
    var random = RandomStream(seed: 3)
    var indices = [Int32](repeating: 0, count: 10_000)
    var (weights, errors) = ([Float](repeating: 0, count: 10_000), [Float](repeating: 0, count: 10_000))
    for _ in 0..<300 {
      indices.withUnsafeMutableBufferPointer {
        priorities.draw($0, weights: &weights, from: replay, beta: 0.4, using: &random)
      }
      for row in errors.indices { errors[row] = random.uniform(0, 2) }
      priorities.update(errors)
    }
    return (replay, priorities, random)
  }

  /// Changes and draws of a sum tree of a million places.
  static let sumTree = BenchCase(
    name: "sum-tree", summary: "sum tree of 1,000,000 places: a change and a draw, 10,000,000 of each"
  ) { clock in
    var tree = SumTree(count: 1_000_000)
    var (random, found) = (RandomStream(seed: 1), 0)
    for place in 0..<1_000_000 { tree.set(place, to: random.uniform()) }
    return clock.measure("sum-tree", metric: "operations", unit: "operations/s", amount: 2e6) {
      for _ in 0..<1_000_000 {
        tree.set(random.index(below: 1_000_000), to: random.uniform())
        found &+= tree.place(at: Double(random.uniform()))
      }
      precondition(found >= 0, "draws are places")
    }
  }
}
