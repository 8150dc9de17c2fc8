import Imagining
import Interfaces
import Kernels
import Networks

/// Pointers and settings of one gradient; valid during it.
public struct ModelGradientJob<Head: ActorHead> {
  let head: Head
  let network: Perceptron
  let parameters: UnsafePointer<Float>
  let packed: PackedWeights
  let scaling: ActionScaling
  let critics: CriticNetworks
  let criticParameters: UnsafePointer<Float>
  /// Start states of all trajectories, [N, D], and their times within their episodes, [N], where the world depends on
  /// them.
  let starts: UnsafePointer<Float>
  let times: UnsafePointer<Int>?
  /// Number of trajectories, N.
  let rows: Int
  /// Each shard's share of the gradient of minus the average return, [shards, parameters].
  let gradients: UnsafeMutablePointer<Float>
  /// Each shard's sum of returns and of the likelihood ratio's shares over steps, [shards, 2].
  let sums: UnsafeMutablePointer<Float>
}

/// Takes the trajectories of a shard forward with the policy acting, and back for the gradient of their returns. One
/// serves one thread.
public final class ModelGradientVisitor<Rollout: WorldRollout, Head: ActorHead>: RolloutVisitor {
  typealias Side = ModelGradientSide

  let settings: PolicyBackpropagationSettings
  /// Rows there is room for, R.
  let rows: Int
  let actionSize: Int
  /// The policy's passes at steps 0..<H, and at H where a critic values its action.
  let passes: [PerceptronWorkspace]
  private let criticWorkspace: CriticNetworks.Workspace?

  // By step: noise and unit actions [H + 1, R, A]; rewards [H, R], the actions' log-probabilities and the return that
  // follows [H + 1, R].
  var noise: Vector
  var unitActions: Vector
  private var rewards: Vector
  private var logProbabilities: Vector
  var returns: Vector

  // One step's.
  private var actions: Vector
  private var values: Vector
  /// The loss's derivatives by the rewards and by the log-probabilities, and the scores' weights [R].
  var seeds: Vector
  var logProbabilityGradients: Vector
  var scores: Vector
  /// The loss's gradient with respect to the states after the step [R, D].
  var carried: Vector
  var outputGradients: Vector
  /// The two estimators' sides of a step; the first serves where there is only one.
  let pathwise: Side
  let likelihood: Side?
  private var current: (shard: ImaginedShard, job: ModelGradientJob<Head>)?

  init(
    policy: Perceptron, critics: CriticNetworks?, actionSize: Int, _ settings: PolicyBackpropagationSettings
  ) {
    let (size, steps, rows) = (policy.inputs, settings.horizon, settings.rowsPerShard)
    self.settings = settings
    self.rows = rows
    self.actionSize = actionSize
    passes = (0..<steps + (critics == nil ? 0 : 1)).map { _ in
      PerceptronWorkspace(for: policy, capacity: rows, keepsActivations: true)
    }
    criticWorkspace = critics.map { CriticNetworks.Workspace($0, gradients: true) }
    noise = Vector(count: (steps + 1) * rows * actionSize)
    unitActions = Vector(count: (steps + 1) * rows * actionSize)
    rewards = Vector(count: steps * rows)
    returns = Vector(count: (steps + 1) * rows)
    actions = Vector(count: rows * actionSize)
    logProbabilities = Vector(count: (steps + 1) * rows)
    logProbabilityGradients = Vector(count: rows)
    values = Vector(count: rows)
    seeds = Vector(count: rows)
    scores = Vector(count: rows)
    carried = Vector(count: rows * size)
    outputGradients = Vector(count: rows * policy.outputs)
    let both = settings.estimator == .totalPropagation
    func side() -> Side {
      Side(rows: rows, observationSize: size, actionSize: actionSize, parameters: both ? policy.layout.count : 0)
    }
    pathwise = side()
    likelihood = both ? side() : nil
  }

  var horizon: Int { settings.horizon }

  /// First element of step t in [H + 1, R, A].
  func place(_ t: Int) -> Int { t * rows * actionSize }

  public func begin(
    _ shard: ImaginedShard, _ job: ModelGradientJob<Head>
  ) -> (starts: RolloutStarts, random: RandomStream) {
    current = (shard, job)
    if Head.isStochastic {
      var stream = shard.random.child("policy")
      stream.fillNormal(noise.mutablePointer, count: (horizon + 1) * rows * actionSize)
    }
    let starts = RolloutStarts(
      count: shard.rows, states: job.starts + shard.first * job.network.inputs,
      times: job.times.map { $0 + shard.first }, firstParticle: shard.first)
    return (starts, shard.random.child("model"))
  }

  public func act(_ t: Int, at states: UnsafePointer<Float>) -> UnsafePointer<Float> {
    if let (shard, job) = current { act(t, on: states, rows: shard.rows, job) }
    return actions.pointer
  }

  /// The policy's actions at step t, in the unit box and in the environment's units.
  private func act(_ t: Int, on states: UnsafePointer<Float>, rows: Int, _ job: ModelGradientJob<Head>) {
    let output = job.network.forward(job.parameters, states, rows: rows, passes[t], packed: job.packed)
    let unit = unitActions.mutablePointer + place(t)
    job.head.sample(
      output, noise: noise.pointer + place(t), rows: rows, size: actionSize, actions: unit,
      logProbabilities: logProbabilities.mutablePointer + t * self.rows)
    actions.mutablePointer.update(from: unit, count: rows * actionSize)
    job.scaling.fromUnit(actions.mutablePointer, rows: rows)
  }

  public func visit(_ t: Int, _ step: PredictedStep, active: UnsafePointer<Float>) -> Bool {
    guard let (shard, _) = current else { return false }
    (rewards.mutablePointer + t * rows).update(from: step.rewards, count: shard.rows)
    return true
  }

  public func finish(_ rollout: inout Rollout, active: UnsafePointer<Float>, stride: Int) {
    guard let (shard, job) = current else { return }
    current = nil
    let count = job.network.layout.count
    let gradient = job.gradients + shard.index * count
    gradient.update(repeating: 0, count: count)
    let pass = Pass(job: job, rows: shard.rows, active: active, stride: stride, gradient: gradient)
    valueTheEnd(pass, rollout)
    job.sums[2 * shard.index] = sumReturns(pass)
    job.sums[2 * shard.index + 1] = goBack(pass, &rollout)
  }

  /// A shard on its way back.
  struct Pass {
    let job: ModelGradientJob<Head>
    /// Rows of the shard.
    let rows: Int
    /// Whether each row was active before step t, at t * stride.
    let active: UnsafePointer<Float>
    let stride: Int
    let gradient: UnsafeMutablePointer<Float>
  }

  /// Sets the last step's returns, and begins the gradient with what the critics say of the policy's actions there.
  private func valueTheEnd(_ pass: Pass, _ rollout: Rollout) {
    let (job, rows, size) = (pass.job, pass.rows, pass.job.network.inputs)
    let last = returns.mutablePointer + horizon * self.rows
    let carried = carried.mutablePointer
    guard let criticWorkspace else {
      last.update(repeating: 0, count: rows)
      carried.update(repeating: 0, count: rows * size)
      return
    }
    let states = rollout.states(at: horizon)
    act(horizon, on: states, rows: rows, job)
    let values = values.mutablePointer
    let x = job.critics.pair(
      states, unitActions: unitActions.pointer + place(horizon), rows: rows, criticWorkspace)
    let slopes = job.critics.leastAndGradient(
      job.criticParameters, x, rows: rows, among: job.critics.members, scale: 1, into: values, criticWorkspace)
    let (active, width) = (pass.active + horizon * pass.stride, job.critics.network.inputs)
    let seed = seed(horizon, of: job)
    let (stateSlopes, actionSlopes) = (pathwise.states.mutablePointer, pathwise.actions.mutablePointer)
    for row in 0..<rows {
      let isActive = active[row] > 0
      last[row] = isActive ? values[row] : 0
      let slope = slopes + row * width
      for i in 0..<size { stateSlopes[row * size + i] = isActive ? seed * slope[i] : 0 }
      for i in 0..<actionSize { actionSlopes[row * actionSize + i] = isActive ? seed * slope[size + i] : 0 }
    }
    pullBackPolicy(horizon, states, pathwise, pass, isUnit: true, into: pass.gradient, accumulate: true)
    for i in 0..<rows * size { carried[i] = stateSlopes[i] + pathwise.inputs.pointer[i] }
  }

  /// Derivative of the loss by a reward after `t` steps: -γ^t / N.
  func seed(_ t: Int, of job: ModelGradientJob<Head>) -> Float {
    var discount: Float = 1
    for _ in 0..<t { discount *= settings.discount }
    return -discount / Float(job.rows)
  }

  /// Returns that follow each step's action, up to the end of each trajectory, the bonuses of later actions' entropy
  /// included; their sum from the first step on, with that of the first bonuses.
  ///
  ///     G_t = r_t + γ continues_t (-β log π(a_{t+1} | s_{t+1}) + G_{t+1})
  private func sumReturns(_ pass: Pass) -> Float {
    let (returns, rewards) = (returns.mutablePointer, rewards.pointer)
    let weight = settings.entropyWeight
    func bonus(_ t: Int, _ row: Int) -> Float {
      guard weight > 0, t < horizon, pass.active[t * pass.stride + row] > 0 else { return 0 }
      return -weight * logProbabilities[t * rows + row]
    }
    for t in (0..<horizon).reversed() {
      for row in 0..<pass.rows {
        let place = t * rows + row
        let isActive = pass.active[t * pass.stride + row] > 0
        returns[place] =
          isActive ? rewards[place] + settings.discount * (bonus(t + 1, row) + returns[place + rows]) : 0
      }
    }
    var total = Reductions.sum(returns, count: pass.rows)
    if weight > 0 { for row in 0..<pass.rows { total += bonus(0, row) } }
    return total
  }
}

/// What goes backward through one step.
final class ModelGradientSide {
  /// With respect to states [R, D], to actions [R, A], and to the policy's inputs [R, D].
  var states: Vector
  var actions: Vector
  var inputs: Vector
  /// With respect to the policy's parameters, and each row's squared norm [R]; only where both sides are needed.
  var parameters: Vector
  var squaredNorms: Vector

  init(rows: Int, observationSize: Int, actionSize: Int, parameters count: Int) {
    states = Vector(count: rows * observationSize)
    actions = Vector(count: rows * actionSize)
    inputs = Vector(count: rows * observationSize)
    parameters = Vector(count: count)
    squaredNorms = Vector(count: count > 0 ? rows : 0)
  }
}
