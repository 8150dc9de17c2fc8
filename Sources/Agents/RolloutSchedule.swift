import Configuration

/// How long imagined trajectories are as training goes on: k0 steps until epoch e0, k1 from epoch e1, linear in between and
/// rounded down (Janner et al. 2019, appendix C). Written [e0, e1, k0, k1].
public struct RolloutSchedule: Sendable, Equatable {
  private let epochs: (first: Int, last: Int)
  private let lengths: (first: Int, last: Int)

  /// The schedule of four numbers; nil unless 0 <= e0 <= e1 and 1 <= k0, k1.
  public init?(_ numbers: [Int]) {
    guard numbers.count == 4, 0 <= numbers[0], numbers[0] <= numbers[1], numbers[2] >= 1, numbers[3] >= 1 else {
      return nil
    }
    epochs = (numbers[0], numbers[1])
    lengths = (numbers[2], numbers[3])
  }

  /// Steps in epoch `epoch`, the first being 0.
  public func length(epoch: Int) -> Int {
    if epoch <= epochs.first { return lengths.first }
    if epoch >= epochs.last { return lengths.last }
    let (past, span) = (epoch - epochs.first, epochs.last - epochs.first)
    return (lengths.first * (span - past) + lengths.last * past) / span
  }

  public static func == (left: RolloutSchedule, right: RolloutSchedule) -> Bool {
    left.epochs == right.epochs && left.lengths == right.lengths
  }
}
