/// The environment steps that a round of N copies took, those from `before` + 1 to `after`: what schedules ask which of
/// their steps were among.
///
/// With N = 1 it is one step, and a schedule acts when that is one of its own; with more it acts as often as the single
/// steps would have had it, so that updates keep their ratio to environment steps.
public struct StepSpan: Sendable, Equatable {
  /// Steps before the round.
  public let before: Int
  /// Steps after the round.
  public let after: Int

  /// The steps in (`before`, `after`].
  public init(before: Int, after: Int) {
    precondition(before >= 0 && after >= before, "steps from \(before) to \(after)")
    self.before = before
    self.after = after
  }

  /// Number of steps.
  public var count: Int { after - before }

  /// Those of them beyond step `limit`.
  public func beyond(_ limit: Int) -> StepSpan {
    StepSpan(before: max(before, min(limit, after)), after: after)
  }

  /// How many of the steps `origin`, `origin` + `interval`, `origin` + 2 `interval` ... are among them.
  public func multiples(of interval: Int, from origin: Int = 0) -> Int {
    precondition(interval > 0, "interval \(interval)")
    guard after >= origin else { return 0 }
    return (after - origin) / interval - (before < origin ? -1 : (before - origin) / interval)
  }

  /// Whether any of the steps `origin`, `origin` + `interval`, `origin` + 2 `interval` ... is among them.
  public func crosses(_ interval: Int, from origin: Int = 0) -> Bool { multiples(of: interval, from: origin) > 0 }
}

/// Counts an agent's steps, and says which of them are new since it last asked.
public struct StepCounter: Sendable, Equatable {
  /// Steps so far.
  public private(set) var steps: Int
  /// Steps when they were last asked for.
  private var seen: Int

  /// `steps` already, none of them new.
  public init(_ steps: Int = 0) { (self.steps, seen) = (steps, steps) }

  /// Counts a step.
  public mutating func add() { steps += 1 }

  /// The steps since the last call.
  public mutating func takeNew() -> StepSpan {
    defer { seen = steps }
    return StepSpan(before: seen, after: steps)
  }
}
