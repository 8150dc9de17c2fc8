import Interfaces
import Kernels

/// What followed each step of a segment, in the segment's rows t * N + n: the values that estimates of returns
/// bootstrap from.
package struct SegmentOutlook {
  /// Steps of each copy, T.
  package let steps: Int
  /// Copies, N.
  package let copies: Int
  /// Rewards [T * N].
  package let rewards: UnsafePointer<Float>
  /// V(s_t) [T * N].
  package let values: UnsafePointer<Float>
  /// V of the observation after the step: 0 where it terminated, that of the last observation where it was truncated or
  /// the segment ends [T * N].
  package let following: UnsafePointer<Float>
  /// 1 where the next row of the copy goes on with the same episode, else 0 [T * N].
  package let continues: UnsafePointer<Float>

  package init(
    steps: Int, copies: Int, rewards: UnsafePointer<Float>, values: UnsafePointer<Float>,
    following: UnsafePointer<Float>, continues: UnsafePointer<Float>
  ) {
    self.steps = steps
    self.copies = copies
    self.rewards = rewards
    self.values = values
    self.following = following
    self.continues = continues
  }
}

/// Estimates of advantages and returns along a segment, O(T * N) but where said otherwise. An episode that terminates
/// is worth nothing after; one that is truncated, or outlasts the segment, is worth the value of the observation there.
package enum ReturnEstimation {
  /// Generalized advantage estimates (Schulman et al. 2016, equation 16): A_t = delta_t + discount * lambda * A_{t+1},
  /// delta_t = r_t + discount * V(s_{t+1}) - V(s_t). With `lambda` 0 they are one-step errors, with 1 returns less
  /// values.
  package static func generalizedAdvantages(
    _ outlook: SegmentOutlook, discount: Float, lambda: Float, into advantages: UnsafeMutablePointer<Float>
  ) {
    let (rewards, values, following) = (outlook.rewards, outlook.values, outlook.following)
    backward(outlook) { row, later in
      let error = rewards[row] + discount * following[row] - values[row]
      advantages[row] = error + discount * lambda * (later.map { advantages[$0] } ?? 0)
    }
  }

  /// Discounted sums of rewards to the end of the episode or segment, where they bootstrap: Monte Carlo returns.
  package static func returns(
    _ outlook: SegmentOutlook, discount: Float, into returns: UnsafeMutablePointer<Float>
  ) {
    let (rewards, following) = (outlook.rewards, outlook.following)
    backward(outlook) { row, later in
      returns[row] = rewards[row] + discount * (later.map { returns[$0] } ?? following[row])
    }
  }

  /// Returns that look `count` >= 1 steps ahead, fewer where episode or segment end, and then bootstrap (Sutton and
  /// Barto 2018, equation 7.1). O(T * N * count).
  package static func returns(
    _ outlook: SegmentOutlook, discount: Float, steps count: Int, into returns: UnsafeMutablePointer<Float>
  ) {
    precondition(count >= 1, "\(count) steps ahead")
    for first in 0..<outlook.steps * outlook.copies {
      var (row, total, factor, ahead) = (first, Float(0), Float(1), 1)
      while true {
        total += factor * outlook.rewards[row]
        factor *= discount
        if ahead == count || outlook.continues[row] == 0 { break }
        row += outlook.copies
        ahead += 1
      }
      returns[first] = total + factor * outlook.following[row]
    }
  }

  /// The whole discounted return of each step's episode, counted from the episode's start, for episodes that begin and
  /// end in the segment; `isWhole` [T * N] is 1 for their steps and 0 for all others, whose returns mean nothing.
  package static func wholeReturns(
    _ segment: RolloutSegment, discount: Float, into returns: UnsafeMutablePointer<Float>,
    isWhole: UnsafeMutablePointer<Float>
  ) {
    let copies = segment.copies
    for n in 0..<copies {
      var (first, begins) = (0, segment.beginsEpisode[n])
      var (total, factor) = (Float(0), Float(1))
      for t in 0..<segment.steps {
        let row = t * copies + n
        total += factor * segment.rewards[row]
        factor *= discount
        let ends = segment.endings[row] != .none
        guard ends || t == segment.steps - 1 else { continue }
        for past in first...t {
          returns[past * copies + n] = total
          isWhole[past * copies + n] = ends && begins ? 1 : 0
        }
        (first, begins, total, factor) = (t + 1, true, 0, 1)
      }
    }
  }

  /// Calls `body` for each row, last steps first, with the row that goes on with its episode if there is one.
  @inline(__always)
  private static func backward(_ outlook: SegmentOutlook, _ body: (_ row: Int, _ later: Int?) -> Void) {
    for row in stride(from: outlook.steps * outlook.copies - 1, through: 0, by: -1) {
      body(row, outlook.continues[row] == 0 ? nil : row + outlook.copies)
    }
  }
}
