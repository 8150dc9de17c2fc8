import Foundation

/// A quantity that changes with training progress, such as a learning rate.
public enum Schedule: Sendable, Equatable {
  /// Always the same.
  case constant(Float)
  /// Straight line from `start` to `end` over `steps` steps, then `end`.
  case linear(start: Float, end: Float, steps: Int)
  /// Half a cosine from `start` to `end` over `steps` steps, then `end` (Loshchilov and Hutter 2017, one period).
  case cosine(start: Float, end: Float, steps: Int)

  /// The value after `step` steps, `step` >= 0.
  public func value(at step: Int) -> Float {
    switch self {
    case .constant(let value): value
    case .linear(let start, let end, let steps):
      Schedule.blend(start, end, share: Schedule.share(step, of: steps))
    case .cosine(let start, let end, let steps):
      Schedule.blend(start, end, share: 0.5 - 0.5 * cos(.pi * Schedule.share(step, of: steps)))
    }
  }

  private static func share(_ step: Int, of steps: Int) -> Double {
    precondition(step >= 0, "step \(step)")
    return steps <= 0 || step >= steps ? 1 : Double(step) / Double(steps)
  }

  private static func blend(_ start: Float, _ end: Float, share: Double) -> Float {
    Float(Double(start) * (1 - share) + Double(end) * share)
  }
}
