import Experience
import Imagining
import Interfaces
import Kernels
import Learners
import Networks

/// Trajectories of a stochastic policy in a world as on-policy learners take them: raw actions, endings, and the last
/// observations of those that are cut.
///
/// Shards of an `Imagination` keep traces of their own, which are read in order, so that nothing depends on the number of
/// threads. A trajectory ends with the step that terminates it; after the steps asked for, at the world's horizon, and
/// before a step that is not finite, it is cut. It shares the world's parameters: let go of it before the world is
/// fitted again.
package final class ImaginedSegments<W: World> {
  private let imagination: Imagination<W, TraceVisitor<W.Rollout>>
  private let actionSize: Int
  private var traces: [ImaginedTrace] = []
  private var shards = 0

  /// Trajectories in `world` for an environment whose actions are `space`.
  package init(in world: W, space: ActionSpace) {
    precondition(space.size == world.actionSize, "a world for actions of \(world.actionSize) floats")
    actionSize = space.size
    imagination = Imagination(in: world, itemsPerShard: max(1, world.preferredRows)) { rows in
      TraceVisitor(rows: rows, actionSize: space.size)
    }
  }

  private var world: W { imagination.world }

  /// Imagines at most `steps` steps with `policy`, exploring, from each of `starts`. Does not allocate after the first
  /// call of as many.
  package func run(from starts: RolloutStates, steps: Int, policy: StochasticPolicy, using random: RandomStream) {
    precondition(steps > 0 && starts.states.columns == world.stateSize, "\(steps) steps of other states")
    shards = imagination.shards(of: starts.count)
    let rows = min(imagination.itemsPerShard, starts.count)
    while traces.count < shards {
      traces.append(ImaginedTrace(rows: rows, steps: steps, stateSize: world.stateSize, actionSize: actionSize))
    }
    for trace in traces[..<shards] { trace.reserve(rows: rows, steps: steps) }
    withExtendedLifetime(starts) {
      starts.times.withUnsafeBufferPointer { times in
        let job = TraceJob(
          states: starts.states.pointer, times: times.isEmpty ? nil : times.baseAddress, horizon: world.horizon,
          policy: policy, traces: traces)
        imagination.run(items: starts.count, steps: steps, job, using: random)
      }
    }
  }

  /// Steps imagined by the last call.
  package var stepCount: Int { traces[..<shards].reduce(0) { $0 + $1.stepCount } }
  /// Trajectories that the last call cut before a step that was not finite.
  package var nonFinite: Int { traces[..<shards].reduce(0) { $0 + $1.nonFinite } }

  /// Mean over the trajectories of their sums of rewards; -infinity where one was not finite.
  package var meanReturn: Double {
    let sums = traces[..<shards].map(\.rewardSum)
    guard nonFinite == 0 else { return -.infinity }
    return sums.reduce(0) { $0 + $1.total } / Double(sums.reduce(0) { $0 + $1.rows })
  }

  /// Appends the trajectories one after the other to a segment of one copy.
  package func append(to segment: inout RolloutSegment) {
    for trace in traces[..<shards] { trace.append(to: &segment) }
  }
}

/// What the rows of one shard went through.
private final class ImaginedTrace {
  private let stateSize: Int
  private let actionSize: Int
  private var capacity: Int
  private var keptSteps: Int
  /// Observations [steps, capacity, D], raw actions [steps, capacity, A], rewards [steps, capacity], last states
  /// [capacity, D].
  private var (observations, actions, rewards, last): (Vector, Vector, Vector, Vector)
  /// Steps of each row, and why it ended.
  private var lengths: [Int]
  private var endings: [Ending]
  private var isOpen: [Bool]
  private var rows = 0
  private(set) var nonFinite = 0

  init(rows: Int, steps: Int, stateSize: Int, actionSize: Int) {
    (self.stateSize, self.actionSize, capacity, keptSteps) = (stateSize, actionSize, rows, steps)
    observations = Vector(count: steps * rows * stateSize)
    actions = Vector(count: steps * rows * actionSize)
    rewards = Vector(count: steps * rows)
    last = Vector(count: rows * stateSize)
    lengths = Array(repeating: 0, count: rows)
    endings = Array(repeating: .truncated, count: rows)
    isOpen = Array(repeating: true, count: rows)
  }

  func reserve(rows: Int, steps: Int) {
    guard rows > capacity || steps > keptSteps else { return }
    (capacity, keptSteps) = (max(rows, capacity), max(steps, keptSteps))
    observations = Vector(count: keptSteps * capacity * stateSize)
    actions = Vector(count: keptSteps * capacity * actionSize)
    rewards = Vector(count: keptSteps * capacity)
    last = Vector(count: capacity * stateSize)
    lengths = Array(repeating: 0, count: capacity)
    endings = Array(repeating: .truncated, count: capacity)
    isOpen = Array(repeating: true, count: capacity)
  }

  func begin(_ count: Int) {
    (rows, nonFinite) = (count, 0)
    for row in 0..<count { (lengths[row], endings[row], isOpen[row]) = (0, .truncated, true) }
  }

  /// Where the raw actions of step t go, [rows, A].
  func rawActions(_ t: Int) -> UnsafeMutablePointer<Float> { actions.mutablePointer + t * capacity * actionSize }

  /// Takes in step t; returns whether any row goes on. `canGoOn` says whether a row may take another step.
  func append(_ t: Int, _ step: PredictedStep, canGoOn: (_ row: Int) -> Bool) -> Bool {
    let (kept, ends) = (observations.mutablePointer + t * capacity * stateSize, last.mutablePointer)
    let gains = rewards.mutablePointer + t * capacity
    var anyOpen = false
    for row in 0..<rows where isOpen[row] {
      let (from, to) = (step.states + row * stateSize, step.next + row * stateSize)
      // 0 times anything that is not finite is NaN
      var check = step.rewards[row] * 0
      for i in 0..<stateSize { check += to[i] * 0 }
      guard check == 0 else {
        nonFinite += 1
        isOpen[row] = false
        continue
      }
      (kept + row * stateSize).update(from: from, count: stateSize)
      (ends + row * stateSize).update(from: to, count: stateSize)
      gains[row] = step.rewards[row]
      lengths[row] = t + 1
      if step.terminated[row] { endings[row] = .terminated }
      isOpen[row] = !step.terminated[row] && canGoOn(row)
      anyOpen = anyOpen || isOpen[row]
    }
    return anyOpen
  }

  var stepCount: Int { lengths[..<rows].reduce(0, +) }

  /// Sum of all rewards, and over how many rows.
  var rewardSum: (total: Double, rows: Int) {
    var total = 0.0
    for row in 0..<rows {
      for t in 0..<lengths[row] { total += Double(rewards.pointer[t * capacity + row]) }
    }
    return (total, rows)
  }

  func append(to segment: inout RolloutSegment) {
    for row in 0..<rows {
      for t in 0..<lengths[row] {
        let (place, isLast) = (t * capacity + row, t == lengths[row] - 1)
        var ending = isLast ? endings[row] : .none
        let next =
          isLast ? last.pointer + row * stateSize : observations.pointer + (place + capacity) * stateSize
        segment.append(
          observations: observations.pointer + place * stateSize, actions: actions.pointer + place * actionSize,
          rewards: rewards.pointer + place, endings: &ending, next: next)
      }
    }
  }
}

/// One call, by pointers that are valid during it.
private struct TraceJob {
  let states: UnsafePointer<Float>
  let times: UnsafePointer<Int>?
  /// Steps of an episode that the world predicts.
  let horizon: Int
  let policy: StochasticPolicy
  /// One for each shard.
  let traces: [ImaginedTrace]
}

/// Acts with the policy, each row with a stream of its own, and keeps what happened.
private final class TraceVisitor<Rollout: WorldRollout>: RolloutVisitor {
  private var workspace: PerceptronWorkspace?
  private var actions: Vector
  private var streams: [RandomStream]
  private var current: (shard: ImaginedShard, job: TraceJob, trace: ImaginedTrace)?

  init(rows: Int, actionSize: Int) {
    actions = Vector(count: rows * actionSize)
    streams = Array(repeating: RandomStream(seed: 0), count: rows)
  }

  func begin(_ shard: ImaginedShard, _ job: TraceJob) -> (starts: RolloutStarts, random: RandomStream) {
    let trace = job.traces[shard.index]
    trace.begin(shard.rows)
    current = (shard, job, trace)
    let acting = shard.random.child("actions")
    for row in 0..<shard.rows { streams[row] = acting.child(row) }
    let starts = RolloutStarts(
      count: shard.rows, states: job.states + shard.first * job.policy.observationSize,
      times: job.times.map { $0 + shard.first }, firstParticle: shard.first)
    return (starts, shard.random.child("model"))
  }

  func act(_ t: Int, at states: UnsafePointer<Float>) -> UnsafePointer<Float> {
    guard let (shard, job, trace) = current else { return actions.pointer }
    let workspace = self.workspace ?? job.policy.makeWorkspace()
    self.workspace = workspace
    job.policy.sample(
      count: shard.rows, on: states, using: &streams, raw: trace.rawActions(t), actions: actions.mutablePointer,
      workspace)
    return actions.pointer
  }

  func visit(_ t: Int, _ step: PredictedStep, active: UnsafePointer<Float>) -> Bool {
    guard let (shard, job, trace) = current else { return false }
    return trace.append(t, step) { row in
      job.horizon == .max || (job.times.map { $0[shard.first + row] } ?? 0) + t + 1 < job.horizon
    }
  }

  /// Lets go of the policy, whose parameters the learner's next update would otherwise have to copy.
  func finish(_ rollout: inout Rollout, active: UnsafePointer<Float>, stride: Int) { current = nil }
}
