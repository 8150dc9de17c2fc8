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
  private let dropout: RandomStream?
  private var updates = 0
  private var (actorAdam, criticAdam, temperatureAdam) = (NaiveAdam(), NaiveAdam(), NaiveAdam())

  /// The same parameters as `learner`, which has not been updated yet and was made from `random`.
  init(
    _ learner: SoftActorCritic, observationSize: Int, low: [Float], high: [Float],
    random: RandomStream = RandomStream(seed: 1)
  ) {
    dropout = learner.settings.dropout > 0 ? random.child("dropout") : nil
    settings = learner.settings
    (self.low, self.high) = (low.map(Double.init), high.map(Double.init))
    let activation = naiveActivation(settings.activation)
    actorNetwork = OraclePerceptron(
      widths: [observationSize] + settings.hidden + [2 * low.count], activation: activation)
    criticNetwork = OraclePerceptron(
      widths: [observationSize + low.count] + settings.hidden + [1], normalized: settings.layerNormalization,
      activation: activation)
    actor = learner.core.actor.doubles
    critics = learner.core.criticParameters.doubles
    criticTargets = learner.core.criticTargets.doubles
    logTemperature = learner.logTemperature.doubles
    precondition(
      actor.count == actorNetwork.count && critics.count == settings.critics * criticNetwork.count, "another layout")
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

  private func value(
    _ critics: [Double], _ index: Int, _ observation: [Double], _ action: [Double], dropout: [[[[Double]]]]?, row: Int
  ) -> Double {
    let range = index * criticNetwork.count..<(index + 1) * criticNetwork.count
    return criticNetwork(critics[range], observation + action, dropout: dropout?[index][row])[0]
  }

  /// Factors of the components in one pass of the critics: [critic][row][layer][component]. Each block of 128 rows has a
  /// stream of its own, each critic, each layer.
  private func factors(steps: Int, pass: Int, rows: Int) -> [[[[Double]]]]? {
    guard let dropout else { return nil }
    let rate = settings.dropout
    return (0..<settings.critics).map { critic in
      var result = [[[Double]]](repeating: [], count: rows)
      for first in stride(from: 0, to: rows, by: 128) {
        let count = min(128, rows - first)
        for (layer, width) in settings.hidden.enumerated() {
          var stream = dropout.child(steps).child(pass).child(first / 128).child(critic).child(layer)
          var draws = Vector(count: count * width)
          stream.fillUniform(&draws)
          for row in 0..<count {
            result[first + row].append(
              (0..<width).map { draws[row * width + $0] < rate ? 0 : 1 / (1 - Double(rate)) })
          }
        }
      }
      return result
    }
  }

  /// One update; `noise` [2, N, A] is for the next actions, then for the actor's. Targets are the least of the critics in
  /// `subset`, all unless given.
  mutating func update(_ batch: TransitionBatch, noise: [Float], subset: [Int]? = nil, prior: Prior? = nil) -> Losses {
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

    let members = settings.critics
    let targetFactors = factors(steps: updates, pass: 0, rows: count)
    let fitFactors = factors(steps: updates, pass: 1, rows: count)
    updates += 1
    let ascentFactors = factors(steps: updates, pass: 2, rows: count)
    // y = r + discount (1 - terminated) (min Q'(s', a') - alpha log pi(a' | s'))
    let targets = (0..<count).map { index in
      let next = row(batch.nextObservations, index)
      let (action, log) = sample(actor, next, draws(0, index))
      let values = (subset ?? Array(0..<members)).map {
        value(criticTargets, $0, next, action, dropout: targetFactors, row: index)
      }
      let least = values.min() ?? .nan
      return Double(batch.rewards[index]) + Double(settings.discount) * Double(batch.continues[index])
        * (least - alpha * log + drawn(next, action))
    }
    // 1/2 mean (Q_i - y)², for each critic by itself
    func criticLoss(_ critics: [Double], _ index: Int) -> Double {
      (0..<count).reduce(0) {
        let error =
          value(critics, index, observations[$1], actions[$1], dropout: fitFactors, row: $1) - targets[$1]
        return $0 + error * error / 2
      } / Double(count)
    }
    for critic in 0..<members {
      losses.critic += criticLoss(critics, critic)
      for index in 0..<count {
        losses.value +=
          value(critics, critic, observations[index], actions[index], dropout: fitFactors, row: index)
          / Double(members * count)
      }
    }
    let each = criticNetwork.count
    let criticGradient = (0..<members).flatMap { critic in
      centralDifferences(critics, critic * each..<(critic + 1) * each) { criticLoss($0, critic) }
    }
    criticAdam.step(&critics, criticGradient, rate: Double(settings.criticLearningRate))
    for i in critics.indices { criticTargets[i] += Double(settings.tau) * (critics[i] - criticTargets[i]) }

    guard updates % settings.policyInterval == 0 else { return losses }

    // mean of alpha log pi(a | s) - min or mean Q(s, a), against the new critics
    let frozen = critics
    func actorLoss(_ actor: [Double]) -> (loss: Double, log: Double) {
      (0..<count).reduce((0, 0)) { sum, index in
        let (action, log) = sample(actor, observations[index], draws(1, index))
        let values = (0..<members).map {
          value(frozen, $0, observations[index], action, dropout: ascentFactors, row: index)
        }
        let least = settings.ascent == .mean ? values.reduce(0, +) / Double(members) : values.min() ?? .nan
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
