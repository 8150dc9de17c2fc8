import Kernels

/// Diagonal Gaussian over D outputs with softly bounded log-variance, as in PETS (Chua et al. 2018, appendix A.1).
///
/// A network row is [mean D, raw log-variance D]; with bounds `maximum` and `minimum` [D] (learned),
/// l' = max - softplus(max - raw), l = min + softplus(l' - min). In terms of the variance the two softplus cancel:
/// exp(l) = exp(min) + exp(max) * sigmoid(raw - max), which is what is computed here.
///
/// Components are treated one after the other over up to `chunk` rows, so that the loops vectorize however few the
/// components are. Scratch of at most 1,024 bytes, of ordinary alignment, is on the stack; more would be on the heap.
package enum GaussianHead {
  private static var chunk: Int { 32 }

  /// Overwrites the second half of each network row by the standard deviation.
  package static func standardDeviations(
    _ outputs: UnsafeMutablePointer<Float>, rows: Int, size: Int, maximum: UnsafePointer<Float>,
    minimum: UnsafePointer<Float>
  ) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: chunk) { scratch in
      guard let column = scratch.baseAddress else { return }
      for start in stride(from: 0, to: rows, by: chunk) {
        let count = min(chunk, rows - start)
        for c in 0..<size {
          let raw = outputs + start * 2 * size + size + c
          let (highest, floor) = (maximum[c], Scalar.exp(minimum[c]))
          let ceiling = Scalar.exp(highest)
          for r in 0..<count { column[r] = raw[r * 2 * size] }
          for r in 0..<count {
            let share = ceiling / (1 + Scalar.saturatingExp(highest - column[r]))
            column[r] = (floor + share).squareRoot()
          }
          for r in 0..<count { raw[r * 2 * size] = column[r] }
        }
      }
    }
  }

  /// Negative log-likelihood of `targets` [rows, D] (without the constant, times 2): the sum over rows and components of
  /// (mean - y)^2 exp(-l) + l. Overwrites `outputs` [rows, 2 D] by its gradient and adds to the bounds' gradients [D], all
  /// gradients multiplied by `scale`. Returns the loss and the sum of squared errors, both without that factor.
  package static func lossAndGradient(
    _ outputs: UnsafeMutablePointer<Float>, targets: UnsafePointer<Float>, rows: Int, size: Int,
    maximum: UnsafePointer<Float>, minimum: UnsafePointer<Float>, scale: Float,
    maximumGradient: UnsafeMutablePointer<Float>, minimumGradient: UnsafeMutablePointer<Float>
  ) -> (loss: Float, squaredError: Float) {
    var total: (loss: Float, squaredError: Float) = (0, 0)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 6 * chunk) { scratch in
      guard let block = scratch.baseAddress else { return }
      let (error, raw) = (block, block + chunk)
      let (losses, squares, upperSlopes, lowerSlopes) = (
        block + 2 * chunk, block + 3 * chunk, block + 4 * chunk, block + 5 * chunk
      )
      for start in stride(from: 0, to: rows, by: chunk) {
        let count = min(chunk, rows - start)
        for c in 0..<size {
          let output = outputs + start * 2 * size + c
          let target = targets + start * size + c
          let (highest, floor) = (maximum[c], Scalar.exp(minimum[c]))
          let ceiling = Scalar.exp(highest)
          for r in 0..<count {
            error[r] = output[r * 2 * size] - target[r * size]
            raw[r] = output[r * 2 * size + size]
          }
          for r in 0..<count {
            let odds = Scalar.saturatingExp(highest - raw[r])
            let share = 1 / (1 + odds)  // sigmoid(raw - max)
            let variance = floor + ceiling * share
            let precision = 1 / variance
            let square = error[r] * error[r]
            let weighted = square * precision
            losses[r] = weighted + Scalar.log(variance)
            squares[r] = square
            // d loss / d l, then l's slopes: exp(max) s (1 - s) / v by raw, exp(max) s^2 / v by max, exp(min) / v by min
            let slope = scale * (1 - weighted) * precision
            let upper = slope * ceiling * share
            error[r] = scale * 2 * error[r] * precision
            raw[r] = upper * (odds * share)
            upperSlopes[r] = upper * share
            lowerSlopes[r] = slope * floor
          }
          for r in 0..<count {
            output[r * 2 * size] = error[r]
            output[r * 2 * size + size] = raw[r]
          }
          total.loss += Reductions.sum(losses, count: count)
          total.squaredError += Reductions.sum(squares, count: count)
          maximumGradient[c] += Reductions.sum(upperSlopes, count: count)
          minimumGradient[c] += Reductions.sum(lowerSlopes, count: count)
        }
      }
    }
    return total
  }

  /// Vector-Jacobian product of `standardDeviations`: `outputs` [rows, 2 D] are the rows it left, and `gradient` [rows,
  /// 2 D] holds gradients with respect to means and standard deviations, the latter replaced by those with respect to the
  /// raw log-variances.
  package static func standardDeviationsBackward(
    _ outputs: UnsafePointer<Float>, rows: Int, size: Int, maximum: UnsafePointer<Float>,
    minimum: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>
  ) {
    for c in 0..<size {
      let (floor, ceiling) = (Scalar.exp(minimum[c]), Scalar.exp(maximum[c]))
      for r in 0..<rows {
        let place = r * 2 * size + size + c
        let deviation = outputs[place]
        // deviation^2 = floor + ceiling * share, and share = sigmoid(raw - max) has the slope share (1 - share)
        let raised = max(deviation * deviation - floor, 0)
        gradient[place] *= 0.5 * raised * max(1 - raised / ceiling, 0) / deviation
      }
    }
  }
}
