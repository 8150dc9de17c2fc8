import Interfaces
import Kernels

/// N distributions of actions: network rows [N, P], and parameters [S] that all of them share.
package struct DistributionRows {
  package let outputs: UnsafePointer<Float>
  package let shared: UnsafePointer<Float>
  package let count: Int

  package init(_ outputs: UnsafePointer<Float>, shared: UnsafePointer<Float>, count: Int) {
    self.outputs = outputs
    self.shared = shared
    self.count = count
  }
}

/// A family of distributions over actions, with what policy gradients need of it.
///
/// Actions are raw: reals before they are squashed or limited, choices by their index. `writeAction` turns one into
/// what an environment takes. All pointers are to row-major blocks without gaps; nothing allocates.
package protocol ActionDistribution: Sendable {
  /// Floats in a network row, P.
  var outputs: Int { get }
  /// Parameters that all rows share, S.
  var sharedCount: Int { get }
  /// Floats of an action, A.
  var actionSize: Int { get }
  /// Whether `entropies` are exact; where not, an action's own -log p is the estimate.
  var hasEntropy: Bool { get }

  /// Writes the first values of the shared parameters [S].
  func initialize(shared: UnsafeMutablePointer<Float>)

  /// Draws a raw action [A] from one network row [P].
  func sample(
    _ row: UnsafePointer<Float>, shared: UnsafePointer<Float>, using random: inout RandomStream,
    action: UnsafeMutablePointer<Float>)

  /// The most likely raw action [A] of one network row [P].
  func mode(_ row: UnsafePointer<Float>, action: UnsafeMutablePointer<Float>)

  /// The environment's action [A] for a raw one; may be in place.
  func writeAction(_ raw: UnsafePointer<Float>, into action: UnsafeMutablePointer<Float>)

  /// The raw action [A] that `writeAction` turns into an environment's; may be in place. Where actions are squashed,
  /// those at their bounds count as a millionth of the half width inside.
  func writeRaw(_ action: UnsafePointer<Float>, into raw: UnsafeMutablePointer<Float>)

  /// log p(a) [N] of raw actions [N, A]: densities of reals as the environment gets them, per unit of its bounds' half
  /// width where they are squashed.
  func logProbabilities(
    _ rows: DistributionRows, actions: UnsafePointer<Float>, into result: UnsafeMutablePointer<Float>)

  /// Entropies [N]; where `hasEntropy` is false, those before squashing.
  func entropies(_ rows: DistributionRows, into result: UnsafeMutablePointer<Float>)

  /// Gradient of sum over r of `slopes[r]` * log p(a_r) + `entropySlope` * entropy_r: overwrites that by the network
  /// rows [N, P], adds to that by the shared parameters [S].
  func backward(
    _ rows: DistributionRows, actions: UnsafePointer<Float>, slopes: UnsafePointer<Float>, entropySlope: Float,
    gradient: UnsafeMutablePointer<Float>, sharedGradient: UnsafeMutablePointer<Float>)

  /// KL(old || new) [N] of row from row.
  func divergences(
    from old: DistributionRows, to new: DistributionRows, into result: UnsafeMutablePointer<Float>)

  /// Adds the gradient of `scale` * sum of KL(old || new) by the new rows [N, P] and shared parameters [S].
  func addDivergenceGradient(
    from old: DistributionRows, to new: DistributionRows, scale: Float, gradient: UnsafeMutablePointer<Float>,
    sharedGradient: UnsafeMutablePointer<Float>)

  /// The Fisher information of each row's own parameters times tangents: overwrites `product` [N, P] for `tangent` [N,
  /// P], and adds to `sharedProduct` [S] for `sharedTangent` [S]. They may not overlap.
  func multiplyByFisher(
    _ rows: DistributionRows, tangent: UnsafePointer<Float>, sharedTangent: UnsafePointer<Float>,
    product: UnsafeMutablePointer<Float>, sharedProduct: UnsafeMutablePointer<Float>)
}

extension ActionDistribution {
  /// The action as it is.
  package func writeRaw(_ action: UnsafePointer<Float>, into raw: UnsafeMutablePointer<Float>) {
    for c in 0..<actionSize { raw[c] = action[c] }
  }
}

extension PolicySettings {
  /// The distribution for a space of actions: categorical for choices, Bernoulli where all have two, Gaussian for
  /// reals.
  package func distribution(for space: ActionSpace) -> any ActionDistribution {
    switch space {
    case .discrete(let count): CategoricalDistribution(counts: [count])
    case .multiDiscrete(let counts):
      counts.allSatisfy { $0 == 2 }
        ? BernoulliDistribution(size: counts.count) : CategoricalDistribution(counts: counts)
    case .box(let low, let high):
      squashed
        ? SquashedGaussianDistribution(
          GaussianDistribution(low: low, high: high, spread: spread, initialLogStd: initialLogStd), low: low,
          high: high)
        : GaussianDistribution(low: low, high: high, spread: spread, initialLogStd: initialLogStd)
    }
  }
}
