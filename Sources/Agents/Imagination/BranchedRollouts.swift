import Configuration
import Experience
import Interfaces
import Kernels

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

/// Imagines experience: short trajectories in a dynamics model that branch off from given states, with a policy in the loop
/// (Janner et al. 2019, algorithm 2; with one step, Dyna).
///
/// Rows are cut into shards of a fixed number; a shard goes through all steps on one thread, policy, model and objective
/// taking turns on its rows while they are in cache. Each shard has random streams of its own, and what the shards
/// imagined is appended in their order: results do not depend on the number of threads. A row's trajectory ends with the
/// step that is predicted to terminate it, and before a step whose state or reward is not finite.
///
/// It shares the model's parameters: let go of it before the model is fitted again.
public final class BranchedRollouts<Model: DynamicsModel, Acting: Policy> {
  /// What one call imagined.
  public struct Summary: Sendable, Equatable {
    /// Transitions appended.
    public var transitions = 0
    /// Trajectories that ended in a predicted termination.
    public var terminations = 0
    /// Trajectories that were cut before a step that was not finite.
    public var nonFinite = 0
  }

  private let model: Model
  private let objective: any Objective
  private let space: ActionSpace
  private let rowsPerShard: Int
  private var workers: [Worker] = []
  private var stages: [TransitionStage] = []
  private var job: Job?

  /// One call's parameters, by pointers that are valid during it.
  private struct Job {
    let states: UnsafePointer<Float>
    let replayed: UnsafePointer<Float>
    let count: Int
    let steps: Int
    let source: ImaginedActions
    let policy: Acting
    let random: RandomStream
  }

  /// Rollouts in `model` for an environment whose actions are `space`. `objective` says when trajectories terminate, and
  /// gives the rewards, where the model does not predict that.
  public init(model: Model, objective: any Objective, space: ActionSpace) {
    precondition(space.size == model.actionSize, "a model for actions of \(model.actionSize) floats")
    self.model = model
    self.objective = objective
    self.space = space
    rowsPerShard = max(1, model.preferredRows)
  }

  /// Imagines at most `steps` steps from each of `points`, with actions of `source`, and appends them to `replay`: shard by
  /// shard, in a shard step by step. All randomness comes from `random`. Does not allocate after the first call of as many
  /// steps.
  public func run(
    from points: BranchPoints, steps: Int, actions source: ImaginedActions, policy: Acting, using random: RandomStream,
    into replay: inout ReplayBuffer
  ) -> Summary {
    precondition(
      steps > 0 && points.states.columns == model.stateSize && points.actions.columns == model.actionSize,
      "\(steps) steps from states of \(points.states.columns) floats")
    let shards = (points.count + rowsPerShard - 1) / rowsPerShard
    prepare(shards: shards, rows: min(rowsPerShard, points.count), steps: steps)
    var summary = Summary()
    withExtendedLifetime(points) {
      job = Job(
        states: points.states.pointer, replayed: points.actions.pointer, count: points.count, steps: steps,
        source: source, policy: policy, random: random)
      defer { job = nil }
      for first in stride(from: 0, to: shards, by: stages.count) {
        let wave = min(stages.count, shards - first)
        WorkerPool.run(shards: wave, Wave(owner: Unmanaged.passUnretained(self), first: first))
        for place in 0..<wave {
          let stage = stages[place]
          replay.append(stage.batch, count: stage.count)
          summary.transitions += stage.count
          summary.terminations += stage.terminations
          summary.nonFinite += stage.nonFinite
        }
      }
    }
    return summary
  }

  /// Scratch for the threads there are now, and for as many shards at once as fit in 32 MB.
  private func prepare(shards: Int, rows: Int, steps: Int) {
    if workers.count < WorkerPool.threads {
      workers = (0..<WorkerPool.threads).map { _ in Worker(model, rows: rowsPerShard) }
    }
    let transition = 2 * model.stateSize + model.actionSize + 2
    let count = min(shards, max(WorkerPool.threads, (8 << 20) / (rows * steps * transition)))
    guard stages.count < count || stages.contains(where: { $0.capacity < rows * steps }) else { return }
    stages = (0..<count).map { _ in
      TransitionStage(capacity: rows * steps, observationSize: model.stateSize, actionSize: model.actionSize)
    }
  }

  private struct Wave: ShardedWork {
    let owner: Unmanaged<BranchedRollouts>
    let first: Int
    func run(shard: Int, worker: Int) {
      owner._withUnsafeGuaranteedRef { $0.imagine(shard: first + shard, $0.stages[shard], $0.workers[worker]) }
    }
  }

  /// One thread's scratch.
  private final class Worker {
    var rollout: Model.Rollout
    var workspace: Acting.Workspace?
    var before: Matrix
    var actions: Matrix
    var rewards: Vector
    var terminated: [Bool]
    var drawn: [Float]

    init(_ model: Model, rows: Int) {
      rollout = model.makeRollout(capacity: rows)
      before = Matrix(rows: rows, columns: model.stateSize)
      actions = Matrix(rows: rows, columns: model.actionSize)
      rewards = Vector(count: rows)
      terminated = Array(repeating: false, count: rows)
      drawn = Array(repeating: 0, count: model.actionSize)
    }
  }

  private func imagine(shard: Int, _ stage: TransitionStage, _ worker: Worker) {
    guard let job else { return }
    let first = shard * rowsPerShard
    let count = min(rowsPerShard, job.count - first)
    let stream = job.random.child(shard)
    var acting = stream.child("actions")
    stage.begin(count)
    worker.rollout.reset(
      count: count, to: job.states + first * model.stateSize, rowsPerParticle: 1, firstParticle: first,
      using: stream.child("model"))
    let (states, actions) = (worker.before.mutablePointer, worker.actions.mutablePointer)
    let rewards = worker.rewards.mutablePointer
    for t in 0..<job.steps where stage.goesOn {
      states.update(from: worker.rollout.states, count: count * model.stateSize)
      if job.source == .replayed && t == 0 {
        actions.update(from: job.replayed + first * model.actionSize, count: count * model.actionSize)
      } else {
        act(job, worker, count: count, using: &acting)
      }
      worker.rollout.advance(actions)
      worker.terminated.withUnsafeMutableBufferPointer { flags in
        guard let terminated = flags.baseAddress else { return }
        let (earned, ended) = worker.rollout.score(
          by: objective, count: count, states: states, actions: actions, rewards: rewards, terminated: terminated)
        stage.take(
          states: states, actions: actions, next: worker.rollout.states, rewards: earned, terminated: ended)
      }
    }
  }

  private func act(_ job: Job, _ worker: Worker, count: Int, using random: inout RandomStream) {
    let actions = worker.actions.mutablePointer
    guard job.source != .random else {
      for row in 0..<count {
        space.draw(&worker.drawn, using: &random)
        for i in 0..<model.actionSize { actions[row * model.actionSize + i] = worker.drawn[i] }
      }
      return
    }
    let workspace = worker.workspace ?? job.policy.makeWorkspace()
    worker.workspace = workspace
    job.policy.act(
      count: count, on: worker.before.pointer, explore: job.source != .mode, using: &random, actions: actions, workspace
    )
  }
}
