import Archive
import Interfaces
import Kernels
import Learners
import Networks
import Planners

/// Model predictive path integral control in TD-MPC2's latent world (Hansen et al. 2024; Williams et al. 2015): plans
/// of H actions are scored by sum_{t < H} discount^t R(z_t, a_t) + discount^H Q(z_H, p(z_H)), Q being the mean of two
/// Q-functions drawn for each iteration, and the next distribution is the mean of the best ones, weighted by
/// e^(temperature (value - best)), and their deviation. Where terminations are learned, nothing counts that comes after
/// the first z_t of a plan that is more likely than not to be an end.
///
/// Some plans are the policy prior's, the same in all iterations. The first action of one of the best plans, drawn by
/// weight, is taken. Blocks of plans are scored in parallel; nothing is allocated after the first plan.
package final class LatentPlanner {
  /// Plans in a block.
  private static let blockSize = 256

  private let settings: TDMPC2PlannerSettings
  private let networks: TDMPC2Networks
  private let horizon: Int
  private let discount: Float
  /// Actions of the plans, [H, N, A]; normal draws alike; noise of the policy's last actions, [N, A].
  private var plans: Vector
  private var draws: Vector
  private var lastNoise: Vector
  private var (mean, deviation): (Vector, Vector)  // [H, A]
  private var latent: Vector
  private var prior: Scratch
  private let workers: [Scratch]
  private var values: [Float]
  private var order: [Int32]
  private var weights: [Float]
  private var job: Job?

  /// What scoring needs.
  private struct Job {
    let world: UnsafePointer<Float>
    let policy: UnsafePointer<Float>
    let packed: TDMPC2Packed
    let pair: (Int, Int)
    let plans: UnsafePointer<Float>
    let noise: UnsafePointer<Float>
    let latent: UnsafePointer<Float>
    let values: UnsafeMutablePointer<Float>
  }

  /// Passes of one thread.
  private final class Scratch {
    let dynamics: NormalizedPerceptron.Workspace
    let reward: NormalizedPerceptron.Workspace
    let value: NormalizedPerceptron.Workspace
    let termination: NormalizedPerceptron.Workspace?
    let policy: NormalizedPerceptron.Workspace
    let encoder: NormalizedPerceptron.Workspace
    var pairs: Matrix
    var states: Matrix
    var actions: Vector
    var part: Vector
    /// Factor of a plan's rewards [rows]: 1, and 0 after a predicted termination.
    var alive: Vector
    var bias: Vector

    init(_ networks: TDMPC2Networks, rows: Int) {
      dynamics = .init(for: networks.dynamics, capacity: rows, keepsActivations: false)
      reward = .init(for: networks.reward, capacity: rows, keepsActivations: false)
      value = .init(for: networks.value, capacity: rows, keepsActivations: false)
      termination = networks.termination.map { .init(for: $0, capacity: rows, keepsActivations: false) }
      policy = .init(for: networks.policy, capacity: rows, keepsActivations: false)
      encoder = .init(for: networks.encoder, capacity: 1, keepsActivations: false)
      pairs = Matrix(rows: rows, columns: networks.dynamics.inputs)
      states = Matrix(rows: rows, columns: networks.latent)
      actions = Vector(count: rows * networks.actionSize)
      part = Vector(count: rows)
      alive = Vector(count: rows)
      bias = Vector(count: networks.dynamics.firstWidth)
    }

    /// Latent states [rows, width] and actions [rows, size] side by side, into `pairs`.
    func pair(_ z: UnsafePointer<Float>, _ actions: UnsafePointer<Float>, rows: Int, width: Int, size: Int) {
      let x = pairs.mutablePointer
      for r in 0..<rows {
        let row = x + r * (width + size)
        row.update(from: z + r * width, count: width)
        (row + width).update(from: actions + r * size, count: size)
      }
    }
  }

  /// A planner with scratch for the networks, horizon and discount of `learner`.
  package init(_ settings: TDMPC2PlannerSettings, for learner: TDMPC2) {
    self.settings = settings
    networks = learner.networks
    (horizon, discount) = (learner.settings.horizon, learner.discount)
    let size = networks.actionSize
    plans = Vector(count: horizon * settings.population * size)
    draws = plans
    lastNoise = Vector(count: settings.population * size)
    (mean, deviation) = (Vector(count: horizon * size), Vector(count: horizon * size))
    latent = Vector(count: networks.latent)
    prior = Scratch(networks, rows: max(settings.policyPlans, 1))
    workers = (0..<WorkerPool.threads).map { [networks] _ in Scratch(networks, rows: LatentPlanner.blockSize) }
    values = Array(repeating: 0, count: settings.population)
    order = (0..<Int32(settings.population)).map { $0 }
    weights = Array(repeating: 0, count: settings.elites)
  }

  /// Numbers of a warm start.
  package var warmStartCount: Int { mean.count }

  /// Plans for `observation` [D] with the networks of `learner`; overwrites `warmStart` [H, A], the mean of the plan
  /// before (zeros at an episode's start), by this one's, and `action` [A] by the action, in the unit box. With
  /// `explores` noise is added to it.
  package func plan(
    _ learner: inout TDMPC2, _ observation: [Float], warmStart: inout Vector, explores: Bool,
    using random: RandomStream, action: inout [Float]
  ) {
    var random = random
    let (size, packed) = (networks.actionSize, learner.packed())
    observation.withUnsafeBufferPointer { observation in
      guard let base = observation.baseAddress else { return }
      let code = networks.encoder.forward(learner.world.pointer, packed.encoder, base, rows: 1, prior.encoder)
      latent.mutablePointer.update(from: code, count: networks.latent)
    }
    proposePlans(learner, packed, using: &random)
    let (mean, deviation) = (self.mean.mutablePointer, self.deviation.mutablePointer)
    mean.update(from: warmStart.pointer + size, count: (horizon - 1) * size)
    (mean + (horizon - 1) * size).update(repeating: 0, count: size)
    deviation.update(repeating: settings.stdMax, count: horizon * size)
    for _ in 0..<settings.iterations {
      drawPlans(using: &random)
      score(learner, packed, using: &random)
      follow()
    }
    let chosen = Int(order[draw(using: &random)])
    for c in 0..<size {
      let noise = explores ? deviation[c] * random.normal() : 0
      action[c] = min(max(plans[chosen * size + c] + noise, -1), 1)
    }
    warmStart.mutablePointer.update(from: mean, count: horizon * size)
  }

  /// Index of an elite, drawn by weight.
  private func draw(using random: inout RandomStream) -> Int {
    var left = random.uniform()
    for index in 0..<settings.elites {
      left -= weights[index]
      if left < 0 { return index }
    }
    return settings.elites - 1
  }

  /// The first plans: the policy prior's.
  private func proposePlans(_ learner: TDMPC2, _ packed: TDMPC2Packed, using random: inout RandomStream) {
    let (count, size) = (settings.policyPlans, networks.actionSize)
    guard count > 0 else { return }
    let width = networks.latent
    let (x, z, target) = (prior.pairs.mutablePointer, prior.states.mutablePointer, plans.mutablePointer)
    for r in 0..<count { (z + r * width).update(from: latent.pointer, count: width) }
    for t in 0..<horizon {
      let outputs = networks.policy.forward(learner.policy.pointer, packed.policy, z, rows: count, prior.policy)
      random.fillNormal(draws.mutablePointer, count: count * size)
      networks.act(
        outputs, noise: draws.pointer, rows: count, actions: target + t * settings.population * size, stride: size)
      guard t + 1 < horizon else { return }
      prior.pair(z, target + t * settings.population * size, rows: count, width: width, size: size)
      let next = networks.dynamics.forward(
        learner.world.pointer + networks.dynamicsStart, packed.dynamics, x, rows: count, prior.dynamics)
      z.update(from: next, count: count * width)
    }
  }

  /// The other plans, drawn from the distribution.
  private func drawPlans(using random: inout RandomStream) {
    let (size, count, first) = (networks.actionSize, settings.population, settings.policyPlans)
    random.fillNormal(&draws)
    let (target, noise) = (plans.mutablePointer, draws.pointer)
    for t in 0..<horizon {
      for row in first..<count {
        for c in 0..<size {
          let place = (t * count + row) * size + c
          let value = mean[t * size + c] + deviation[t * size + c] * noise[place]
          target[place] = min(max(value, -1), 1)
        }
      }
    }
  }

  /// Leaves the plans' values in `values`; those that are not finite count as 0, as the authors have it.
  private func score(_ learner: TDMPC2, _ packed: TDMPC2Packed, using random: inout RandomStream) {
    let pair = TDMPC2Draws.pair(of: networks.critics, using: &random)
    random.fillNormal(&lastNoise)
    values.withUnsafeMutableBufferPointer { values in
      guard let base = values.baseAddress else { return }
      job = Job(
        world: learner.world.pointer, policy: learner.policy.pointer, packed: packed, pair: pair, plans: plans.pointer,
        noise: lastNoise.pointer, latent: latent.pointer, values: base)
      let blocks = (settings.population + LatentPlanner.blockSize - 1) / LatentPlanner.blockSize
      WorkerPool.run(shards: blocks, Shards(planner: Unmanaged.passUnretained(self)))
      job = nil
    }
    for index in values.indices where !values[index].isFinite { values[index] = 0 }
  }

  private struct Shards: ShardedWork {
    let planner: Unmanaged<LatentPlanner>
    func run(shard: Int, worker: Int) { planner._withUnsafeGuaranteedRef { $0.score(shard, $0.workers[worker]) } }
  }

  /// Scores one block.
  private func score(_ block: Int, _ scratch: Scratch) {
    guard let job else { return }
    let first = block * LatentPlanner.blockSize
    let rows = min(LatentPlanner.blockSize, settings.population - first)
    let (size, width) = (networks.actionSize, networks.latent)
    let (dynamics, reward) = (job.world + networks.dynamicsStart, job.world + networks.rewardStart)
    let (x, values, alive) = (scratch.pairs.mutablePointer, job.values + first, scratch.alive.mutablePointer)
    alive.update(repeating: 1, count: rows)
    var factor: Float = 1
    var z = job.latent
    for t in 0..<horizon {
      let actions = job.plans + (t * settings.population + first) * size
      let logits: UnsafeMutablePointer<Float>
      if t == 0 {
        let bias = scratch.bias.mutablePointer
        logits = networks.reward.forward(
          reward, job.packed.reward, shared: z, count: width, actions, rows: rows, bias: bias, scratch.reward)
        z = UnsafePointer(
          networks.dynamics.forward(
            dynamics, job.packed.dynamics, shared: z, count: width, actions, rows: rows, bias: bias, scratch.dynamics))
      } else {
        scratch.pair(z, actions, rows: rows, width: width, size: size)
        logits = networks.reward.forward(reward, job.packed.reward, x, rows: rows, scratch.reward)
        z = UnsafePointer(networks.dynamics.forward(dynamics, job.packed.dynamics, x, rows: rows, scratch.dynamics))
      }
      let part = scratch.part.mutablePointer
      networks.bins.values(logits, rows: rows, into: part)
      for r in 0..<rows { values[r] = t == 0 ? part[r] : values[r] + factor * alive[r] * part[r] }
      factor *= discount
      if let network = networks.termination, let packed = job.packed.termination, let workspace = scratch.termination {
        let logits = network.forward(job.world + networks.terminationStart, packed, z, rows: rows, workspace)
        for r in 0..<rows where logits[r] > 0 { alive[r] = 0 }
      }
    }
    let outputs = networks.policy.forward(job.policy, job.packed.policy, z, rows: rows, scratch.policy)
    let actions = scratch.actions.mutablePointer
    networks.act(outputs, noise: job.noise + first * size, rows: rows, actions: actions, stride: size)
    scratch.pair(z, actions, rows: rows, width: width, size: size)
    func add(_ critic: Int) {
      let logits = networks.value.forward(
        job.world + networks.start(of: critic), job.packed.values[critic], x, rows: rows, scratch.value)
      networks.bins.values(logits, rows: rows, into: scratch.part.mutablePointer)
      for r in 0..<rows { values[r] += 0.5 * factor * alive[r] * scratch.part[r] }
    }
    add(job.pair.0)
    add(job.pair.1)
  }

  /// Takes mean and deviation of the best plans, with the weights of their values, as the next distribution.
  private func follow() {
    let (elites, size, count) = (settings.elites, networks.actionSize, settings.population)
    TopSelection.select(elites, of: values, order: &order)
    var best = -Float.infinity
    for index in 0..<elites { best = max(best, values[Int(order[index])]) }
    var total: Float = 0
    for index in 0..<elites {
      weights[index] = Scalar.exp(settings.temperature * (values[Int(order[index])] - best))
      total += weights[index]
    }
    for index in 0..<elites { weights[index] /= total }
    let (mean, deviation, plans) = (self.mean.mutablePointer, self.deviation.mutablePointer, self.plans.pointer)
    for t in 0..<horizon {
      for c in 0..<size {
        let start = plans + t * count * size + c
        var (average, variance): (Float, Float) = (0, 0)
        for index in 0..<elites { average += weights[index] * start[Int(order[index]) * size] }
        for index in 0..<elites {
          let distance = start[Int(order[index]) * size] - average
          variance += weights[index] * distance * distance
        }
        mean[t * size + c] = average
        deviation[t * size + c] = min(max(variance.squareRoot(), settings.stdMin), settings.stdMax)
      }
    }
  }
}
