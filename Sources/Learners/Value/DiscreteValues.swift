import Interfaces
import Kernels
import Networks

/// Values of K discrete actions, perhaps dueling: `DuelingHead`. An action is its index, one float.
public struct DiscreteValues: ValueHead {
  let count: Int
  let dueling: Bool
  /// Whether targets value the online network's choice (double Q-learning).
  let double: Bool
  /// Probability of a uniformly random action when exploring.
  let epsilon: Float
  /// Size of an error beyond which the loss is linear.
  let errorLimit: Float

  public var actionSize: Int { 1 }
  public var outputs: Int { DuelingHead.outputs(for: count, dueling: dueling) }
  public var choosesOnline: Bool { double }
  /// The values of all actions, and an index.
  public var scratchSize: Int { count + 1 }

  public func best(
    _ outputs: UnsafePointer<Float>, rows: Int, actions: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    DuelingHead.values(outputs, rows: rows, actions: count, dueling: dueling, into: scratch)
    DuelingHead.best(scratch, rows: rows, actions: count, into: actions)
  }

  public func explore(
    _ outputs: UnsafePointer<Float>, rows: Int, using random: inout RandomStream,
    actions: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    best(outputs, rows: rows, actions: actions, scratch: scratch)
    for r in 0..<rows where random.uniform() < epsilon { actions[r] = Float(random.index(below: count)) }
  }

  public func values(
    _ outputs: UnsafePointer<Float>, online: UnsafePointer<Float>, rows: Int, into values: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let chosen = scratch + rows * count
    best(double ? online : outputs, rows: rows, actions: chosen, scratch: scratch)
    DuelingHead.values(outputs, rows: rows, actions: count, dueling: dueling, into: scratch)
    for r in 0..<rows { values[r] = scratch[r * count + Int(chosen[r])] }
  }

  public func regress(
    _ outputs: UnsafeMutablePointer<Float>, actions: UnsafePointer<Float>, targets y: UnsafePointer<Float>,
    weights: UnsafePointer<Float>?, rows: Int, share: Float, scratch: UnsafeMutablePointer<Float>
  ) -> (loss: Float, value: Float) {
    DuelingHead.values(outputs, rows: rows, actions: count, dueling: dueling, into: scratch)
    var (loss, value) = (Float(0), Float(0))
    for r in 0..<rows {
      let chosen = Int(actions[r])
      precondition(chosen >= 0 && chosen < count, "action \(actions[r]) of \(count)")
      let q = scratch[r * count + chosen]
      let error = q - y[r]
      let size = abs(error)
      let weight = weights.map { $0[r] } ?? 1
      // Huber's loss; a NaN goes through
      loss += weight * (size > errorLimit ? errorLimit * (size - 0.5 * errorLimit) : 0.5 * error * error)
      value += q
      let slope = size > errorLimit ? (error > 0 ? errorLimit : -errorLimit) : error
      DuelingHead.backward(
        chosen: chosen, slope: weight * (slope * share), actions: count, dueling: dueling,
        gradient: outputs + r * self.outputs)
    }
    return (loss, value)
  }
}
