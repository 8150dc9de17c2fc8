import Foundation
import Kernels

/// The search for one output's hyperparameters, and what came of it.
package struct GaussianProcessFit {
  /// Conditioned at the hyperparameters found.
  package let output: GaussianProcessOutput
  /// Logarithm of the marginal likelihood there.
  package let evidence: Double

  /// Maximizes the penalized marginal likelihood of normalized points, from unit scales and a noise of a tenth or from
  /// `previous` hyperparameters, whichever is better. Nil where the kernel's matrix is not positive definite at the end.
  package init?(
    _ evidence: GaussianProcessEvidence, _ points: [Double], _ settings: GaussianProcessSettings,
    from previous: [Double]?, iterations: Int
  ) {
    let inputs = evidence.inputs
    let penalty = HyperparameterPenalty(settings, inputs: inputs)
    func loss(_ parameters: [Double], _ gradient: inout [Double]) -> Double {
      let value = evidence.value(at: parameters, gradient: &gradient)
      return value.isFinite ? value + penalty.add(at: parameters, to: &gradient) : .infinity
    }
    var parameters = [Double](repeating: 0, count: inputs + 1) + [log(0.1)]
    if let previous {
      var scratch = parameters
      if loss(previous, &scratch) < loss(parameters, &scratch) { parameters = previous }
    }
    _ = QuasiNewton(iterations: iterations).minimize(&parameters, loss)
    guard let output = GaussianProcessOutput(evidence, points, at: parameters) else { return nil }
    self.output = output
    var gradient = parameters
    self.evidence = -evidence.value(at: parameters, gradient: &gradient)
  }
}

/// What holds hyperparameters of normalized data back from where the matrices lose their digits, nearly flat before it: the
/// 30th powers of log(s/n) and log l over the logarithms of their bounds, as PILCO's authors have them.
struct HyperparameterPenalty {
  private let ratio: Double
  private let length: Double
  private let inputs: Int

  init(_ settings: GaussianProcessSettings, inputs: Int) {
    ratio = log(settings.signalToNoise)
    length = log(settings.lengthScale)
    self.inputs = inputs
  }

  /// The penalty at `parameters` [K + 2], whose gradient is added to `gradient`.
  func add(at parameters: [Double], to gradient: inout [Double]) -> Double {
    var total = 0.0
    func term(_ x: Double) -> (value: Double, slope: Double) {
      let power = pow(x, 29)
      return (power * x, 30 * power)
    }
    for k in 0..<inputs {
      let (value, slope) = term(parameters[k] / length)
      total += value
      gradient[k] += slope / length
    }
    let (value, slope) = term((parameters[inputs] - parameters[inputs + 1]) / ratio)
    gradient[inputs] += slope / ratio
    gradient[inputs + 1] -= slope / ratio
    return total + value
  }
}
