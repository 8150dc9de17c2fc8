import Foundation
import Interfaces
import Kernels
import Learners
import TestSupport

/// TD3 by plain loops in double precision, its gradients by central differences of the losses as they are written down.
struct NaiveDeterministicActorCritic {
  private let settings: DeterministicActorCriticSettings
  private let low: [Double]
  private let high: [Double]
  private let actorNetwork: OraclePerceptron
  private let criticNetwork: OraclePerceptron
  private(set) var actor: [Double]
  private(set) var actorTarget: [Double]
  private(set) var critics: [Double]
  private(set) var criticTargets: [Double]
  private var (actorAdam, criticAdam) = (NaiveAdam(), NaiveAdam())
  private var updates = 0

  /// The same parameters as `learner`, which has not been updated yet.
  init(_ learner: DeterministicActorCritic) {
    settings = learner.settings
    (low, high) = (Cases.low.map(Double.init), Cases.high.map(Double.init))
    let activation = naiveActivation(settings.activation)
    actorNetwork = OraclePerceptron(
      widths: [Cases.observationSize] + settings.hidden + [low.count], activation: activation)
    criticNetwork = OraclePerceptron(
      widths: [Cases.observationSize + low.count] + settings.hidden + [1], normalized: settings.layerNormalization,
      activation: activation)
    actor = learner.core.actor.doubles
    actorTarget = learner.core.actorTarget?.doubles ?? []
    critics = learner.core.criticParameters.doubles
    criticTargets = learner.core.criticTargets.doubles
    precondition(
      actor.count == actorNetwork.count && critics.count == settings.critics * criticNetwork.count, "another layout")
  }

  private func decide(_ actor: [Double], _ observation: [Double]) -> [Double] {
    actorNetwork(actor[...], observation).map { tanh($0) }
  }

  private func value(_ critics: [Double], _ index: Int, _ observation: [Double], _ action: [Double]) -> Double {
    let range = index * criticNetwork.count..<(index + 1) * criticNetwork.count
    return criticNetwork(critics[range], observation + action)[0]
  }

  /// One update with `noise` [N, A] on the next actions; the losses of critics and, where it is due, of the actor.
  mutating func update(_ transitions: TransitionBatch, noise: [Float]) -> (critic: Double, actor: Double?) {
    updates += 1
    let batch = NaiveBatch(transitions, low: low, high: high)
    let (size, clip, tau) = (low.count, Double(settings.targetNoiseClip), Double(settings.tau))
    // y = r + discount (1 - terminated) min Q'(s', clip(mu'(s') + clip(noise)))
    let targets = (0..<batch.count).map { index in
      let action = decide(actorTarget, batch.next[index]).enumerated().map { c, mean in
        let shift = Double(settings.targetNoise) * Double(noise[index * size + c])
        return max(-1, min(1, mean + max(-clip, min(clip, shift))))
      }
      let least = (0..<settings.critics).map { value(criticTargets, $0, batch.next[index], action) }.min() ?? .nan
      return batch.rewards[index] + Double(settings.discount) * batch.continues[index] * least
    }
    func criticLoss(_ critics: [Double], _ member: Int) -> Double {
      (0..<batch.count).reduce(0) {
        let error = value(critics, member, batch.observations[$1], batch.actions[$1]) - targets[$1]
        return $0 + error * error / 2
      } / Double(batch.count)
    }
    let each = criticNetwork.count
    let loss = (0..<settings.critics).reduce(0) { $0 + criticLoss(critics, $1) }
    let gradient = (0..<settings.critics).flatMap { member in
      centralDifferences(critics, member * each..<(member + 1) * each) { criticLoss($0, member) }
    }
    criticAdam.step(&critics, gradient, rate: Double(settings.criticLearningRate))
    guard updates % settings.policyDelay == 0 else { return (loss, nil) }

    // -mean Q_1(s, mu(s)), against the new critics
    let frozen = critics
    func actorLoss(_ actor: [Double]) -> Double {
      (0..<batch.count).reduce(0) {
        $0 - value(frozen, 0, batch.observations[$1], decide(actor, batch.observations[$1])) / Double(batch.count)
      }
    }
    let actorBefore = actorLoss(actor)
    let actorGradient = centralDifferences(actor, 0..<actor.count) { actorLoss($0) }
    actorAdam.step(&actor, actorGradient, rate: Double(settings.actorLearningRate))
    for i in critics.indices { criticTargets[i] += tau * (critics[i] - criticTargets[i]) }
    for i in actor.indices { actorTarget[i] += tau * (actor[i] - actorTarget[i]) }
    return (loss, actorBefore)
  }
}
