import Foundation

/// Moments of center + half sin(u) for a normal u ~ N(m, V), which squash a policy into its bounds (Deisenroth and Rasmussen
/// 2011, section 2.2), with their backward pass.
///
///     E sin u_i = e^{-v_ii / 2} sin m_i,  Cov(x, sin u_i) = Cov(x, u_i) e^{-v_ii / 2} cos m_i
///     Cov(sin u_i, sin u_j) = ½ e^{-(v_ii + v_jj) / 2} ((e^{v_ij} - 1) cos(m_i - m_j) - (e^{-v_ij} - 1) cos(m_i + m_j))
package struct SineMoments {
  /// [A] each.
  let center: [Double]
  let half: [Double]

  /// Of `center` + `half` sin(u), [A] each.
  package init(center: [Double], half: [Double]) { (self.center, self.half) = (center, half) }

  private var size: Int { center.count }

  /// Moments of the squashed variables, given those of u as outputs of an input x [K]: the cross covariance is the input's
  /// with each.
  package func moments(_ u: OutputMoments) -> OutputMoments {
    var result = u
    let inputs = u.cross.count / size
    for i in 0..<size {
      let shrink = exp(-0.5 * u.covariance[i * size + i])
      result.mean[i] = center[i] + half[i] * shrink * sin(u.mean[i])
      let slope = half[i] * shrink * cos(u.mean[i])
      for k in 0..<inputs { result.cross[k * size + i] = u.cross[k * size + i] * slope }
      for j in 0..<size {
        let (v, p) = (
          u.covariance[i * size + j], exp(-0.5 * (u.covariance[i * size + i] + u.covariance[j * size + j]))
        )
        result.covariance[i * size + j] =
          half[i] * half[j] * 0.5 * p
          * (expm1(v) * cos(u.mean[i] - u.mean[j]) - expm1(-v) * cos(u.mean[i] + u.mean[j]))
      }
    }
    return result
  }

  /// The gradient of a scalar by the moments of u, from that by the squashed ones.
  package func pullBack(_ gradient: OutputMoments, _ u: OutputMoments) -> OutputMoments {
    let inputs = u.cross.count / size
    var result = OutputMoments(inputs: inputs, outputs: size)
    for i in 0..<size {
      let (m, shrink) = (u.mean[i], exp(-0.5 * u.covariance[i * size + i]))
      var byVariance = -0.5 * gradient.mean[i] * half[i] * shrink * sin(m)
      result.mean[i] += gradient.mean[i] * half[i] * shrink * cos(m)
      let slope = half[i] * shrink * cos(m)
      for k in 0..<inputs {
        let g = gradient.cross[k * size + i]
        result.cross[k * size + i] = g * slope
        byVariance -= 0.5 * g * u.cross[k * size + i] * slope
        result.mean[i] -= g * u.cross[k * size + i] * half[i] * shrink * sin(m)
      }
      result.covariance[i * size + i] += byVariance
      for j in 0..<size {
        let (v, p) = (
          u.covariance[i * size + j], exp(-0.5 * (u.covariance[i * size + i] + u.covariance[j * size + j]))
        )
        let (difference, sum) = (m - u.mean[j], m + u.mean[j])
        let g = gradient.covariance[i * size + j] * half[i] * half[j] * 0.5 * p
        let value = expm1(v) * cos(difference) - expm1(-v) * cos(sum)
        result.covariance[i * size + i] -= 0.5 * g * value
        result.covariance[j * size + j] -= 0.5 * g * value
        result.covariance[i * size + j] += g * (exp(v) * cos(difference) + exp(-v) * cos(sum))
        result.mean[i] += g * (-expm1(v) * sin(difference) + expm1(-v) * sin(sum))
        result.mean[j] += g * (expm1(v) * sin(difference) + expm1(-v) * sin(sum))
      }
    }
    return result
  }
}
