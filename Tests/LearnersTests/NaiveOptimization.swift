import Foundation
import Interfaces
import Kernels
import Networks
import TestSupport

/// Adam's algorithm 1 in double precision.
struct NaiveAdam {
  private var (first, second) = ([Double](), [Double]())
  private var steps = 0

  mutating func step(_ parameters: inout [Double], _ gradient: [Double], rate: Double) {
    if steps == 0 { (first, second) = (gradient.map { _ in 0 }, gradient.map { _ in 0 }) }
    steps += 1
    for i in parameters.indices {
      first[i] = 0.9 * first[i] + 0.1 * gradient[i]
      second[i] = 0.999 * second[i] + 0.001 * gradient[i] * gradient[i]
      let mean = first[i] / (1 - pow(0.9, Double(steps)))
      let square = second[i] / (1 - pow(0.999, Double(steps)))
      parameters[i] -= rate * mean / (square.squareRoot() + 1e-8)
    }
  }
}

/// Central differences of `function` at `point` by the components in `range`.
func centralDifferences(
  _ point: [Double], _ range: Range<Int>, of function: ([Double]) -> Double
) -> [Double] {
  var probe = point
  return range.map { index in
    probe[index] = point[index] + 1e-5
    let above = function(probe)
    probe[index] = point[index] - 1e-5
    let below = function(probe)
    probe[index] = point[index]
    return (above - below) / 2e-5
  }
}

/// The nonlinearity in double precision.
func naiveActivation(_ activation: Activation) -> (Double) -> Double {
  switch activation {
  case .relu: OraclePerceptron.relu
  case .tanh: { tanh($0) }
  case .silu: OraclePerceptron.silu
  }
}

/// A batch in double precision, row by row.
struct NaiveBatch {
  let count: Int
  let observations: [[Double]]
  let actions: [[Double]]
  let rewards: [Double]
  let next: [[Double]]
  let continues: [Double]

  /// Actions taken to the unit box between `low` and `high`, if given.
  init(_ batch: TransitionBatch, low: [Double] = [], high: [Double] = []) {
    func rows(_ matrix: Matrix) -> [[Double]] { (0..<matrix.rows).map { matrix.row($0).map(Double.init) } }
    count = batch.count
    observations = rows(batch.observations)
    actions = rows(batch.actions).map { row in
      low.isEmpty ? row : row.enumerated().map { 2 * ($1 - low[$0]) / (high[$0] - low[$0]) - 1 }
    }
    rewards = batch.rewards.elements.map(Double.init)
    next = rows(batch.nextObservations)
    continues = batch.continues.elements.map(Double.init)
  }
}

/// Largest distance between components; infinite if there are not as many.
func worstGap(_ found: [Double], _ expected: [Double]) -> Double {
  found.count == expected.count ? zip(found, expected).map { abs($0 - $1) }.reduce(0, max) : .infinity
}
