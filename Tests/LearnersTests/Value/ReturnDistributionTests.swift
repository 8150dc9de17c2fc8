import Foundation
import Kernels
import Learners
import TestSupport
import Testing

/// Categorical and quantile distributions of returns against naive ones.
@Suite struct ReturnDistributionTests {
  /// The projection by hand of every mass on its two neighbours, in double precision.
  @Test func projectionIsTheNaiveOne() {
    var random = RandomStream(seed: 4)
    for trial in 0..<300 {
      let atoms = 2 + random.index(below: 60)
      let (low, high) = (random.uniform(-20, 0), random.uniform(1, 30))
      let returns = CategoricalReturns(low: low, range: high - low, atoms: atoms)
      let logits = (0..<atoms).map { _ in 3 * random.normal() }
      // rewards beyond the range, factors of ends and, exactly, on an atom
      let factors: [Float] = [0, 1, 0.97, 0.5]
      let (reward, factor) = (trial % 7 == 0 ? low : 10 * random.normal(), factors[trial % 4])
      var found = [Float](repeating: 0, count: atoms)
      returns.project(logits, reward: reward, factor: factor, into: &found)

      let gap = Double(high - low) / Double(atoms - 1)
      let sum = logits.reduce(0) { $0 + exp(Double($1)) }
      var expected = [Double](repeating: 0, count: atoms)
      for atom in 0..<atoms {
        let moved = Double(reward) + Double(factor) * (Double(low) + Double(atom) * gap)
        let value = min(max(moved, Double(low)), Double(high))
        for target in 0..<atoms {
          let share = max(0, 1 - abs(value - Double(low) - Double(target) * gap) / gap)
          expected[target] += share * exp(Double(logits[atom])) / sum
        }
      }
      #expect(worstGap(found.map(Double.init), expected) < 2e-4)
      #expect(abs(found.reduce(0, +) - 1) < 1e-5)
    }
  }

  /// A projection keeps the mean of what stays within the range.
  @Test func projectionKeepsTheMean() {
    let returns = CategoricalReturns(low: -3, range: 8, atoms: 9)
    var random = RandomStream(seed: 1)
    for _ in 0..<50 {
      let value = random.uniform(-3, 5)
      var target = [Float](repeating: 0, count: 9)
      returns.project(value, into: &target)
      let mean = (0..<9).reduce(Float(0)) { $0 + target[$1] * (-3 + Float($1)) }
      #expect(abs(mean - value) < 1e-5)
    }
  }

  /// The gradients by finite differences, and the divergence 0 at the target itself.
  @Test func gradientsAreThoseOfTheLosses() {
    var random = RandomStream(seed: 2)
    let categorical = CategoricalReturns(low: -1, range: 3, atoms: 6)
    let logits = (0..<6).map { _ in random.normal() }
    var target = [Float](repeating: 0, count: 6)
    categorical.project(0.37, into: &target)
    target = target.map { 0.6 * $0 + 0.4 / 6 }
    func crossEntropy(_ logits: [Double]) -> Double {
      let sum = logits.reduce(0) { $0 + exp($1) }
      return zip(logits, target).reduce(0) { $0 - Double($1.1) * ($1.0 - log(sum)) }
    }
    var gradient = logits
    let (loss, divergence) = categorical.regress(&gradient, to: target)
    #expect(abs(Double(loss) - crossEntropy(logits.map(Double.init))) < 1e-5)
    let entropy = target.reduce(0) { $0 - Double($1) * log(Double($1)) }
    #expect(abs(Double(divergence) - (Double(loss) - entropy)) < 1e-5)
    let differences = centralDifferences(logits.map(Double.init), 0..<6) { crossEntropy($0) }
    #expect(worstGap(gradient.map(Double.init), differences) < 1e-5)
    var same = target.map { log($0) }
    let none = categorical.regress(&same, to: target).divergence
    #expect(none < 1e-6)

    let quantiles = QuantileReturns(count: 5, errorLimit: 0.5)
    let (theta, goals) = ((0..<5).map { _ in random.normal() }, (0..<5).map { _ in random.normal() })
    func quantileLoss(_ theta: [Double]) -> Double {
      var loss = 0.0
      for i in theta.indices {
        let level = (Double(i) + 0.5) / 5
        for goal in goals {
          let u = Double(goal) - theta[i]
          let huber = abs(u) <= 0.5 ? u * u / 2 : 0.5 * (abs(u) - 0.25)
          let weight = u < 0 ? 1 - level : level
          loss += weight * huber / 0.5 / 5
        }
      }
      return loss
    }
    gradient = theta
    let found = quantiles.regress(&gradient, to: goals)
    #expect(abs(Double(found) - quantileLoss(theta.map(Double.init))) < 1e-5)
    let slopes = centralDifferences(theta.map(Double.init), 0..<5) { quantileLoss($0) }
    #expect(worstGap(gradient.map(Double.init), slopes) < 1e-5)
  }
}
