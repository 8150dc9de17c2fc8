import Experience
import Interfaces
import Kernels
import Learners
import Models
import Networks

/// Transitions of independent normal observations, uniform actions and normal rewards, as the peers' scripts use.
func randomReplay(_ count: Int, observations: Int, actions: Int) -> ReplayBuffer {
  var buffer = ReplayBuffer(capacity: count, observationSize: observations, actionSize: actions)
  var random = RandomStream(seed: 0)
  for _ in 0..<count {
    let observation = (0..<observations).map { _ in random.normal() }
    let action = (0..<actions).map { _ in random.uniform(-1, 1) }
    let next = observation.map { $0 + 0.1 * random.normal() }
    buffer.append(observation, action, reward: random.normal(), next: next, continues: random.uniform() > 0.01)
  }
  return buffer
}

extension BenchCase {
  /// One update of soft actor-critic, batches drawn from 100,000 transitions inside the loop.
  static let softActorCriticUpdate = softActorCritic()

  /// The same with products of bfloat16 numbers; its limits are those of single precision.
  static let softActorCriticUpdateReduced = softActorCritic("sac-update-bfloat16", precision: .bfloat16)

  /// The same with batches and layers of other sizes; its limit is that of batches of 256.
  static func softActorCritic(
    _ name: String = "sac-update", batch batchSize: Int = 256, width: Int = 256, precision: ProductPrecision = .single
  ) -> BenchCase {
    BenchCase(
      name: name,
      summary: "SAC update: observation 17, action 6, \(width)x\(width) relu, batch \(batchSize)" + note(precision)
    ) { clock in
      let (observations, actions, updates) = (17, 6, 20)
      let replay = randomReplay(100_000, observations: observations, actions: actions)
      var settings = SoftActorCriticSettings()
      (settings.hidden, settings.precision) = ([width, width], precision)
      var learner = SoftActorCritic(
        settings, observationSize: observations, low: [Float](repeating: -1, count: actions),
        high: [Float](repeating: 1, count: actions), using: RandomStream(seed: 1))
      var batch = TransitionBatch(count: batchSize, observationSize: observations, actionSize: actions)
      var random = RandomStream(seed: 2)
      var metrics = MetricRow(names: SoftActorCritic.metricNames)

      let actor = Perceptron(inputs: observations, hidden: settings.hidden, outputs: 2 * actions, activation: .relu)
      let critic = Perceptron(inputs: observations + actions, hidden: settings.hidden, outputs: 1, activation: .relu)
      let (a, c, rows) = (actor.layout.count, critic.layout.count, 128)
      let critics = (0..<2).map { a + $0 * c }
      let criticPhase =
        GemmReplay.forward(actor, rows: rows, weights: 0)
        + critics.flatMap { GemmReplay.forward(critic, rows: rows, weights: $0 + 2 * c) }
        + critics.flatMap {
          GemmReplay.forward(critic, rows: rows, weights: $0)
            + GemmReplay.backward(critic, rows: rows, weights: $0, parameterGradient: true, inputGradient: false)
        }
      let actorPhase =
        GemmReplay.forward(actor, rows: rows, weights: 0)
        + critics.flatMap { GemmReplay.forward(critic, rows: rows, weights: $0) }
        + critics.flatMap {  // each row goes back through the smaller of the two alone
          GemmReplay.backward(critic, rows: rows / 2, weights: $0, parameterGradient: false, inputGradient: true)
        } + GemmReplay.backward(actor, rows: rows, weights: 0, parameterGradient: true, inputGradient: false)
      let gemms = GemmReplay(
        phases: [[criticPhase, criticPhase], [actorPhase, actorPhase]], weightCount: a + 4 * c)
      return try clock.measure(
        name, metric: "updates", unit: "updates/s", amount: Double(updates),
        limit: { for _ in 0..<updates { gemms.run() } },
        libraryLimit: { for _ in 0..<updates { gemms.run(byLibrary: true) } }
      ) {
        for _ in 0..<updates {
          replay.sample(into: &batch, using: &random)
          try learner.update(on: batch, using: &random, metrics: &metrics)
        }
      }
    }
  }
}

extension BenchCase {
  /// One epoch of an ensemble on 50,000 transitions, data preparation included.
  static let ensembleFit = ensembleFit(members: 7, transitions: 50_000)

  /// The same with products of bfloat16 numbers; its limits are those of single precision.
  static let ensembleFitReduced = ensembleFit(
    "ensemble-fit-bfloat16", members: 7, transitions: 50_000, precision: .bfloat16)

  static func ensembleFit(
    _ name: String = "ensemble-fit", members: Int, transitions count: Int, precision: ProductPrecision = .single
  ) -> BenchCase {
    BenchCase(
      name: name,
      summary: "ensemble epoch: \(members) members x 4 x 200 SiLU, 14 -> 12, batch 256, \(count) transitions"
        + note(precision)
    ) { clock in
      let (observations, actions) = (11, 3)
      let replay = randomReplay(count, observations: observations, actions: actions)
      var settings = EnsembleSettings()
      settings.members = members
      settings.precision = precision
      settings.hidden = [200, 200, 200, 200]
      settings.weightDecay = [1e-5]
      settings.batchSize = 256
      settings.epochs = 1
      settings.holdout = 0
      settings.learnsReward = true
      var model = ProbabilisticEnsemble(
        settings, stateSize: observations, actionSize: actions, using: RandomStream(seed: 1))
      var random = RandomStream(seed: 2)
      var metrics = MetricRow(names: ProbabilisticEnsemble.metricNames)
      let network = model.network
      let (size, rows) = (network.layout.count, 128)
      let shards = (0..<members * 2).map { shard in
        GemmReplay.forward(network, rows: rows, weights: shard / 2 * size)
          + GemmReplay.backward(
            network, rows: rows, weights: shard / 2 * size, parameterGradient: true, inputGradient: false)
      }
      let gemms = GemmReplay(phases: [shards], weightCount: members * size)
      let batches = count / 256
      return try clock.measure(
        name, metric: "member_transitions", unit: "member transitions/s",
        amount: Double(members * batches * 256),
        limit: { for _ in 0..<batches { gemms.run() } },
        libraryLimit: { for _ in 0..<batches { gemms.run(byLibrary: true) } }
      ) { try model.fit(to: replay, using: &random, metrics: &metrics) }
    }
  }
}
