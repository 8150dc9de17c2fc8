import Foundation
import Kernels

/// Normal noise over H times whose power spectrum falls as 1 / f^beta, with unit variance at every time: 0 is white, 1 pink,
/// 2 red; the larger, the slower.
///
/// x_t is a sum over k of standard normal coefficients times Fourier basis functions, a wave of frequency f weighted by
/// f^(-beta / 2) and the constant like the slowest wave, as in Timmer and Koenig (1995) and iCEM (Pinneri et al. 2020,
/// section 3.1). One matrix product makes all sequences: O(H) a number.
package struct ColoredNoise: Sendable {
  /// Times, H.
  package let horizon: Int
  /// Basis functions [H, H], row k that of coefficient k.
  private let basis: Matrix

  /// Noise over `horizon` times of exponent `beta`.
  package init(horizon: Int, beta: Float) {
    precondition(horizon > 0, "horizon \(horizon)")
    self.horizon = horizon
    var rows = [Float](repeating: 0, count: horizon * horizon)
    var variance = 0.0
    for k in 0..<horizon {
      // Row 0 is the constant; rows 2 j - 1 and 2 j are cosine and sine of j waves; the last of an even H alternates.
      let waves = (k + 1) / 2
      let alternates = 2 * waves == horizon
      let power = pow(Double(max(waves, 1)), -Double(beta)) * (k == 0 || alternates ? 1 : 2)
      for t in 0..<horizon {
        let phase = 2 * Double.pi * Double(waves * t % horizon) / Double(horizon)
        let isSine = k > 0 && k % 2 == 0
        rows[k * horizon + t] = Float(power.squareRoot() * (isSine ? sin(phase) : cos(phase)))
      }
      variance += k == 0 || alternates ? power : power / 2
    }
    let scale = Float(1 / variance.squareRoot())
    basis = Matrix(rows: horizon, columns: horizon, rows.map { $0 * scale })
  }

  /// Fills `noise` [count, H], row by row, by means of `coefficients`, scratch of as many floats. Does not allocate.
  package func fill(
    _ noise: UnsafeMutablePointer<Float>, count: Int, coefficients: UnsafeMutablePointer<Float>,
    using random: inout RandomStream
  ) {
    random.fillNormal(coefficients, count: count * horizon)
    // X = Z B
    gemm(
      .none, .none, m: count, n: horizon, k: horizon, coefficients, lda: horizon, basis.pointer,
      ldb: horizon, noise,
      ldc: horizon)
  }
}
