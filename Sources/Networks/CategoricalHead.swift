import Kernels

/// Categorical distribution over K classes given by a network row of K logits.
package enum CategoricalHead {
  /// Log-probabilities [rows, K] of logits [rows, K], by the shifted log-sum-exp; in place if the pointers are equal.
  package static func logProbabilities(
    _ logits: UnsafePointer<Float>, rows: Int, classes: Int, into result: UnsafeMutablePointer<Float>
  ) {
    for r in 0..<rows {
      let (row, out) = (logits + r * classes, result + r * classes)
      var highest = row[0]
      for c in 1..<classes where row[c] > highest { highest = row[c] }
      var sum: Float = 0
      for c in 0..<classes { sum += Scalar.exp(row[c] - highest) }
      let shift = highest + Scalar.log(sum)
      for c in 0..<classes { out[c] = row[c] - shift }
    }
  }

  /// Draws a class for each row of log-probabilities by the inverse of the distribution function, from `uniforms` [rows]
  /// in [0, 1).
  package static func sample(
    _ logProbabilities: UnsafePointer<Float>, uniforms: UnsafePointer<Float>, rows: Int, classes: Int,
    into chosen: UnsafeMutablePointer<Int32>
  ) {
    for r in 0..<rows {
      var left = uniforms[r]
      var choice = classes - 1
      for c in 0..<classes {
        left -= Scalar.exp(logProbabilities[r * classes + c])
        if left < 0 {
          choice = c
          break
        }
      }
      chosen[r] = Int32(choice)
    }
  }

  /// Entropy of each row, -sum p log p, [rows].
  package static func entropies(
    _ logProbabilities: UnsafePointer<Float>, rows: Int, classes: Int, into result: UnsafeMutablePointer<Float>
  ) {
    for r in 0..<rows {
      var sum: Float = 0
      for c in 0..<classes {
        let l = logProbabilities[r * classes + c]
        sum -= Scalar.exp(l) * l
      }
      result[r] = sum
    }
  }

  /// Gradient with respect to the logits [rows, K] of sum over r of `weights[r]` * log p(chosen[r]) + `entropyWeight` *
  /// entropy of row r.
  package static func backward(
    _ logProbabilities: UnsafePointer<Float>, chosen: UnsafePointer<Int32>, weights: UnsafePointer<Float>,
    entropyWeight: Float, rows: Int, classes: Int, gradient: UnsafeMutablePointer<Float>
  ) {
    for r in 0..<rows {
      let (row, out) = (logProbabilities + r * classes, gradient + r * classes)
      var entropy: Float = 0
      for c in 0..<classes { entropy -= Scalar.exp(row[c]) * row[c] }
      for c in 0..<classes {
        let p = Scalar.exp(row[c])
        let hit: Float = Int(chosen[r]) == c ? 1 : 0
        out[c] = weights[r] * (hit - p) - entropyWeight * p * (row[c] + entropy)
      }
    }
  }
}
