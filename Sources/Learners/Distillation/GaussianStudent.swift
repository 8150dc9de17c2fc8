import Interfaces
import Kernels
import Networks

/// A student with a squashed Gaussian policy a = tanh(u), taught by squashed Gaussian policies.
///
/// A row is [mean m, log standard deviation l], the latter clamped as in `TanhGaussianHead`. A target (m_t, l_t) has
/// the mean and variance of the mixture of the teachers' Gaussians over u: m_t = avg m_b, s_t² = avg (s_b² + (m_b -
/// m_t)²). Of all Gaussians it is the nearest to the mixture by KL(mixture || student), which has the same gradient as
/// KL(target || student); squashing, one to one, changes neither. Errors, summed over the components:
/// - `divergence`: l - l_t + (s_t² + (m_t - m)²) / (2 s²) - 1/2, whose gradient is (m - m_t) / s² by m and
///   1 - (s_t² + (m_t - m)²) / s² by l.
/// - `squared_error`: (m - m_t)²; the deviation is not learned.
/// - `likelihood`: l + (m_t - m)² / (2 s²) + 1/2 log 2π, of the target's mode.
public struct GaussianStudent: StudentHead {
  let scaling: ActionScaling
  let kind: DistillationLoss

  /// A head for actions between `low` and `high`.
  public init(low: [Float], high: [Float], _ kind: DistillationLoss) {
    scaling = ActionScaling(low: low, high: high)
    self.kind = kind
  }

  public var actionSize: Int { scaling.size }
  public var outputs: Int { 2 * scaling.size }

  public func blend(
    _ teacherOutputs: UnsafePointer<Float>, teachers: Int, rows: Int, into targets: UnsafeMutablePointer<Float>
  ) {
    precondition(teachers > 0, "no teachers")
    let (size, width, share) = (scaling.size, outputs, 1 / Float(teachers))
    for r in 0..<rows {
      for c in 0..<size {
        let place = r * width + c
        var mean: Float = 0
        for teacher in 0..<teachers { mean += share * teacherOutputs[teacher * rows * width + place] }
        var variance: Float = 0
        for teacher in 0..<teachers {
          let row = teacherOutputs + teacher * rows * width + place
          let away = row[0] - mean
          variance += share * (Scalar.exp(2 * row[size]) + away * away)
        }
        targets[place] = mean
        targets[place + size] = 0.5 * Scalar.log(variance)
      }
    }
  }

  public func decide(by row: UnsafePointer<Float>, action: UnsafeMutablePointer<Float>) {
    TanhGaussianHead.mode(row, rows: 1, size: scaling.size, actions: action)
    scaling.fromUnit(action, rows: 1)
  }

  public func explore(
    by row: UnsafePointer<Float>, using random: inout RandomStream, action: UnsafeMutablePointer<Float>
  ) {
    let range = TanhGaussianHead.logStdRange
    for c in 0..<scaling.size {
      let logStd = min(max(row[scaling.size + c], range.lowerBound), range.upperBound)
      action[c] = Scalar.tanh(row[c] + Scalar.exp(logStd) * random.normal())
    }
    scaling.fromUnit(action, rows: 1)
  }

  public func regress(
    _ outputs: UnsafeMutablePointer<Float>, stride: Int, targets: UnsafePointer<Float>, rows: Int, share: Float
  ) -> Float {
    let (size, range) = (scaling.size, TanhGaussianHead.logStdRange)
    var loss: Float = 0
    for r in 0..<rows {
      let (row, target) = (outputs + r * stride, targets + r * 2 * size)
      for c in 0..<size {
        let away = row[c] - target[c]
        let logStd = min(max(row[size + c], range.lowerBound), range.upperBound)
        let inside: Float = range.contains(row[size + c]) ? 1 : 0
        let precision = Scalar.exp(-2 * logStd)
        switch kind {
        case .divergence:
          let second = (Scalar.exp(2 * target[size + c]) + away * away) * precision
          loss += logStd - target[size + c] + 0.5 * second - 0.5
          row[c] = share * away * precision
          row[size + c] = share * inside * (1 - second)
        case .squaredError:
          loss += away * away
          row[c] = share * 2 * away
          row[size + c] = 0
        case .likelihood:
          let second = away * away * precision
          loss += logStd + 0.5 * second + 0.918_938_533
          row[c] = share * away * precision
          row[size + c] = share * inside * (1 - second)
        }
      }
    }
    return loss
  }
}
