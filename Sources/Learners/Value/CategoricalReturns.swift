import Kernels
import Networks

/// Distributions of returns over `atoms` values z_i that divide [low, low + range] evenly (C51, Bellemare, Dabney and
/// Munos 2017), given by logits.
package struct CategoricalReturns: Sendable {
  package let low: Float
  /// At least 2.
  package let atoms: Int
  /// Between neighbouring values.
  private let gap: Float

  package init(low: Float, range: Float, atoms: Int) {
    precondition(range > 0 && atoms > 1, "\(atoms) atoms within \(range)")
    (self.low, self.atoms, gap) = (low, atoms, range / Float(atoms - 1))
  }

  /// Expected value under logits [atoms].
  package func mean(_ logits: UnsafePointer<Float>) -> Float {
    let highest = CategoricalReturns.highest(logits, atoms)
    var (sum, weighted) = (Float(0), Float(0))
    for i in 0..<atoms {
      let p = Scalar.exp(logits[i] - highest)
      sum += p
      weighted += p * (low + Float(i) * gap)
    }
    return weighted / sum
  }

  /// The projection (paper, equation 7) of the distribution of `reward` + `factor` z on the atoms, z being distributed
  /// as `logits` [atoms] say; probabilities [atoms].
  package func project(
    _ logits: UnsafePointer<Float>, reward: Float, factor: Float, into target: UnsafeMutablePointer<Float>
  ) {
    let highest = CategoricalReturns.highest(logits, atoms)
    var sum: Float = 0
    for i in 0..<atoms { sum += Scalar.exp(logits[i] - highest) }
    target.update(repeating: 0, count: atoms)
    for i in 0..<atoms {
      add(Scalar.exp(logits[i] - highest) / sum, at: reward + factor * (low + Float(i) * gap), to: target)
    }
  }

  /// The projection of the certain return `value`.
  package func project(_ value: Float, into target: UnsafeMutablePointer<Float>) {
    target.update(repeating: 0, count: atoms)
    add(1, at: value, to: target)
  }

  private func add(_ probability: Float, at value: Float, to target: UnsafeMutablePointer<Float>) {
    // what is not finite goes through as NaN
    let place = value.isFinite ? min(max((value - low) / gap, 0), Float(atoms - 1)) : .nan
    let below = place.isNaN ? 0 : min(Int(place), atoms - 2)
    let share = place - Float(below)
    target[below] += probability * (1 - share)
    target[below + 1] += probability * share
  }

  /// Cross-entropy -sum m_i log p_i of probabilities `target` m [atoms], and the divergence KL(m | p), which is 0 where
  /// they agree. Overwrites the logits [atoms] by the gradient of the cross-entropy, p - m.
  package func regress(
    _ logits: UnsafeMutablePointer<Float>, to target: UnsafePointer<Float>
  ) -> (loss: Float, divergence: Float) {
    let highest = CategoricalReturns.highest(logits, atoms)
    var sum: Float = 0
    for i in 0..<atoms { sum += Scalar.exp(logits[i] - highest) }
    let shift = highest + Scalar.log(sum)
    var (loss, entropy) = (Float(0), Float(0))
    for i in 0..<atoms {
      let log = logits[i] - shift
      loss -= target[i] * log
      if target[i] > 0 { entropy -= target[i] * Scalar.log(target[i]) }
      logits[i] = Scalar.exp(log) - target[i]
    }
    return (loss, max(loss - entropy, 0))
  }

  private static func highest(_ logits: UnsafePointer<Float>, _ count: Int) -> Float {
    var highest = logits[0]
    for i in 1..<count where logits[i] > highest { highest = logits[i] }
    return highest
  }
}
