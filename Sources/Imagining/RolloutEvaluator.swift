public import Interfaces
public import Kernels

/// Scores plans by rolling them out in a world: every plan by `particles` imagined trajectories, whose mean return it
/// gets. Rewards after a predicted termination do not count.
///
/// Returns do not depend on the number of threads; see `Imagination`.
public struct RolloutEvaluator<W: World>: PlanEvaluator {
  /// The world that plans are rolled out in.
  public let world: W
  public let horizon: Int
  /// Trajectories a plan.
  public let particles: Int
  public var nonFiniteReturns = 0
  /// Discount of a step in returns.
  public var discount: Float = 1
  /// What the states that plans end in are worth; nil for nothing. Scores alone count it, not `differentiate`.
  public var tail: (any PlanTail)?
  private var start: Matrix
  private var time = 0
  private var random: RandomStream
  private var calls = 0
  private let scoring: Imagination<W, PlanScoring<W.Rollout>>
  /// Made at the first call that needs it.
  private lazy var differentiation = Imagination(
    in: world, itemsPerShard: scoring.itemsPerShard, particles: particles, keeping: horizon
  ) { [world, horizon] rows in
    PlanDifferentiation<W.Rollout>(
      rows: rows, horizon: horizon, stateSize: world.stateSize, actionSize: world.actionSize)
  }
  /// One trajectory, for `rollOutPolicy`.
  private var policyRollout: W.Rollout?
  /// The same for planners that linearize.
  private lazy var linearized: any PlannedDynamics = world.knownDynamics ?? WorldDynamics(world)

  public var actionSize: Int { world.actionSize }
  public var gradients: GradientSupport { world.gradients }

  /// Plans of `horizon` decisions in `world`, `particles` trajectories each.
  public init(_ world: W, horizon: Int, particles: Int) {
    precondition(horizon > 0 && particles > 0, "horizon \(horizon), particles \(particles)")
    self.world = world
    self.horizon = horizon
    self.particles = particles
    start = Matrix(rows: 1, columns: world.stateSize)
    random = RandomStream(seed: 0)
    scoring = Imagination(
      in: world, itemsPerShard: max(1, world.preferredRows / particles), particles: particles
    ) { rows in
      PlanScoring<W.Rollout>(
        rows: rows, horizon: horizon, stateSize: world.stateSize, actionSize: world.actionSize)
    }
  }

  /// Sets the state that plans start from, [D], its time within the episode, and the stream that all imagined randomness
  /// comes from.
  public mutating func begin(at state: [Float], time: Int = 0, using random: RandomStream) {
    start.setRow(0, state)
    self.time = time
    self.random = random
    calls = 0
  }

  /// Writes to `plan` [H * A] the actions of a policy along one imagined trajectory: `decide` writes an action [A] for a state
  /// [D]. Does not allocate after the first call.
  public mutating func rollOutPolicy(
    _ plan: inout [Float], _ decide: (UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) {
    precondition(plan.count == horizon * actionSize, "a plan of \(plan.count) floats, not \(horizon * actionSize)")
    var rollout = policyRollout.take() ?? world.makeRollout(capacity: 1, keeping: 0)
    withUnsafePointer(to: time) {
      rollout.reset(RolloutStarts(count: 1, states: start.pointer, times: $0), using: random.child("policy"))
    }
    plan.withUnsafeMutableBufferPointer { plan in
      guard let base = plan.baseAddress else { return }
      for t in 0..<horizon {
        decide(rollout.states, base + t * actionSize)
        _ = rollout.step(base + t * actionSize)
      }
    }
    policyRollout = rollout
  }

  public mutating func evaluate(_ plans: Matrix, returns: inout [Float]) {
    precondition(plans.columns == horizon * actionSize && returns.count == plans.rows, "plans of another shape")
    let stream = nextStream()
    returns.withUnsafeMutableBufferPointer { target in
      guard let returns = target.baseAddress else { return }
      let job = PlanJob(
        plans: plans.pointer, start: start.pointer, time: time, returns: returns, gradients: nil,
        discount: discount, tail: tail)
      scoring.run(items: plans.rows, steps: horizon, job, using: stream)
    }
    countNonFinite(&returns)
  }

  public mutating func differentiate(_ plans: Matrix, returns: inout [Float], gradients: inout Matrix) {
    precondition(
      plans.columns == horizon * actionSize && returns.count == plans.rows && gradients.rows == plans.rows
        && gradients.columns == plans.columns, "plans of another shape")
    precondition(tail == nil && discount == 1, "gradients of discounted returns, or of values at their end")
    let (stream, slopes) = (nextStream(), gradients.mutablePointer)
    returns.withUnsafeMutableBufferPointer { target in
      guard let returns = target.baseAddress else { return }
      let job = PlanJob(
        plans: plans.pointer, start: start.pointer, time: time, returns: returns, gradients: slopes)
      differentiation.run(items: plans.rows, steps: horizon, job, using: stream)
    }
    countNonFinite(&returns)
  }

  public mutating func withDynamics(_ body: (any PlannedDynamics, UnsafePointer<Float>) -> Void) {
    body(linearized, start.pointer)
  }

  private mutating func nextStream() -> RandomStream {
    defer { calls += 1 }
    return random.child(calls)
  }

  private mutating func countNonFinite(_ returns: inout [Float]) {
    for index in returns.indices where !returns[index].isFinite {
      returns[index] = -.infinity
      nonFiniteReturns += 1
    }
  }
}

/// Plans to score, and where to put what comes of them.
struct PlanJob {
  /// [N, H * A].
  let plans: UnsafePointer<Float>
  /// The state that all plans start from, [D].
  let start: UnsafePointer<Float>
  /// Its time within the episode.
  let time: Int
  /// [N].
  let returns: UnsafeMutablePointer<Float>
  /// [N, H * A]; nil where they are not wanted.
  let gradients: UnsafeMutablePointer<Float>?
  var discount: Float = 1
  var tail: (any PlanTail)?

  /// Starts of all rows of `shard`, written to `states` and `times`.
  func starts(
    _ shard: ImaginedShard, stateSize: Int, _ states: UnsafeMutablePointer<Float>, _ times: UnsafeMutablePointer<Int>
  ) -> RolloutStarts {
    for row in 0..<shard.rows { (states + row * stateSize).update(from: start, count: stateSize) }
    times.update(repeating: time, count: shard.rows)
    return RolloutStarts(count: shard.rows, states: states, times: times, rowsPerParticle: shard.items)
  }

  /// Writes the mean return of each plan of `shard` over its particles, from the rows' `totals`.
  func writeReturns(_ shard: ImaginedShard, _ totals: UnsafePointer<Float>) {
    let scale = 1 / Float(shard.particles)
    for i in 0..<shard.items {
      var sum: Float = 0
      for p in 0..<shard.particles { sum += totals[p * shard.items + i] }
      returns[shard.first + i] = sum * scale
    }
  }
}

/// Takes the actions of plans and sums their rewards.
class PlanScoring<Rollout: WorldRollout>: RolloutVisitor {
  let horizon: Int
  let stateSize: Int
  let actionSize: Int
  private var states: Vector
  private var actions: Vector
  private(set) var totals: Vector
  private let times: FixedBuffer<Int>
  private(set) var current: (shard: ImaginedShard, job: PlanJob)?
  /// Discount of the next reward.
  private var factor: Float = 1
  private var values: Vector
  private var valuing: AnyObject?

  init(rows: Int, horizon: Int, stateSize: Int, actionSize: Int) {
    (self.horizon, self.stateSize, self.actionSize) = (horizon, stateSize, actionSize)
    states = Vector(count: rows * stateSize)
    actions = Vector(count: rows * actionSize)
    totals = Vector(count: rows)
    times = FixedBuffer(0, count: rows)
    values = Vector(count: rows)
  }

  func begin(_ shard: ImaginedShard, _ job: PlanJob) -> (starts: RolloutStarts, random: RandomStream) {
    current = (shard, job)
    factor = 1
    totals.mutablePointer.update(repeating: 0, count: shard.rows)
    return (job.starts(shard, stateSize: stateSize, states.mutablePointer, times.pointer), shard.random)
  }

  func act(_ t: Int, at states: UnsafePointer<Float>) -> UnsafePointer<Float> {
    guard let (shard, job) = current else { return actions.pointer }
    let action = actions.mutablePointer
    for i in 0..<shard.items {
      let decision = job.plans + (shard.first + i) * horizon * actionSize + t * actionSize
      for k in 0..<actionSize { action[i * actionSize + k] = decision[k] }
    }
    for p in 1..<max(shard.particles, 1) {
      (action + p * shard.items * actionSize).update(from: action, count: shard.items * actionSize)
    }
    return actions.pointer
  }

  func visit(_ t: Int, _ step: PredictedStep, active: UnsafePointer<Float>) -> Bool {
    guard let (shard, job) = current else { return false }
    let total = totals.mutablePointer
    for row in 0..<shard.rows { total[row] += active[row] > 0 ? factor * step.rewards[row] : 0 }
    factor *= job.discount
    return true
  }

  func finish(_ rollout: inout Rollout, active: UnsafePointer<Float>, stride: Int) {
    guard let (shard, job) = current else { return }
    if let tail = job.tail {
      let (scratch, total) = (valuing ?? tail.makeScratch(), totals.mutablePointer)
      valuing = scratch
      tail.value(
        count: shard.rows, states: rollout.states, using: shard.random.child("tail"), values: values.mutablePointer,
        scratch)
      for row in 0..<shard.rows { total[row] += active[row] > 0 ? factor * values.pointer[row] : 0 }
    }
    job.writeReturns(shard, totals.pointer)
    // lets go of the values' parameters, which the next update would have to copy
    current = nil
  }
}
