import Agents
import Experience
import Imagining
import Interfaces
import Kernels
import Learners
import Models
import Networks

/// Never terminates; rewards are the model's.
private struct EndlessObjective: Objective {
  var knowsReward: Bool { false }

  func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) { terminated.update(repeating: false, count: count) }
}

extension BenchCase {
  /// One step from each of 100,000 real states, as MBPO imagines them.
  static let ensembleRollout = BenchCase(
    name: "ensemble-rollout",
    summary: "100,000 branched rollouts of a step: SAC actor 256x256 sampling, 5 of 7 x 4 x 200 SiLU, 14 -> 12"
  ) { clock in
    let (observations, actions, count) = (11, 3, 100_000)
    let replay = randomReplay(50_000, observations: observations, actions: actions)
    var settings = EnsembleSettings()
    settings.members = 7
    settings.elites = 5
    settings.hidden = [200, 200, 200, 200]
    settings.weightDecay = [1e-5]
    settings.learnsReward = true
    let model = ProbabilisticEnsemble(
      settings, stateSize: observations, actionSize: actions, using: RandomStream(seed: 1))
    let (low, high) = ([Float](repeating: -1, count: actions), [Float](repeating: 1, count: actions))
    let learner = SoftActorCritic(
      SoftActorCriticSettings(), observationSize: observations, low: low, high: high, using: RandomStream(seed: 2))
    let rollouts = BranchedRollouts<KnownRewards<ProbabilisticEnsemble>, SoftActorCritic.Acting>(
      in: KnownRewards(model, EndlessObjective()), space: .box(low: low, high: high))
    var points = BranchPoints(count: count, observationSize: observations, actionSize: actions)
    var imagined = ReplayBuffer(capacity: count, observationSize: observations, actionSize: actions)
    var random = RandomStream(seed: 3)

    let (network, perShard) = (model.network, model.preferredRows)
    let actor = Perceptron(inputs: observations, hidden: [256, 256], outputs: 2 * actions, activation: .relu)
    let phase = stride(from: 0, to: count, by: perShard).map { first in
      let rows = min(perShard, count - first)
      let blocks = stride(from: 0, to: rows, by: 128).flatMap {
        GemmReplay.forward(actor, rows: min(128, rows - $0), weights: 7 * network.layout.count)
      }
      return blocks
        + (0..<5).flatMap { member in
          GemmReplay.forward(
            network, rows: rows / 5 + (member < rows % 5 ? 1 : 0), weights: member * network.layout.count)
        }
    }
    let gemms = GemmReplay(phases: [phase], weightCount: 7 * network.layout.count + actor.layout.count)
    return clock.measure(
      "ensemble-rollout", metric: "model_transitions", unit: "model transitions/s", amount: Double(count),
      limit: { gemms.run() }, libraryLimit: { gemms.run(byLibrary: true) }
    ) {
      replay.sample(into: &points, using: &random)
      _ = rollouts.run(
        from: points, steps: 1, actions: .policy, policy: learner.policy, using: random.child(0), into: &imagined)
    }
  }
}
