import Archive
import Experience
import Interfaces
import Kernels
import Learners
import Networks

/// A segment of one copy's steps: independent normal observations, actions and rewards, an end in a hundred steps.
private func randomSegment(_ spec: EnvironmentSpec, steps: Int) -> RolloutSegment {
  var segment = RolloutSegment(
    copies: 1, observationSize: spec.observationSize, actionSize: spec.action.size, capacity: steps)
  var random = RandomStream(seed: 0)
  func normals(_ count: Int) -> [Float] { (0..<count).map { _ in random.normal() } }
  for _ in 0..<steps {
    let (observation, action, next) = (
      normals(spec.observationSize), normals(spec.action.size), normals(spec.observationSize)
    )
    segment.append(
      observations: observation, actions: action, rewards: normals(1),
      endings: [random.uniform() < 0.01 ? .terminated : .none], next: next)
  }
  return segment
}

extension BenchCase {
  private static let (observations, actions, steps) = (17, 6, 2048)

  private static func measureUpdates<Learner: OnPolicyLearner>(
    _ name: String, _ clock: BenchClock, gemms: GemmReplay, repeats: Int,
    _ make: (EnvironmentSpec) -> Learner
  ) throws -> Measurement {
    let spec = EnvironmentSpec(
      observationSize: observations,
      action: .box(low: Array(repeating: -1, count: actions), high: Array(repeating: 1, count: actions)), timeStep: 1,
      stepLimit: 1000)
    var learner = make(spec)
    let segment = randomSegment(spec, steps: steps)
    var random = RandomStream(seed: 2)
    var metrics = MetricRow(names: Learner.metricNames)
    // each update starts from the same networks: many on one random segment would take the policy to infinity
    var writer = StateWriter()
    learner.save(to: &writer)
    let start = StateReader(writer.file)
    return try clock.measure(
      name, metric: "updates", unit: "updates/s", amount: 1,
      limit: { for _ in 0..<repeats { gemms.run() } },
      libraryLimit: { for _ in 0..<repeats { gemms.run(byLibrary: true) } }
    ) {
      try learner.restore(from: start)
      try learner.update(on: segment, steps: 0, using: &random, metrics: &metrics)
    }
  }

  /// Products of a gradient on `rows` rows.
  private static func gradient(_ network: Perceptron, rows: Int, weights: Int) -> [GemmReplay.Call] {
    GemmReplay.forward(network, rows: rows, weights: weights)
      + GemmReplay.backward(network, rows: rows, weights: weights, parameterGradient: true, inputGradient: false)
  }

  /// One update of PPO: 10 epochs of minibatches of 64.
  static let proximalEpochs = BenchCase(
    name: "ppo-epoch",
    summary: "PPO update: 2,048 steps, 10 epochs, minibatch 64, observation 17, action 6, 64x64 tanh"
  ) { clock in
    let policy = Perceptron(inputs: observations, hidden: [64, 64], outputs: actions, activation: .tanh)
    let value = Perceptron(inputs: observations, hidden: [64, 64], outputs: 1, activation: .tanh)
    let gemms = GemmReplay(
      phases: [[gradient(policy, rows: 64, weights: 0), gradient(value, rows: 64, weights: policy.layout.count)]],
      weightCount: policy.layout.count + value.layout.count)
    return try measureUpdates("ppo-epoch", clock, gemms: gemms, repeats: 10 * steps / 64) {
      ProximalPolicyOptimization(ProximalPolicyOptimizationSettings(), spec: $0, using: RandomStream(seed: 1))
    }
  }

  /// One update of TRPO: 15 conjugate gradient iterations, 10 epochs of the values.
  static let trustRegionUpdate = BenchCase(
    name: "trpo-update",
    summary: "TRPO update: 2,048 steps, 15 CG iterations, 10 critic epochs of minibatch 128, 17 -> 6, 64x64 tanh"
  ) { clock in
    let policy = Perceptron(inputs: observations, hidden: [64, 64], outputs: actions, activation: .tanh)
    let value = Perceptron(inputs: observations, hidden: [64, 64], outputs: 1, activation: .tanh)
    // a product by the Fisher information: tangents forward, twice the products of a pass but for the first layer's,
    // and back
    let product =
      GemmReplay.forward(policy, rows: 128, weights: 0) + GemmReplay.forward(policy, rows: 128, weights: 0)
      + GemmReplay.backward(policy, rows: 128, weights: 0, parameterGradient: true, inputGradient: false)
    let gemms = GemmReplay(
      phases: Array(repeating: Array(repeating: product, count: steps / 128), count: 16)
        + Array(
          repeating: [gradient(value, rows: 128, weights: policy.layout.count)], count: 10 * steps / 128),
      weightCount: policy.layout.count + value.layout.count)
    return try measureUpdates("trpo-update", clock, gemms: gemms, repeats: 1) {
      TrustRegionPolicyOptimization(TrustRegionPolicyOptimizationSettings(), spec: $0, using: RandomStream(seed: 1))
    }
  }
}
