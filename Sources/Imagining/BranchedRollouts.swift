public import Configuration
public import Experience
public import Interfaces
public import Kernels

/// Who acts in imagined trajectories.
public enum ImaginedActions: String, CaseIterable, SettingValue {
  /// The policy, exploring.
  case policy
  /// The policy without exploration.
  case mode
  /// Nobody: actions are uniform in the space.
  case random
  /// In the first state whoever acted there in reality, then the policy, exploring.
  case replayed
}

/// Imagines experience: short trajectories in a world that branch off from given states, with a policy in the loop (Janner
/// et al. 2019, algorithm 2; with one step, Dyna).
///
/// What the shards of an `Imagination` imagined is appended in their order: results do not depend on the number of threads.
/// A row's trajectory ends with the step that is predicted to terminate it, and before a step whose state or reward is not
/// finite.
///
/// It shares the world's parameters: let go of it before the world is fitted again.
public final class BranchedRollouts<W: World, Acting: Policy> {
  /// What one call imagined.
  public struct Summary: Sendable, Equatable {
    /// Transitions appended.
    public var transitions = 0
    /// Trajectories that ended in a predicted termination.
    public var terminations = 0
    /// Trajectories that were cut before a step that was not finite.
    public var nonFinite = 0
    /// Trajectories that were cut before a step that left the bounds.
    public var outside = 0
    /// Trajectories that were cut before a step that the world's members disagree on.
    public var disputed = 0
  }

  private let imagination: Imagination<W, BranchVisitor<W.Rollout, Acting>>
  private var buffers: [RolloutBuffer] = []

  private var world: W { imagination.world }

  /// Rollouts in `world` for an environment whose actions are `space`. With a limit of disagreement, trajectories end before
  /// a step that the world's members disagree on.
  public init(in world: W, space: ActionSpace, disagreement: DisagreementLimit? = nil) {
    precondition(space.size == world.actionSize, "a world for actions of \(world.actionSize) floats")
    imagination = Imagination(in: world, itemsPerShard: max(1, world.preferredRows)) { rows in
      BranchVisitor(
        rows: rows, space: space, stateSize: world.stateSize,
        spread: disagreement.map { limit in
          (
            limit,
            MemberSpread(world.members.map { $0.expectation.makeRollout(capacity: rows, keeping: 0) }, limit, rows)
          )
        })
    }
  }

  /// Imagines at most `steps` steps from each of `points`, with actions of `source`, and appends them to `replay`: shard by
  /// shard, in a shard step by step. Trajectories end before a step out of `bounds`, and at the world's horizon. All
  /// randomness comes from `random`. Does not allocate after the first call of as many steps.
  public func run(
    from points: RolloutStates, steps: Int, actions source: ImaginedActions, policy: Acting,
    within bounds: StateBounds? = nil, using random: RandomStream, into replay: inout ReplayBuffer
  ) -> Summary {
    precondition(
      steps > 0 && points.states.columns == world.stateSize && points.actions.columns == world.actionSize,
      "\(steps) steps from states of \(points.states.columns) floats")
    let shards = imagination.shards(of: points.count)
    prepare(shards: shards, rows: min(imagination.itemsPerShard, points.count), steps: steps)
    var summary = Summary()
    withExtendedLifetime(points) {
      points.times.withUnsafeBufferPointer { times in
        for first in stride(from: 0, to: shards, by: buffers.count) {
          let wave = first..<min(first + buffers.count, shards)
          let job = BranchJob(
            states: points.states.pointer, replayed: points.actions.pointer,
            times: times.isEmpty ? nil : times.baseAddress, horizon: world.horizon, source: source, policy: policy,
            bounds: bounds, buffers: buffers, firstShard: first)
          imagination.run(items: points.count, steps: steps, job, using: random, shards: wave)
          for place in 0..<wave.count {
            let buffer = buffers[place]
            replay.append(buffer.batch, count: buffer.count)
            summary.transitions += buffer.count
            summary.terminations += buffer.terminations
            summary.nonFinite += buffer.nonFinite
            summary.outside += buffer.outside
            summary.disputed += buffer.disputed
          }
        }
      }
    }
    return summary
  }

  /// Room for as many shards at once as fit in 32 MB, and for as many as there are threads.
  private func prepare(shards: Int, rows: Int, steps: Int) {
    let transition = 2 * world.stateSize + world.actionSize + 2
    let count = min(shards, max(WorkerPool.threads, (8 << 20) / (rows * steps * transition)))
    guard buffers.count < count || buffers.contains(where: { $0.capacity < rows * steps }) else { return }
    buffers = (0..<count).map { _ in
      RolloutBuffer(capacity: rows * steps, observationSize: world.stateSize, actionSize: world.actionSize)
    }
  }
}

/// One wave of shards, by pointers that are valid during it.
private struct BranchJob<Acting: Policy> {
  let states: UnsafePointer<Float>
  let replayed: UnsafePointer<Float>
  let times: UnsafePointer<Int>?
  /// Steps of an episode that the world predicts.
  let horizon: Int
  let source: ImaginedActions
  let policy: Acting
  let bounds: StateBounds?
  /// One for each shard of the wave.
  let buffers: [RolloutBuffer]
  let firstShard: Int
}

/// Acts as asked and keeps the steps of active rows.
private final class BranchVisitor<Rollout: WorldRollout, Acting: Policy>: RolloutVisitor {
  private let space: ActionSpace
  private let stateSize: Int
  private var workspace: Acting.Workspace?
  private var actions: Vector
  private var drawn: [Float]
  private var current: (shard: ImaginedShard, job: BranchJob<Acting>, buffer: RolloutBuffer)?
  private var acting = RandomStream(seed: 0)
  private let spread: (limit: DisagreementLimit, members: MemberSpread<Rollout>)?

  init(rows: Int, space: ActionSpace, stateSize: Int, spread: (DisagreementLimit, MemberSpread<Rollout>)?) {
    self.spread = spread
    self.space = space
    self.stateSize = stateSize
    actions = Vector(count: rows * space.size)
    drawn = Array(repeating: 0, count: space.size)
  }

  func begin(_ shard: ImaginedShard, _ job: BranchJob<Acting>) -> (starts: RolloutStarts, random: RandomStream) {
    let buffer = job.buffers[shard.index - job.firstShard]
    buffer.begin(shard.rows)
    current = (shard, job, buffer)
    acting = shard.random.child("actions")
    let starts = RolloutStarts(
      count: shard.rows, states: job.states + shard.first * stateSize, times: job.times.map { $0 + shard.first },
      firstParticle: shard.first)
    return (starts, shard.random.child("model"))
  }

  func act(_ t: Int, at states: UnsafePointer<Float>) -> UnsafePointer<Float> {
    guard let (shard, job, _) = current else { return actions.pointer }
    let (count, target) = (shard.rows, actions.mutablePointer)
    if job.source == .replayed && t == 0 {
      target.update(from: job.replayed + shard.first * space.size, count: count * space.size)
    } else if job.source == .random {
      for row in 0..<count {
        space.draw(&drawn, using: &acting)
        for i in 0..<space.size { target[row * space.size + i] = drawn[i] }
      }
    } else {
      let workspace = self.workspace ?? job.policy.makeWorkspace()
      self.workspace = workspace
      job.policy.act(
        count: count, on: states, explore: job.source != .mode, using: &acting, actions: target, workspace)
    }
    return actions.pointer
  }

  func visit(_ t: Int, _ step: PredictedStep, active: UnsafePointer<Float>) -> Bool {
    guard let (shard, job, buffer) = current else { return false }
    if let times = job.times, job.horizon < .max {
      buffer.endRows { times[shard.first + $0] + t >= job.horizon }
    }
    if let spread {
      let times = job.times.map { $0 + shard.first }
      buffer.endDisputed(
        spread.members.measure(step, count: shard.rows, times: times, after: t), limit: spread.limit.spread)
    }
    buffer.append(step, within: job.bounds)
    return buffer.hasActive
  }

  /// Lets go of the policy, whose parameters the learner's next update would otherwise have to copy.
  func finish(_ rollout: inout Rollout, active: UnsafePointer<Float>, stride: Int) { current = nil }
}
