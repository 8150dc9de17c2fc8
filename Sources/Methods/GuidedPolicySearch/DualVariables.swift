import Archive
import Control
import Interfaces

/// What brings one condition's controller and the global policy together: multipliers λ_t on the mean actions, and weights
/// ν_t of the divergence KL(p ‖ π) at each step.
struct DualVariables: Sendable {
  /// λ_t, [T, m].
  private(set) var multipliers: [Double]
  /// ν_t, [T].
  private(set) var weights: [Double]
  /// The divergences that the weights were last adapted to, [T]; empty before.
  private var before: [Double] = []
  private let actionSize: Int

  init(horizon: Int, actionSize: Int, weight: Double) {
    multipliers = Array(repeating: 0, count: horizon * actionSize)
    weights = Array(repeating: weight, count: horizon)
    self.actionSize = actionSize
  }

  /// Takes λ_tᵀu off the cost, so that the controller moves towards the policy.
  func apply(to costs: inout QuadraticCosts) {
    for index in multipliers.indices { costs.actionGradients[index] -= multipliers[index] }
  }

  /// What the policy should do where the controller's mean is `mean` [m] with precisions P: m - (ν P)⁻¹ λ, the minimum over
  /// a of λᵀa + ν (a - m)ᵀP(a - m) / 2; `covariance` [m, m] is P⁻¹.
  func shift(_ t: Int, _ mean: inout [Double], covariance: ArraySlice<Double>) {
    let (m, first) = (actionSize, covariance.startIndex)
    for i in 0..<m {
      for j in 0..<m { mean[i] -= covariance[first + i * m + j] * multipliers[t * m + j] / weights[t] }
    }
  }

  /// λ_t += rate ν_t P_t (E[policy's mean action] - E[controller's]), along the controller's expected trajectory.
  mutating func step(
    _ controller: TimedLinearGaussian, _ policy: TimedLinearGaussian, _ distribution: TrajectoryDistribution,
    precisions: [Double], rate: Double
  ) {
    let (n, m, d) = (controller.inputSize, actionSize, distribution.width)
    var gap = [Double](repeating: 0, count: m)
    for t in weights.indices {
      for i in 0..<m {
        gap[i] = policy.offsets[t * m + i] - controller.offsets[t * m + i]
        for j in 0..<n {
          let row = (t * m + i) * n + j
          gap[i] += (policy.matrices[row] - controller.matrices[row]) * distribution.means[t * d + j]
        }
      }
      for i in 0..<m {
        var pull = 0.0
        for j in 0..<m { pull += precisions[(t * m + i) * m + j] * gap[j] }
        if pull.isFinite { multipliers[t * m + i] += rate * weights[t] * pull }
      }
    }
  }

  /// Doubles the weights of steps whose divergence did not fall by a twentieth since the last call, and halves those of
  /// steps where it fell by more than half.
  mutating func adapt(_ divergences: [Double], _ settings: MultiplierCouplingSettings) {
    if !before.isEmpty {
      for t in weights.indices {
        let factor = divergences[t] > 0.95 * before[t] ? 2.0 : divergences[t] < 0.5 * before[t] ? 0.5 : 1
        weights[t] = min(max(weights[t] * factor, settings.minimalWeight), settings.maximalWeight)
      }
    }
    before = divergences.map { $0.isFinite ? $0 : .greatestFiniteMagnitude }
  }
}

extension DualVariables: Archived {
  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("multipliers", &multipliers)
    try fields.field("weights", &weights)
    try fields.field("before", &before, growing: true)
    guard before.isEmpty || before.count == weights.count else {
      throw .mismatch(name: "before", expected: "\(weights.count) numbers", found: "\(before.count)")
    }
  }
}
