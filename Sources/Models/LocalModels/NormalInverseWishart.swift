import Kernels

/// A normal-inverse-Wishart distribution over the mean and covariance of a Gaussian of D numbers, the conjugate prior:
///
///     S ~ IW(Ψ, ν),   m | S ~ N(m_0, S / κ),   E[S] = Ψ / (ν - D - 1)
///
/// (Murphy, "Conjugate Bayesian analysis of the Gaussian distribution", 2007, section 9). Here ν = n_0 + D + 1 and Ψ =
/// n_0 S_0, so that S_0 is the prior mean of S and n_0 how many observations it counts for.
public struct NormalInverseWishart: Sendable, Equatable {
  /// Numbers in a point, D.
  public var size: Int { mean.count }
  /// m_0, [D].
  public var mean: [Double]
  /// κ: how many observations the mean counts for.
  public var meanStrength: Double
  /// S_0, [D, D], symmetric.
  public var covariance: [Double]
  /// n_0: how many observations the covariance counts for.
  public var covarianceStrength: Double

  /// Of mean m_0 [D] that counts for κ observations and covariance S_0 [D, D] that counts for n_0; strengths are at
  /// least 0.
  public init(mean: [Double], meanStrength: Double, covariance: [Double], covarianceStrength: Double) {
    precondition(covariance.count == mean.count * mean.count, "covariance of another size")
    precondition(meanStrength >= 0 && covarianceStrength >= 0, "negative strength")
    self.mean = mean
    self.meanStrength = meanStrength
    self.covariance = covariance
    self.covarianceStrength = covarianceStrength
  }

  /// Knows nothing: both strengths are zero.
  public init(uninformedOf size: Int) {
    self.init(
      mean: Array(repeating: 0, count: size), meanStrength: 0, covariance: Array(repeating: 0, count: size * size),
      covarianceStrength: 0)
  }

  /// What is known after N observations of mean x̄ and scatter Σ (x - x̄)(x - x̄)ᵀ:
  ///
  ///     m_N = (κ m_0 + N x̄) / (κ + N),   κ_N = κ + N,   n_N = n_0 + N
  ///     n_N S_N = n_0 S_0 + scatter + κ N / (κ + N) (x̄ - m_0)(x̄ - m_0)ᵀ
  public func posterior(mean sampleMean: [Double], scatter: [Double], count: Double) -> NormalInverseWishart {
    precondition(sampleMean.count == size && scatter.count == covariance.count && count > 0, "observations")
    let d = size
    var result = self
    result.meanStrength += count
    result.covarianceStrength += count
    let shared = meanStrength * count / (meanStrength + count)
    for i in 0..<d {
      result.mean[i] = (meanStrength * mean[i] + count * sampleMean[i]) / (meanStrength + count)
      for j in 0..<d {
        let shift = (sampleMean[i] - mean[i]) * (sampleMean[j] - mean[j])
        result.covariance[i * d + j] =
          (covarianceStrength * covariance[i * d + j] + scatter[i * d + j] + shared * shift)
          / result.covarianceStrength
      }
    }
    return result
  }
}
