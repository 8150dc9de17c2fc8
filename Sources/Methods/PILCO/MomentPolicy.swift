import Archive
import Foundation
import Interfaces
import Kernels
import Models

/// A radial basis policy squashed by a sine, a = center + half sin(Σ_b w_b φ_b(x)), which has moments in closed form: centers
/// [B, D], logarithms of lengths [D], weights [A, B], one after the other, in double precision.
package struct MomentPolicy: Sendable {
  package let inputs: Int
  package let bases: Int
  package let outputs: Int
  package var parameters: [Double]

  package init(inputs: Int, bases: Int, outputs: Int) {
    (self.inputs, self.bases, self.outputs) = (inputs, bases, outputs)
    parameters = Array(repeating: 0, count: bases * inputs + inputs + outputs * bases)
  }

  private var lengths: Range<Int> { bases * inputs..<bases * inputs + inputs }
  private func weights(_ output: Int) -> Range<Int> {
    let start = lengths.upperBound + output * bases
    return start..<start + bases
  }

  /// The bases' sum as functions with moments.
  var sums: GaussianSums {
    GaussianSums(
      points: Array(parameters[0..<bases * inputs]), weights: (0..<outputs).map { Array(parameters[weights($0)]) },
      lengths: parameters[lengths].map { exp(2 * $0) })
  }

  /// Adds the gradient by the sums to that by the parameters.
  func add(_ gradient: (points: [Double], weights: [[Double]], lengths: [Double]), to target: inout [Double]) {
    for i in gradient.points.indices { target[i] += gradient.points[i] }
    for (k, place) in lengths.enumerated() {
      target[place] += 2 * exp(2 * parameters[place]) * gradient.lengths[k]
    }
    for output in 0..<outputs {
      for (i, place) in weights(output).enumerated() { target[place] += gradient.weights[output][i] }
    }
  }

  /// The same policy of observations in units of (x - mean) / scale.
  package func inUnits(_ units: (mean: [Double], scale: [Double])) -> MomentPolicy {
    mapped { (x, d) in
      (x - units.mean[d]) / units.scale[d]
    } lengths: {
      -log(units.scale[$0])
    }
  }

  /// The other way.
  package func inRawUnits(_ units: (mean: [Double], scale: [Double])) -> MomentPolicy {
    mapped { (x, d) in
      units.mean[d] + units.scale[d] * x
    } lengths: {
      log(units.scale[$0])
    }
  }

  private func mapped(_ center: (Double, Int) -> Double, lengths shift: (Int) -> Double) -> MomentPolicy {
    var result = self
    for i in 0..<bases * inputs { result.parameters[i] = center(parameters[i], i % inputs) }
    for (d, place) in lengths.enumerated() { result.parameters[place] += shift(d) }
    return result
  }

  /// sin of the bases' sum at `x` [D], [A].
  package func unitAction(at x: UnsafePointer<Float>) -> [Double] {
    var sums = [Double](repeating: 0, count: outputs)
    for b in 0..<bases {
      var distance = 0.0
      for d in 0..<inputs {
        let gap = (Double(x[d]) - parameters[b * inputs + d]) / exp(parameters[lengths.lowerBound + d])
        distance += gap * gap
      }
      let value = exp(-0.5 * distance)
      for output in 0..<outputs { sums[output] += parameters[weights(output).lowerBound + b] * value }
    }
    return sums.map { sin($0) }
  }

  /// Random bases about normal inputs of mean 0 and `deviations` [D].
  package mutating func draw(mean: [Double], deviations: [Double], using random: inout RandomStream) {
    for b in 0..<bases {
      for d in 0..<inputs { parameters[b * inputs + d] = mean[d] + deviations[d] * Double(random.normal()) }
    }
    for (d, place) in lengths.enumerated() { parameters[place] = log(deviations[d]) }
    for place in lengths.upperBound..<parameters.count { parameters[place] = 0.1 * Double(random.normal()) }
  }
}
