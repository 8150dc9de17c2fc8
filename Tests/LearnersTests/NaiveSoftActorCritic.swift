import Foundation
import Interfaces
import Kernels
import Learners
import Networks
import TestSupport

/// Soft actor-critic by plain loops in double precision, its gradients by central differences of the losses as they are
/// written down.
struct NaiveSoftActorCritic {
  /// Means over the batch.
  struct Losses {
    var critic = 0.0
    var actor = 0.0
    var entropy = 0.0
    var value = 0.0
  }

  private let settings: SoftActorCriticSettings
  private let low: [Double]
  private let high: [Double]
  private let actorNetwork: OraclePerceptron
  private let criticNetwork: OraclePerceptron
  private(set) var actor: [Double]
  private(set) var critics: [Double]
  private(set) var criticTargets: [Double]
  private(set) var logTemperature: [Double]
  private var (actorAdam, criticAdam, temperatureAdam) = (NaiveAdam(), NaiveAdam(), NaiveAdam())

  /// The same parameters as `learner`, which has not been updated yet.
  init(_ learner: SoftActorCritic, observationSize: Int, low: [Float], high: [Float]) {
    settings = learner.settings
    (self.low, self.high) = (low.map(Double.init), high.map(Double.init))
    let activation = naiveActivation(settings.activation)
    actorNetwork = OraclePerceptron(
      widths: [observationSize] + settings.hidden + [2 * low.count], activation: activation)
    criticNetwork = OraclePerceptron(
      widths: [observationSize + low.count] + settings.hidden + [1], normalized: settings.layerNormalization,
      activation: activation)
    let state = OracleState(learner)
    actor = state.doubles("actor")
    critics = state.doubles("critics")
    criticTargets = state.doubles("critic_targets")
    logTemperature = state.doubles("log_temperature")
    precondition(actor.count == actorNetwork.count && critics.count == 2 * criticNetwork.count, "another layout")
  }

  private var size: Int { low.count }

  /// Mean and standard deviation of the normal distribution before squashing.
  func distribution(_ actor: [Double], _ observation: [Double]) -> [(mean: Double, deviation: Double)] {
    let output = actorNetwork(actor[...], observation)
    return (0..<size).map { (output[$0], exp(min(max(output[size + $0], -20), 2))) }
  }

  /// A policy of the actor's architecture that the actor is drawn to: its parameters, and how strongly.
  struct Prior {
    var parameters: [Double]
    var regularization: KLRegularization
  }

  /// Log-probability of an action in the unit box.
  private func logProbability(_ actor: [Double], _ observation: [Double], _ action: [Double]) -> Double {
    zip(distribution(actor, observation), action).reduce(0) {
      let (normal, a) = $1
      let z = (atanh(a) - normal.mean) / normal.deviation
      return $0 - z * z / 2 - Foundation.log(normal.deviation) - Foundation.log(2 * Double.pi) / 2
        - Foundation.log(1 - a * a)
    }
  }

  /// Action in the unit box and its log-probability there.
  private func sample(_ actor: [Double], _ observation: [Double], _ noise: [Double]) -> (action: [Double], log: Double)
  {
    var (action, log) = ([Double](), 0.0)
    for (normal, e) in zip(distribution(actor, observation), noise) {
      let squashed = tanh(normal.mean + normal.deviation * e)
      action.append(squashed)
      log += -e * e / 2 - Foundation.log(normal.deviation) - Foundation.log(2 * Double.pi) / 2
      log -= Foundation.log(1 - squashed * squashed)
    }
    return (action, log)
  }

  private func value(_ critics: [Double], _ index: Int, _ observation: [Double], _ action: [Double]) -> Double {
    let range = index * criticNetwork.count..<(index + 1) * criticNetwork.count
    return criticNetwork(critics[range], observation + action)[0]
  }

  /// One update; `noise` [2, N, A] is for the next actions, then for the actor's.
  mutating func update(_ batch: TransitionBatch, noise: [Float], prior: Prior? = nil) -> Losses {
    let count = batch.count
    func row(_ matrix: Matrix, _ index: Int) -> [Double] { matrix.row(index).map(Double.init) }
    func draws(_ half: Int, _ index: Int) -> [Double] {
      noise[(half * count + index) * size..<(half * count + index + 1) * size].map(Double.init)
    }
    let observations = (0..<count).map { row(batch.observations, $0) }
    let actions = (0..<count).map { index in
      row(batch.actions, index).enumerated().map { 2 * ($1 - low[$0]) / (high[$0] - low[$0]) - 1 }
    }
    let temperature = exp(logTemperature[0])
    let divergence = Double(prior?.regularization.divergence ?? 0)
    let alpha = temperature + divergence
    // c log pi_0, c = share * temperature + divergence
    func drawn(_ observation: [Double], _ action: [Double]) -> Double {
      guard let prior else { return 0 }
      return (Double(prior.regularization.share) * temperature + divergence)
        * logProbability(prior.parameters, observation, action)
    }
    var losses = Losses()

    // y = r + discount (1 - terminated) (min Q'(s', a') - alpha log pi(a' | s'))
    let targets = (0..<count).map { index in
      let next = row(batch.nextObservations, index)
      let (action, log) = sample(actor, next, draws(0, index))
      let least = min(value(criticTargets, 0, next, action), value(criticTargets, 1, next, action))
      return Double(batch.rewards[index]) + Double(settings.discount) * Double(batch.continues[index])
        * (least - alpha * log + drawn(next, action))
    }
    // 1/2 mean (Q_i - y)², for each critic by itself
    func criticLoss(_ critics: [Double], _ index: Int) -> Double {
      (0..<count).reduce(0) {
        let error = value(critics, index, observations[$1], actions[$1]) - targets[$1]
        return $0 + error * error / 2
      } / Double(count)
    }
    losses.critic = criticLoss(critics, 0) + criticLoss(critics, 1)
    for index in 0..<count {
      losses.value += value(critics, 0, observations[index], actions[index]) / Double(2 * count)
      losses.value += value(critics, 1, observations[index], actions[index]) / Double(2 * count)
    }
    let each = criticNetwork.count
    let criticGradient =
      centralDifferences(critics, 0..<each) { criticLoss($0, 0) }
      + centralDifferences(critics, each..<2 * each) { criticLoss($0, 1) }
    criticAdam.step(&critics, criticGradient, rate: Double(settings.criticLearningRate))
    for i in critics.indices { criticTargets[i] += Double(settings.tau) * (critics[i] - criticTargets[i]) }

    // mean of alpha log pi(a | s) - min Q(s, a), against the new critics
    let frozen = critics
    func actorLoss(_ actor: [Double]) -> (loss: Double, log: Double) {
      (0..<count).reduce((0, 0)) { sum, index in
        let (action, log) = sample(actor, observations[index], draws(1, index))
        let least = min(value(frozen, 0, observations[index], action), value(frozen, 1, observations[index], action))
        let prior = drawn(observations[index], action)
        return (sum.0 + (alpha * log - prior - least) / Double(count), sum.1 + log / Double(count))
      }
    }
    let before = actorLoss(actor)
    (losses.actor, losses.entropy) = (before.loss, -before.log)
    let actorGradient = centralDifferences(actor, 0..<actor.count) { actorLoss($0).loss }
    actorAdam.step(&actor, actorGradient, rate: Double(settings.actorLearningRate))

    // -log alpha (log pi + target entropy)
    let target = settings.targetEntropy.map(Double.init) ?? -Double(size)
    if settings.temperatureLearningRate > 0 {
      temperatureAdam.step(
        &logTemperature, [losses.entropy - target], rate: Double(settings.temperatureLearningRate))
    }
    return losses
  }
}
