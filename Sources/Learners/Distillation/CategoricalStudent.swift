import Interfaces
import Kernels
import Networks

/// A student of K discrete actions, taught by action values.
///
/// Targets and errors, the student's row being z:
/// - `divergence`: p = average over teachers b of softmax(Q_b / T); KL(p || softmax(z)), whose gradient by z is
///   softmax(z) - p (Hinton, Vinyals and Dean 2015; Rusu et al. 2016, equation 3). Where the student's outputs are logits
///   at temperature T, as in Hinton's, z is what they are divided by T: the same policies, another scale of the last layer.
/// - `squared_error`: the average of Q_b; |z - Q|² (Rusu et al. 2016, equation 2).
/// - `likelihood`: the action best by the average of Q_b; -log softmax(z) of it (Rusu et al. 2016, equation 1).
public struct CategoricalStudent: StudentHead {
  let count: Int
  let settings: DistillationSettings

  /// A head for `count` actions.
  public init(actions count: Int, _ settings: DistillationSettings) {
    precondition(count > 0, "\(count) actions")
    (self.count, self.settings) = (count, settings)
  }

  public var actionSize: Int { 1 }
  public var outputs: Int { count }

  public func blend(
    _ teacherOutputs: UnsafePointer<Float>, teachers: Int, rows: Int, into targets: UnsafeMutablePointer<Float>
  ) {
    precondition(teachers > 0, "no teachers")
    let share = 1 / Float(teachers)
    targets.update(repeating: 0, count: rows * count)
    for teacher in 0..<teachers {
      for r in 0..<rows {
        let (row, target) = (teacherOutputs + (teacher * rows + r) * count, targets + r * count)
        if settings.kind == .divergence {
          let (highest, scale) = (row[best(row)], 1 / settings.temperature)
          var sum: Float = 0
          for k in 0..<count { sum += Scalar.exp((row[k] - highest) * scale) }
          for k in 0..<count { target[k] += share * (Scalar.exp((row[k] - highest) * scale) / sum) }
        } else {
          for k in 0..<count { target[k] += share * row[k] }
        }
      }
    }
    guard settings.kind == .likelihood else { return }
    for r in 0..<rows {
      let target = targets + r * count
      OneHot.write(best(target), count: count, into: target)
    }
  }

  private func best(_ row: UnsafePointer<Float>) -> Int {
    var best = 0
    for k in 1..<max(count, 1) where row[k] > row[best] { best = k }
    return best
  }

  public func decide(by row: UnsafePointer<Float>, action: UnsafeMutablePointer<Float>) {
    action[0] = Float(best(row))
  }

  /// Draws from softmax(z), or where z are values from softmax(z / T).
  public func explore(
    by row: UnsafePointer<Float>, using random: inout RandomStream, action: UnsafeMutablePointer<Float>
  ) {
    let (highest, scale) = (row[best(row)], settings.kind == .squaredError ? 1 / settings.temperature : 1)
    var sum: Float = 0
    for k in 0..<count { sum += Scalar.exp((row[k] - highest) * scale) }
    var left = random.uniform() * sum
    action[0] = Float(best(row))
    for k in 0..<count {
      left -= Scalar.exp((row[k] - highest) * scale)
      if left < 0 {
        action[0] = Float(k)
        return
      }
    }
  }

  public func regress(
    _ outputs: UnsafeMutablePointer<Float>, stride: Int, targets: UnsafePointer<Float>, rows: Int, share: Float
  ) -> Float {
    var loss: Float = 0
    for r in 0..<rows {
      let (row, target) = (outputs + r * stride, targets + r * count)
      if settings.kind == .squaredError {
        for k in 0..<count {
          let error = row[k] - target[k]
          loss += error * error
          row[k] = share * 2 * error
        }
      } else {
        CategoricalHead.logProbabilities(row, rows: 1, classes: count, into: row)
        for k in 0..<count {
          // 0 log 0 = 0
          if target[k] > 0 { loss += target[k] * (Scalar.log(target[k]) - row[k]) }
          row[k] = share * (Scalar.exp(row[k]) - target[k])
        }
      }
    }
    return loss
  }
}
