import Archive
import Configuration
import Experience
import Interfaces
import Kernels

/// What can be set of imagined experience.
public struct ImaginationSettings: Configuration {
  /// The defaults.
  public init() {}
  @Setting("Imagined steps from each start", in: 1...1000) public var length: Int = 10
  @Setting("Starts of each round, drawn from real trajectories", in: 1...100_000) public var rollouts: Int = 10
  @Setting("Real steps between rounds", in: 1...1_000_000) public var interval: Int = 10
  @Setting("Imagined transitions held", in: 1...100_000_000) public var capacity: Int = 10_000
  @Setting("Learner updates on imagined transitions for each real step", in: 0...10_000) public var updates: Int = 5
  @Setting("Whether imagined actions explore as collected ones do") public var explore: Bool = true
  @Setting("Episodes between fits of the model", in: 1...1_000_000) public var fitInterval: Int = 1
  @Setting("Episodes before the first fit", in: 1...1_000_000) public var firstFit: Int = 2
  @Setting("Real steps after which imagination ends; auto is never", in: 0...1_000_000_000) public var end: Int? = nil
  @Setting(
    "Share of the range of each observation by which imagined ones may leave it before their rollout is given up",
    in: 0...1000)
  public var margin: Float = 0.2
}

/// Rollouts of a policy in a model from states on real trajectories, and the transitions they give.
struct Imagination<Model: EpisodicDynamics> {
  private let settings: ImaginationSettings
  private let objective: any Objective
  private(set) var replay: ReplayBuffer
  private var rollout: Model.Rollout?
  private var starts: TransitionBatch
  private var indices: [Int32]
  private var times: [Int]
  private var isLive: [Bool]
  private var current: Matrix
  private var actions: Matrix
  private var rewards: [Float]
  private var terminated: [Bool]
  private var (observation, action, next): ([Float], [Float], [Float])
  /// Least and greatest real observations so far, [D].
  private var (low, high): ([Float], [Float])

  init(_ settings: ImaginationSettings, objective: any Objective, spec: EnvironmentSpec) {
    self.settings = settings
    self.objective = objective
    let (count, size, width) = (settings.rollouts, spec.observationSize, spec.action.size)
    replay = ReplayBuffer(capacity: settings.capacity, observationSize: size, actionSize: width)
    starts = TransitionBatch(count: count, observationSize: size, actionSize: width)
    indices = Array(repeating: 0, count: count)
    times = Array(repeating: 0, count: count)
    isLive = Array(repeating: false, count: count)
    current = Matrix(rows: count, columns: size)
    actions = Matrix(rows: count, columns: width)
    rewards = Array(repeating: 0, count: count)
    terminated = Array(repeating: false, count: count)
    observation = Array(repeating: 0, count: size)
    next = observation
    action = Array(repeating: 0, count: width)
    low = Array(repeating: .infinity, count: size)
    high = Array(repeating: -.infinity, count: size)
  }

  /// Takes note of a real observation.
  mutating func note(_ observation: UnsafeBufferPointer<Float>) {
    for i in observation.indices {
      low[i] = min(low[i], observation[i])
      high[i] = max(high[i], observation[i])
    }
  }

  /// Lets go of the model, so that a fit need not copy it.
  mutating func release() { rollout = nil }

  /// Range of observations that were never seen to vary: models are not exact there either.
  private static var leastRange: Float { 1e-3 }

  /// One round. Returns the share of imagined steps that were given up, for leaving the range of real observations or for
  /// numbers that are not finite.
  mutating func run<Acting: Policy>(
    _ policy: Acting, _ workspace: Acting.Workspace, in model: Model, from real: EpisodeReplay,
    using random: inout RandomStream
  ) -> Float {
    let count = settings.rollouts
    let first = model.localEpisodes.map { real.firstIndex(ofLast: $0) } ?? 0
    for row in 0..<count {
      let index = first + random.index(below: real.count - first)
      indices[row] = Int32(index)
      times[row] = real.time(of: index)
      isLive[row] = true
    }
    indices.withUnsafeBufferPointer { real.gather($0, into: &starts) }
    var rollout = self.rollout ?? model.makeRollout(capacity: count)
    self.rollout = nil
    let stream = RandomStream(seed: random.next())
    times.withUnsafeBufferPointer { times in
      if let times = times.baseAddress {
        rollout.reset(count: count, to: starts.observations.pointer, times: times, using: stream)
      }
    }
    var (taken, given) = (0, 0)
    for step in 0..<settings.length {
      current.mutablePointer.update(from: rollout.states, count: current.count)
      policy.act(on: current, explore: settings.explore, using: &random, actions: &actions, workspace)
      rollout.advance(actions.pointer)
      score(rollout)
      for row in 0..<count where isLive[row] {
        guard times[row] + step < model.horizon else {
          isLive[row] = false
          continue
        }
        taken += 1
        if !keep(row, rollout.states) { given += 1 }
      }
    }
    self.rollout = rollout
    return taken > 0 ? Float(given) / Float(taken) : 0
  }

  /// Rewards and terminations of the last step of all rows.
  private mutating func score(_ rollout: Model.Rollout) {
    let (objective, current, actions) = (self.objective, self.current, self.actions)
    rewards.withUnsafeMutableBufferPointer { rewards in
      terminated.withUnsafeMutableBufferPointer { terminated in
        guard let rewards = rewards.baseAddress, let terminated = terminated.baseAddress else { return }
        let (earned, ended) = rollout.score(
          by: objective, count: current.rows, states: current.pointer, actions: actions.pointer, rewards: rewards,
          terminated: terminated)
        if earned != UnsafePointer(rewards) { rewards.update(from: earned, count: current.rows) }
        if ended != UnsafePointer(terminated) { terminated.update(from: ended, count: current.rows) }
      }
    }
  }

  /// Appends the last step of a row to the replay, and ends the row where it terminated or is given up; false then.
  private mutating func keep(_ row: Int, _ states: UnsafePointer<Float>) -> Bool {
    var isSound = rewards[row].isFinite
    for i in next.indices {
      next[i] = states[row * next.count + i]
      let slack = settings.margin * max(high[i] - low[i], Self.leastRange)
      isSound = isSound && next[i] >= low[i] - slack && next[i] <= high[i] + slack
      observation[i] = current.pointer[row * next.count + i]
    }
    guard isSound else {
      isLive[row] = false
      return false
    }
    for i in action.indices { action[i] = actions.pointer[row * action.count + i] }
    replay.append(observation, action, reward: rewards[row], next: next, continues: !terminated[row])
    if terminated[row] { isLive[row] = false }
    return true
  }
}

extension Imagination: Checkpointable {
  func save(to writer: inout StateWriter) {
    writer.write("replay", replay)
    writer.write("low", low)
    writer.write("high", high)
  }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try reader.read("replay", into: &replay)
    low = try reader.read("low", shape: [low.count])
    high = try reader.read("high", shape: [high.count])
  }
}
