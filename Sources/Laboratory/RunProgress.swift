internal import Interfaces

/// How far a run is, for display.
public struct RunProgress: Sendable, Equatable {
  /// Environment steps taken.
  public var steps: Int
  /// Environment steps to take in all.
  public var budget: Int
  /// Mean return of the last evaluation.
  public var evaluation: Double?
  /// Environment steps a second, lately, evaluation included.
  public var rate: Double?
  /// What it does besides stepping, such as an evaluation; nil while it steps.
  public var activity: String?

  /// Seconds to go at that rate.
  public var secondsLeft: Double? {
    guard let rate, rate > 0 else { return nil }
    return Double(max(0, budget - steps)) / rate
  }

  /// After `steps` of `budget` steps; `evaluation` and `rate` are nil until there are any.
  public init(steps: Int, budget: Int, evaluation: Double? = nil, rate: Double? = nil, activity: String? = nil) {
    self.steps = steps
    self.budget = budget
    self.evaluation = evaluation
    self.rate = rate
    self.activity = activity
  }
}

/// When to report progress, and steps a second over the last half minute or so.
struct Pace {
  private var marks: [(time: ContinuousClock.Instant, steps: Int)] = []
  private var reported = ContinuousClock.now

  /// Whether something else than a count is to be reported, a quarter of a second after the last report.
  mutating func isDue() -> Bool {
    let now = ContinuousClock.now
    guard seconds(from: reported, to: now) > 0.25 else { return false }
    reported = now
    return true
  }

  /// Takes in a count; the rate if a report is due, a quarter of a second after the last one.
  mutating func tick(steps: Int) -> Double? {
    let now = ContinuousClock.now
    guard seconds(from: reported, to: now) > 0.25 else { return nil }
    reported = now
    guard let last = marks.last else {
      marks.append((now, steps))
      return nil
    }
    if seconds(from: last.time, to: now) > 1 {
      if marks.count >= 30 { marks.removeFirst() }
      marks.append((now, steps))
    }
    let first = marks[0]
    return Double(steps - first.steps) / seconds(from: first.time, to: now)
  }
}
