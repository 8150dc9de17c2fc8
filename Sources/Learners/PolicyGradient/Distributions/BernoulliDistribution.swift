import Kernels

/// Independent choices between 0 and 1: the network row has the log-odds z of each being 1, P = A.
package struct BernoulliDistribution: ActionDistribution {
  package let actionSize: Int

  package init(size: Int) {
    precondition(size > 0, "\(size) choices")
    actionSize = size
  }

  package var outputs: Int { actionSize }
  package var sharedCount: Int { 0 }
  package var hasEntropy: Bool { true }

  package func initialize(shared: UnsafeMutablePointer<Float>) {}

  package func sample(
    _ row: UnsafePointer<Float>, shared: UnsafePointer<Float>, using random: inout RandomStream,
    action: UnsafeMutablePointer<Float>
  ) {
    for c in 0..<actionSize { action[c] = random.uniform() < Scalar.sigmoid(row[c]) ? 1 : 0 }
  }

  package func mode(_ row: UnsafePointer<Float>, action: UnsafeMutablePointer<Float>) {
    for c in 0..<actionSize { action[c] = row[c] > 0 ? 1 : 0 }
  }

  package func writeAction(_ raw: UnsafePointer<Float>, into action: UnsafeMutablePointer<Float>) {
    if UnsafePointer(action) != raw { action.update(from: raw, count: actionSize) }
  }

  package func logProbabilities(
    _ rows: DistributionRows, actions: UnsafePointer<Float>, into result: UnsafeMutablePointer<Float>
  ) {
    for r in 0..<rows.count {
      var sum: Float = 0
      for c in 0..<actionSize {
        let z = rows.outputs[r * actionSize + c]
        sum += actions[r * actionSize + c] * z - Scalar.softplus(z)
      }
      result[r] = sum
    }
  }

  package func entropies(_ rows: DistributionRows, into result: UnsafeMutablePointer<Float>) {
    for r in 0..<rows.count {
      var sum: Float = 0
      for c in 0..<actionSize {
        let z = rows.outputs[r * actionSize + c]
        sum += Scalar.softplus(z) - z * Scalar.sigmoid(z)
      }
      result[r] = sum
    }
  }

  package func backward(
    _ rows: DistributionRows, actions: UnsafePointer<Float>, slopes: UnsafePointer<Float>, entropySlope: Float,
    gradient: UnsafeMutablePointer<Float>, sharedGradient: UnsafeMutablePointer<Float>
  ) {
    for r in 0..<rows.count {
      for i in r * actionSize..<(r + 1) * actionSize {
        let z = rows.outputs[i]
        let p = Scalar.sigmoid(z)
        // d log p(a) / dz = a - p, dH / dz = -z p (1 - p)
        gradient[i] = slopes[r] * (actions[i] - p) - entropySlope * z * p * (1 - p)
      }
    }
  }

  package func divergences(
    from old: DistributionRows, to new: DistributionRows, into result: UnsafeMutablePointer<Float>
  ) {
    for r in 0..<new.count {
      var sum: Float = 0
      for i in r * actionSize..<(r + 1) * actionSize {
        let (before, after) = (old.outputs[i], new.outputs[i])
        sum += Scalar.sigmoid(before) * (before - after) + Scalar.softplus(after) - Scalar.softplus(before)
      }
      result[r] = sum
    }
  }

  package func addDivergenceGradient(
    from old: DistributionRows, to new: DistributionRows, scale: Float, gradient: UnsafeMutablePointer<Float>,
    sharedGradient: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<new.count * actionSize {
      gradient[i] += scale * (Scalar.sigmoid(new.outputs[i]) - Scalar.sigmoid(old.outputs[i]))
    }
  }

  package func multiplyByFisher(
    _ rows: DistributionRows, tangent: UnsafePointer<Float>, sharedTangent: UnsafePointer<Float>,
    product: UnsafeMutablePointer<Float>, sharedProduct: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<rows.count * actionSize {
      let p = Scalar.sigmoid(rows.outputs[i])
      product[i] = p * (1 - p) * tangent[i]
    }
  }
}
