public import Interfaces
public import Kernels

/// The rows of a call that one thread takes through all steps: `items` of what the call counts (plans, start states), each
/// imagined by `particles` rows. Row p * items + i is particle p of item `first + i`.
public struct ImaginedShard: Sendable {
  /// Number of the shard in the call.
  public let index: Int
  /// Its first item.
  public let first: Int
  /// Items, at least 1.
  public let items: Int
  /// Rows of each item.
  public let particles: Int
  /// The shard's own stream, from which everything random in it must derive.
  public let random: RandomStream

  /// Rows of the shard.
  public var rows: Int { items * particles }
}

/// What happens at each step of imagined trajectories: who acts, and what becomes of rewards and ends. One visitor serves
/// one thread, one shard at a time.
public protocol RolloutVisitor: AnyObject {
  /// The rollouts it visits.
  associatedtype Rollout: WorldRollout
  /// What one call hands to all visitors: small, pointers and settings.
  associatedtype Job

  /// A shard starts: the states of its rows and the stream for all that the world draws.
  func begin(_ shard: ImaginedShard, _ job: Job) -> (starts: RolloutStarts, random: RandomStream)

  /// The actions [rows, A] of step t at `states` [rows, D]; they must stay valid until the next call.
  func act(_ t: Int, at states: UnsafePointer<Float>) -> UnsafePointer<Float>

  /// Step t has been taken. `active` [rows] is 1 for rows that no earlier step terminated, and 0 for those whose step means
  /// nothing any more. Returns whether any row needs a further step.
  func visit(_ t: Int, _ step: PredictedStep, active: UnsafePointer<Float>) -> Bool

  /// All steps are taken. `active` [steps + 1, capacity] has the activity before each step and after the last where the
  /// rollout keeps steps, and only the last [rows] where it does not; `stride` is the distance from one step to the next.
  func finish(_ rollout: inout Rollout, active: UnsafePointer<Float>, stride: Int)
}

/// The one engine of imagined trajectories: rolls any number of rows through a world, in shards of fixed size over all
/// threads.
///
/// A shard goes through all its steps on one thread while states, actions and activations stay in cache. Shards have
/// random streams of their own, numbered within the call, and visitors put results in places of their own, so that
/// nothing depends on the number of threads. Rows that a step terminates are marked inactive from the next one on.
///
/// It shares the world's parameters: let go of it before the world is fitted again. Nothing allocates after the first call
/// of as many rows.
public final class Imagination<W: World, Visitor: RolloutVisitor> where Visitor.Rollout == W.Rollout {
  /// Where it all happens.
  public let world: W
  /// Items in a full shard.
  public let itemsPerShard: Int
  private let particles: Int
  private let keptSteps: Int
  private let makeVisitor: (_ rows: Int) -> Visitor
  private var workers: [Worker] = []
  private var capacity = 0
  private var call: Call?

  private struct Call {
    let items: Int
    let steps: Int
    let firstShard: Int
    let job: Visitor.Job
    let random: RandomStream
  }

  /// One thread's rollout, visitor and marks of activity.
  private final class Worker {
    var rollout: W.Rollout
    let visitor: Visitor
    var active: Vector

    init(_ rollout: W.Rollout, _ visitor: Visitor, marks: Int) {
      self.rollout = rollout
      self.visitor = visitor
      active = Vector(count: marks)
    }
  }

  /// An engine in `world` with shards of `itemsPerShard` items and `particles` rows each, whose rollouts keep up to
  /// `steps` steps so that visitors can go back through them; `makeVisitor` makes the visitor of a thread with room for
  /// so many rows.
  public init(
    in world: W, itemsPerShard: Int, particles: Int = 1, keeping steps: Int = 0,
    visitor makeVisitor: @escaping (_ rows: Int) -> Visitor
  ) {
    precondition(itemsPerShard > 0 && particles > 0 && steps >= 0, "shards of \(itemsPerShard) items")
    self.world = world
    self.itemsPerShard = itemsPerShard
    self.particles = particles
    keptSteps = steps
    self.makeVisitor = makeVisitor
  }

  /// Shards that a call with so many items has.
  public func shards(of items: Int) -> Int { (items + itemsPerShard - 1) / itemsPerShard }

  /// Takes `items` items through at most `steps` steps, all of their shards or those in `range`.
  public func run(
    items: Int, steps: Int, _ job: Visitor.Job, using random: RandomStream, shards range: Range<Int>? = nil
  ) {
    precondition(keptSteps == 0 || steps <= keptSteps, "\(steps) steps in rollouts that keep \(keptSteps)")
    prepare(rows: min(itemsPerShard, items) * particles)
    let range = range ?? 0..<shards(of: items)
    call = Call(items: items, steps: steps, firstShard: range.lowerBound, job: job, random: random)
    WorkerPool.run(shards: range.count, Shards(owner: Unmanaged.passUnretained(self)))
    call = nil
  }

  private func prepare(rows: Int) {
    guard workers.count < WorkerPool.threads || capacity < rows else { return }
    capacity = max(rows, capacity)
    workers = (0..<WorkerPool.threads).map { _ in
      Worker(
        world.makeRollout(capacity: capacity, keeping: keptSteps), makeVisitor(capacity),
        marks: (keptSteps + 1) * capacity)
    }
  }

  private struct Shards: ShardedWork {
    let owner: Unmanaged<Imagination>
    func run(shard: Int, worker: Int) {
      owner._withUnsafeGuaranteedRef { $0.run(shard: shard, $0.workers[worker]) }
    }
  }

  private func run(shard offset: Int, _ worker: Worker) {
    guard let call else { return }
    let index = call.firstShard + offset
    let first = index * itemsPerShard
    let shard = ImaginedShard(
      index: index, first: first, items: min(itemsPerShard, call.items - first), particles: particles,
      random: call.random.child(index))
    let (rows, stride, visitor) = (shard.rows, keptSteps > 0 ? capacity : 0, worker.visitor)
    let marks = worker.active.mutablePointer
    marks.update(repeating: 1, count: rows)
    let (starts, random) = visitor.begin(shard, call.job)
    worker.rollout.reset(starts, using: random)
    var goesOn = true
    for t in 0..<call.steps where goesOn {
      let actions = visitor.act(t, at: worker.rollout.states)
      let step = worker.rollout.step(actions)
      let (now, after) = (marks + t * stride, marks + (t + 1) * stride)
      goesOn = visitor.visit(t, step, active: now)
      for row in 0..<rows { after[row] = step.terminated[row] ? 0 : now[row] }
    }
    visitor.finish(&worker.rollout, active: marks, stride: stride)
  }
}
