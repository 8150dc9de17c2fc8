import Interfaces
import Kernels
import Networks

/// Values of K discrete actions, perhaps dueling (`DuelingHead`), as expected values or as distributions of returns,
/// whose means choose. An action is its index, one float.
public struct DiscreteValues: ValueHead {
  let count: Int
  let dueling: Bool
  /// Whether targets value the online network's choice (double Q-learning).
  let double: Bool
  let choice: ActionChoice
  /// Size of an error beyond which the loss is linear.
  let errorLimit: Float
  let distribution: ReturnDistribution
  /// Weight of conservative Q-learning's penalty log sum_k exp Q(s, k) - Q(s, a) (Kumar et al. 2020, equation 4); expected
  /// values only.
  let conservatism: Float

  public var actionSize: Int { 1 }
  public var outputs: Int { DuelingHead.outputs(for: count, dueling: dueling) * distribution.size }
  public var choosesOnline: Bool { double }
  /// The values of all actions, an index, and what the network says of all actions.
  public var scratchSize: Int { count + 1 + (distribution.size > 1 ? count * distribution.size : 0) }
  public var targetSize: Int { distribution.size }

  /// Q(s, k) [rows, K] of network rows. With distributions these are left behind in `scratch` from rows * (K + 1) on,
  /// [rows, K, size].
  func actionValues(
    _ outputs: UnsafePointer<Float>, rows: Int, into values: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let size = distribution.size
    let returns = scratch + rows * (count + 1)
    switch distribution {
    case .expected: DuelingHead.values(outputs, rows: rows, actions: count, dueling: dueling, into: values)
    case .categorical(let categorical):
      DuelingHead.vectors(outputs, rows: rows, actions: count, size: size, dueling: dueling, into: returns)
      for i in 0..<rows * count { values[i] = categorical.mean(returns + i * size) }
    case .quantiles(let quantiles):
      DuelingHead.vectors(outputs, rows: rows, actions: count, size: size, dueling: dueling, into: returns)
      for i in 0..<rows * count { values[i] = quantiles.mean(returns + i * size) }
    }
  }

  public func best(
    _ outputs: UnsafePointer<Float>, rows: Int, actions: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    actionValues(outputs, rows: rows, into: scratch, scratch: scratch)
    DuelingHead.best(scratch, rows: rows, actions: count, into: actions)
  }

  public func explore(
    _ outputs: UnsafePointer<Float>, rows: Int, using random: inout RandomStream,
    actions: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    best(outputs, rows: rows, actions: actions, scratch: scratch)
    switch choice {
    case .epsilonGreedy(let epsilon):
      for r in 0..<rows where random.uniform() < epsilon { actions[r] = Float(random.index(below: count)) }
    case .boltzmann(let temperature):
      for r in 0..<rows {
        let row = scratch + r * count
        var left = random.uniform() * DiscreteValues.exponentiate(row, count, temperature, best: Int(actions[r]))
        actions[r] = Float(count - 1)
        for k in 0..<count {
          left -= row[k]
          if left < 0 {
            actions[r] = Float(k)
            break
          }
        }
      }
    }
  }

  /// The probability with which `explore` takes `action` where the network says `outputs`, one row.
  func probability(
    of action: Int, _ outputs: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) -> Float {
    actionValues(outputs, rows: 1, into: scratch, scratch: scratch)
    var best: Float = 0
    DuelingHead.best(scratch, rows: 1, actions: count, into: &best)
    switch choice {
    case .epsilonGreedy(let epsilon): return epsilon / Float(count) + (Int(best) == action ? 1 - epsilon : 0)
    case .boltzmann(let temperature):
      let sum = DiscreteValues.exponentiate(scratch, count, temperature, best: Int(best))
      return scratch[action] / sum
    }
  }

  /// Overwrites values [K] by exp((Q - best) / temperature), and returns their sum.
  private static func exponentiate(
    _ values: UnsafeMutablePointer<Float>, _ count: Int, _ temperature: Float, best: Int
  ) -> Float {
    let highest = values[best]
    var sum: Float = 0
    for k in 0..<count {
      values[k] = Scalar.exp(max((values[k] - highest) / temperature, -80))
      sum += values[k]
    }
    return sum
  }

  public func values(
    _ outputs: UnsafePointer<Float>, online: UnsafePointer<Float>, rows: Int, into values: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let chosen = scratch + rows * count
    best(double ? online : outputs, rows: rows, actions: chosen, scratch: scratch)
    actionValues(outputs, rows: rows, into: scratch, scratch: scratch)
    for r in 0..<rows { values[r] = scratch[r * count + Int(chosen[r])] }
  }

  public func targets(
    _ outputs: UnsafePointer<Float>, online: UnsafePointer<Float>, rows: Int, rewards: UnsafePointer<Float>,
    continues: UnsafePointer<Float>, discount: Float, into y: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    if case .expected = distribution {
      values(outputs, online: online, rows: rows, into: y, scratch: scratch)
      for r in 0..<rows { y[r] = rewards[r] + discount * continues[r] * y[r] }
      return
    }
    let (chosen, returns, size) = (scratch + rows * count, scratch + rows * (count + 1), distribution.size)
    best(double ? online : outputs, rows: rows, actions: chosen, scratch: scratch)
    if double { actionValues(outputs, rows: rows, into: scratch, scratch: scratch) }
    for r in 0..<rows {
      let (next, target) = (returns + (r * count + Int(chosen[r])) * size, y + r * size)
      let factor = discount * continues[r]
      switch distribution {
      case .expected: break
      case .categorical(let categorical):
        categorical.project(next, reward: rewards[r], factor: factor, into: target)
      case .quantiles:
        for i in 0..<size { target[i] = rewards[r] + factor * next[i] }
      }
    }
  }

  public func expand(_ given: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>) {
    switch distribution {
    case .expected: y.update(from: given, count: rows)
    case .categorical(let categorical):
      for r in 0..<rows { categorical.project(given[r], into: y + r * categorical.atoms) }
    case .quantiles(let quantiles):
      for r in 0..<rows { (y + r * quantiles.count).update(repeating: given[r], count: quantiles.count) }
    }
  }

  /// log sum_k exp Q_k - Q_chosen of values [K], whose gradient times `share` is added to `gradient` [K]: its components sum up
  /// to 0, so that of dueling advantages it is the same.
  private func penalize(
    _ values: UnsafePointer<Float>, _ chosen: Int, share: Float, _ gradient: UnsafeMutablePointer<Float>
  ) -> Float {
    var (highest, sum) = (values[0], Float(0))
    for k in 1..<max(count, 1) { highest = max(highest, values[k]) }
    for k in 0..<count { sum += Scalar.exp(values[k] - highest) }
    for k in 0..<count { gradient[k] += share * Scalar.exp(values[k] - highest) / sum }
    gradient[chosen] -= share
    return highest + Scalar.log(sum) - values[chosen]
  }

  public func regress(
    _ outputs: UnsafeMutablePointer<Float>, actions: UnsafePointer<Float>, targets y: UnsafePointer<Float>,
    weights: UnsafePointer<Float>?, rows: Int, share: Float, errors: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) -> (loss: Float, value: Float) {
    actionValues(outputs, rows: rows, into: scratch, scratch: scratch)
    let (returns, size) = (scratch + rows * (count + 1), distribution.size)
    var (loss, value) = (Float(0), Float(0))
    for r in 0..<rows {
      let chosen = Int(actions[r])
      precondition(chosen >= 0 && chosen < count, "action \(actions[r]) of \(count)")
      let q = scratch[r * count + chosen]
      let weight = weights.map { $0[r] } ?? 1
      value += q
      let gradient = outputs + r * self.outputs
      let predicted = returns + (r * count + chosen) * size
      switch distribution {
      case .expected:
        let error = q - y[r]
        let size = abs(error)
        // Huber's loss; a NaN goes through
        loss += weight * (size > errorLimit ? errorLimit * (size - 0.5 * errorLimit) : 0.5 * error * error)
        errors[r] = size
        let slope = size > errorLimit ? (error > 0 ? errorLimit : -errorLimit) : error
        DuelingHead.backward(
          chosen: chosen, slope: weight * (slope * share), actions: count, dueling: dueling, gradient: gradient)
        if conservatism > 0 {
          loss +=
            conservatism
            * penalize(scratch + r * count, chosen, share: conservatism * share, gradient + (dueling ? 1 : 0))
        }
        continue
      case .categorical(let categorical):
        let result = categorical.regress(predicted, to: y + r * size)
        loss += weight * result.loss
        errors[r] = result.divergence
      case .quantiles(let quantiles):
        errors[r] = quantiles.regress(predicted, to: y + r * size)
        loss += weight * errors[r]
      }
      Elementwise.scale(predicted, count: size, by: weight * share)
      DuelingHead.backward(
        chosen: chosen, slopes: predicted, actions: count, size: size, dueling: dueling, gradient: gradient)
    }
    return (loss, value)
  }
}
