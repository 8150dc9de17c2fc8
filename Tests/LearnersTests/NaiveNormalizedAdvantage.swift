import Foundation
import Interfaces
import Kernels
import Learners
import TestSupport

/// NAF by plain loops in double precision, its gradients by central differences.
struct NaiveNormalizedAdvantage {
  private let settings: NormalizedAdvantageFunctionSettings
  private let low: [Double]
  private let high: [Double]
  private let network: OraclePerceptron
  private(set) var parameters: [Double]
  private(set) var target: [Double]
  private var adam = NaiveAdam()

  /// The same parameters as `learner`, which has not been updated yet.
  init(_ learner: NormalizedAdvantageFunction) {
    settings = learner.settings
    (low, high) = (Cases.low.map(Double.init), Cases.high.map(Double.init))
    let size = low.count
    network = OraclePerceptron(
      widths: [Cases.observationSize] + settings.hidden + [1 + size + size * (size + 1) / 2],
      normalized: settings.layerNormalization, activation: naiveActivation(settings.activation))
    (parameters, target) = (learner.core.parameters.doubles, learner.core.targets.doubles)
    precondition(parameters.count == network.count, "another layout")
  }

  /// V, mu in the unit box and P = L L' at a state.
  func outputs(
    _ parameters: [Double], _ observation: [Double]
  ) -> (value: Double, mean: [Double], precision: [[Double]]) {
    let (row, size) = (network(parameters[...], observation), low.count)
    var (factor, place) = ([[Double]](repeating: Array(repeating: 0, count: size), count: size), 1 + size)
    for i in 0..<size {
      for j in 0...i {
        factor[i][j] = i == j ? exp(row[place]) : row[place]
        place += 1
      }
    }
    let precision = (0..<size).map { i in
      (0..<size).map { j in (0..<size).reduce(0) { $0 + factor[i][$1] * factor[j][$1] } }
    }
    return (row[0], row[1...size].map { tanh($0) }, precision)
  }

  /// Q(s, a), a in the unit box.
  private func value(_ parameters: [Double], _ observation: [Double], _ action: [Double]) -> Double {
    let (value, mean, precision) = outputs(parameters, observation)
    let distance = zip(action, mean).map { $0 - $1 }
    var form = 0.0
    for i in distance.indices { for j in distance.indices { form += distance[i] * precision[i][j] * distance[j] } }
    return value - form / 2
  }

  /// One update; the loss.
  mutating func update(_ transitions: TransitionBatch) -> Double {
    let batch = NaiveBatch(transitions, low: low, high: high)
    let targets = (0..<batch.count).map {
      batch.rewards[$0] + Double(settings.discount) * batch.continues[$0] * outputs(target, batch.next[$0]).value
    }
    func loss(_ parameters: [Double]) -> Double {
      (0..<batch.count).reduce(0) {
        let error = value(parameters, batch.observations[$1], batch.actions[$1]) - targets[$1]
        return $0 + error * error / 2
      } / Double(batch.count)
    }
    let before = loss(parameters)
    let gradient = centralDifferences(parameters, 0..<parameters.count) { loss($0) }
    adam.step(&parameters, gradient, rate: Double(settings.learningRate))
    for i in target.indices { target[i] += Double(settings.tau) * (parameters[i] - target[i]) }
    return before
  }
}
