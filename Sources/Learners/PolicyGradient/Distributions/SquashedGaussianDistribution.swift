import Foundation
import Kernels

/// A Gaussian whose draws u are squashed into an environment's bounds: center + half width * tanh(u).
///
/// The raw action is u. Its squashing does not depend on the parameters, so gradients and divergences are the
/// Gaussian's; log p is that of tanh(u), with log(1 - tanh(u)^2) = 2 (log 2 - u - softplus(-2 u)). The entropy has no
/// closed form: -log p of the action drawn is taken for it.
package struct SquashedGaussianDistribution: ActionDistribution {
  package let gaussian: GaussianDistribution
  private let scaling: ActionScaling
  private static var logTwo: Float { 0.693_147_181 }

  package init(_ gaussian: GaussianDistribution, low: [Float], high: [Float]) {
    self.gaussian = gaussian
    scaling = ActionScaling(low: low, high: high)
  }

  package var outputs: Int { gaussian.outputs }
  package var sharedCount: Int { gaussian.sharedCount }
  package var actionSize: Int { gaussian.actionSize }
  package var hasEntropy: Bool { false }

  package func initialize(shared: UnsafeMutablePointer<Float>) { gaussian.initialize(shared: shared) }

  package func sample(
    _ row: UnsafePointer<Float>, shared: UnsafePointer<Float>, using random: inout RandomStream,
    action: UnsafeMutablePointer<Float>
  ) {
    gaussian.sample(row, shared: shared, using: &random, action: action)
  }

  package func mode(_ row: UnsafePointer<Float>, action: UnsafeMutablePointer<Float>) {
    gaussian.mode(row, action: action)
  }

  package func writeAction(_ raw: UnsafePointer<Float>, into action: UnsafeMutablePointer<Float>) {
    for c in 0..<actionSize { action[c] = Scalar.tanh(raw[c]) }
    scaling.fromUnit(action, rows: 1)
  }

  package func writeRaw(_ action: UnsafePointer<Float>, into raw: UnsafeMutablePointer<Float>) {
    scaling.toUnit(action, rows: 1, into: raw, stride: actionSize)
    for c in 0..<actionSize {
      let unit = min(max(raw[c], -0.999_999), 0.999_999)
      raw[c] = 0.5 * (log1p(unit) - log1p(-unit))
    }
  }

  package func logProbabilities(
    _ rows: DistributionRows, actions: UnsafePointer<Float>, into result: UnsafeMutablePointer<Float>
  ) {
    gaussian.logProbabilities(rows, actions: actions, into: result)
    for r in 0..<rows.count {
      for c in 0..<actionSize {
        let u = actions[r * actionSize + c]
        result[r] -= 2 * (SquashedGaussianDistribution.logTwo - u - Scalar.softplus(-2 * u))
      }
    }
  }

  package func entropies(_ rows: DistributionRows, into result: UnsafeMutablePointer<Float>) {
    gaussian.entropies(rows, into: result)
  }

  package func backward(
    _ rows: DistributionRows, actions: UnsafePointer<Float>, slopes: UnsafePointer<Float>, entropySlope: Float,
    gradient: UnsafeMutablePointer<Float>, sharedGradient: UnsafeMutablePointer<Float>
  ) {
    gaussian.backward(
      rows, actions: actions, slopes: slopes, entropySlope: entropySlope, gradient: gradient,
      sharedGradient: sharedGradient)
  }

  package func divergences(
    from old: DistributionRows, to new: DistributionRows, into result: UnsafeMutablePointer<Float>
  ) {
    gaussian.divergences(from: old, to: new, into: result)
  }

  package func addDivergenceGradient(
    from old: DistributionRows, to new: DistributionRows, scale: Float, gradient: UnsafeMutablePointer<Float>,
    sharedGradient: UnsafeMutablePointer<Float>
  ) {
    gaussian.addDivergenceGradient(
      from: old, to: new, scale: scale, gradient: gradient, sharedGradient: sharedGradient)
  }

  package func multiplyByFisher(
    _ rows: DistributionRows, tangent: UnsafePointer<Float>, sharedTangent: UnsafePointer<Float>,
    product: UnsafeMutablePointer<Float>, sharedProduct: UnsafeMutablePointer<Float>
  ) {
    gaussian.multiplyByFisher(
      rows, tangent: tangent, sharedTangent: sharedTangent, product: product, sharedProduct: sharedProduct)
  }
}
