import Kernels

/// Independent choices, the i-th among `counts[i]`, each categorical with its logits in the network row: P = sum of
/// counts.
package struct CategoricalDistribution: ActionDistribution {
  package let counts: [Int]
  package let outputs: Int

  package init(counts: [Int]) {
    precondition(!counts.isEmpty && counts.allSatisfy { $0 > 0 }, "choices among \(counts)")
    self.counts = counts
    outputs = counts.reduce(0, +)
  }

  package var sharedCount: Int { 0 }
  package var actionSize: Int { counts.count }
  package var hasEntropy: Bool { true }

  package func initialize(shared: UnsafeMutablePointer<Float>) {}

  package func sample(
    _ row: UnsafePointer<Float>, shared: UnsafePointer<Float>, using random: inout RandomStream,
    action: UnsafeMutablePointer<Float>
  ) {
    forEachChoice { choice, first, count in
      let shift = CategoricalDistribution.logSum(row + first, count)
      var left = random.uniform()
      var chosen = count - 1
      for c in 0..<count {
        left -= Scalar.exp(row[first + c] - shift)
        if left < 0 {
          chosen = c
          break
        }
      }
      action[choice] = Float(chosen)
    }
  }

  package func mode(_ row: UnsafePointer<Float>, action: UnsafeMutablePointer<Float>) {
    forEachChoice { choice, first, count in
      var best = 0
      for c in 1..<max(count, 1) where row[first + c] > row[first + best] { best = c }
      action[choice] = Float(best)
    }
  }

  package func writeAction(_ raw: UnsafePointer<Float>, into action: UnsafeMutablePointer<Float>) {
    if UnsafePointer(action) != raw { action.update(from: raw, count: actionSize) }
  }

  package func logProbabilities(
    _ rows: DistributionRows, actions: UnsafePointer<Float>, into result: UnsafeMutablePointer<Float>
  ) {
    for r in 0..<rows.count {
      var sum: Float = 0
      let row = rows.outputs + r * outputs
      forEachChoice { choice, first, count in
        sum += row[first + Int(actions[r * actionSize + choice])] - CategoricalDistribution.logSum(row + first, count)
      }
      result[r] = sum
    }
  }

  package func entropies(_ rows: DistributionRows, into result: UnsafeMutablePointer<Float>) {
    for r in 0..<rows.count {
      var sum: Float = 0
      let row = rows.outputs + r * outputs
      forEachChoice { _, first, count in sum += CategoricalDistribution.entropy(row + first, count) }
      result[r] = sum
    }
  }

  package func backward(
    _ rows: DistributionRows, actions: UnsafePointer<Float>, slopes: UnsafePointer<Float>, entropySlope: Float,
    gradient: UnsafeMutablePointer<Float>, sharedGradient: UnsafeMutablePointer<Float>
  ) {
    for r in 0..<rows.count {
      let (row, out) = (rows.outputs + r * outputs, gradient + r * outputs)
      forEachChoice { choice, first, count in
        let shift = CategoricalDistribution.logSum(row + first, count)
        let entropy = entropySlope == 0 ? 0 : CategoricalDistribution.entropy(row + first, count)
        let chosen = Int(actions[r * actionSize + choice])
        for c in 0..<count {
          let logP = row[first + c] - shift
          let p = Scalar.exp(logP)
          // d log p(chosen) / d logit = [c = chosen] - p, dH / d logit = -p (log p + H)
          out[first + c] = slopes[r] * ((c == chosen ? 1 : 0) - p) - entropySlope * p * (logP + entropy)
        }
      }
    }
  }

  package func divergences(
    from old: DistributionRows, to new: DistributionRows, into result: UnsafeMutablePointer<Float>
  ) {
    for r in 0..<new.count {
      var sum: Float = 0
      let (before, after) = (old.outputs + r * outputs, new.outputs + r * outputs)
      forEachChoice { _, first, count in
        let shift = CategoricalDistribution.logSum(before + first, count)
        let gap = CategoricalDistribution.logSum(after + first, count) - shift
        for c in 0..<count {
          let p = Scalar.exp(before[first + c] - shift)
          sum += p * (before[first + c] - after[first + c] + gap)
        }
      }
      result[r] = sum
    }
  }

  package func addDivergenceGradient(
    from old: DistributionRows, to new: DistributionRows, scale: Float, gradient: UnsafeMutablePointer<Float>,
    sharedGradient: UnsafeMutablePointer<Float>
  ) {
    for r in 0..<new.count {
      let (before, after, out) = (old.outputs + r * outputs, new.outputs + r * outputs, gradient + r * outputs)
      forEachChoice { _, first, count in
        let (oldShift, newShift) = (
          CategoricalDistribution.logSum(before + first, count), CategoricalDistribution.logSum(after + first, count)
        )
        for c in 0..<count {
          out[first + c] +=
            scale * (Scalar.exp(after[first + c] - newShift) - Scalar.exp(before[first + c] - oldShift))
        }
      }
    }
  }

  package func multiplyByFisher(
    _ rows: DistributionRows, tangent: UnsafePointer<Float>, sharedTangent: UnsafePointer<Float>,
    product: UnsafeMutablePointer<Float>, sharedProduct: UnsafeMutablePointer<Float>
  ) {
    for r in 0..<rows.count {
      let (row, direction, out) = (rows.outputs + r * outputs, tangent + r * outputs, product + r * outputs)
      forEachChoice { _, first, count in
        let shift = CategoricalDistribution.logSum(row + first, count)
        var mean: Float = 0
        for c in 0..<count {
          let p = Scalar.exp(row[first + c] - shift)
          out[first + c] = p
          mean += p * direction[first + c]
        }
        // (diag(p) - p p') v
        for c in 0..<count { out[first + c] *= direction[first + c] - mean }
      }
    }
  }

  /// Calls `body` with each choice, its first logit and how many there are.
  @inline(__always)
  private func forEachChoice(_ body: (_ choice: Int, _ first: Int, _ count: Int) -> Void) {
    var first = 0
    for (choice, count) in counts.enumerated() {
      body(choice, first, count)
      first += count
    }
  }

  /// log of the sum of e^x over `count` logits.
  @inline(__always)
  private static func logSum(_ logits: UnsafePointer<Float>, _ count: Int) -> Float {
    var highest = logits[0]
    for c in 1..<max(count, 1) where logits[c] > highest { highest = logits[c] }
    var sum: Float = 0
    for c in 0..<count { sum += Scalar.exp(logits[c] - highest) }
    return highest + Scalar.log(sum)
  }

  @inline(__always)
  private static func entropy(_ logits: UnsafePointer<Float>, _ count: Int) -> Float {
    let shift = logSum(logits, count)
    var sum: Float = 0
    for c in 0..<count {
      let logP = logits[c] - shift
      sum -= Scalar.exp(logP) * logP
    }
    return sum
  }
}
