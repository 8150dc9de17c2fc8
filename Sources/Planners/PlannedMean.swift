import Archive
import Interfaces
import Kernels

/// A plan in the middle of a search, kept from decision to decision as the warm start of the next one.
struct PlannedMean: Archived, Sendable {
  /// Bounds of an action, [A].
  let low: [Float]
  let high: [Float]
  /// The plan, time-major, [H * A].
  var values: [Float]
  /// The warm start and a suggested plan, to be compared.
  private var contest: Matrix
  private var scores: [Float] = [0, 0]
  private var isContested = false

  /// The middle of the bounds at each of `horizon` decisions.
  init(horizon: Int, low: [Float], high: [Float]) {
    precondition(low.count == high.count && !low.isEmpty, "bounds of different sizes")
    self.low = low
    self.high = high
    values = Array(repeating: 0, count: horizon * low.count)
    contest = Matrix(rows: 2, columns: values.count)
    reset()
  }

  /// Number of elements, H * A.
  var count: Int { values.count }

  /// Forgets the plan.
  mutating func reset() {
    for i in values.indices { values[i] = middle(i % low.count) }
    isContested = false
  }

  /// Proposes another start of the next search, [H * A], clipped to the bounds.
  mutating func suggest(_ plan: [Float]) {
    precondition(plan.count == count, "a plan of \(plan.count) floats, not \(count)")
    let target = contest.mutablePointer + count
    for i in 0..<count { target[i] = min(max(plan[i], low[i % low.count]), high[i % low.count]) }
    isContested = true
  }

  /// Moves what is closer to a bound than `nearness`, a share of the range, to the distance `share` from it, so that a search
  /// whose spread is limited by the distance to the bounds can leave them again.
  mutating func pullInward(within nearness: Float, to share: Float) {
    for i in values.indices {
      let (least, most) = (low[i % low.count], high[i % low.count])
      let range = most - least
      if values[i] - least < nearness * range {
        values[i] = least + share * range
      } else if most - values[i] < nearness * range {
        values[i] = most - share * range
      }
    }
  }

  /// Starts a search: from the suggested plan if `evaluator` finds it better than the warm start, and finite.
  mutating func begin(with evaluator: inout some PlanEvaluator) {
    guard isContested else { return }
    isContested = false
    let target = contest.mutablePointer
    for i in 0..<count { target[i] = values[i] }
    evaluator.evaluate(contest, returns: &scores)
    guard scores[1] > scores[0] else { return }
    for i in 0..<count { values[i] = target[count + i] }
  }

  /// Writes the first decisions, as many as `action` has room for, and moves the others up, the middle of the bounds
  /// coming last.
  mutating func takeFirst(into action: inout [Float]) {
    let taken = action.count
    precondition(
      taken > 0 && taken % low.count == 0 && taken <= count, "\(taken) floats of a plan of \(count)"
    )
    for i in 0..<taken { action[i] = values[i] }
    for i in 0..<count - taken { values[i] = values[i + taken] }
    for i in count - taken..<count { values[i] = middle(i % low.count) }
  }

  private func middle(_ component: Int) -> Float { 0.5 * (low[component] + high[component]) }

  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("mean", &values)
    if fields.isRestoring { isContested = false }
  }
}

/// A planner that keeps a plan from one decision to the next.
package protocol WarmStartedPlanner {
  /// The mean that the next search starts from, [H, A] row-major.
  var warmStart: [Float] { get }
}
