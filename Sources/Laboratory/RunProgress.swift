/// How far a run is, for display.
public struct RunProgress: Sendable, Equatable {
  /// Environment steps taken.
  public var steps: Int
  /// Environment steps to take in all.
  public var budget: Int
  /// Mean return of the last evaluation.
  public var evaluation: Double?
  /// Environment steps a second, lately, without evaluations and saves.
  public var rate: Double?
  /// Seconds that the evaluations and saves to come will take, going by those there were.
  public var pauses: Double?
  /// What it does besides stepping, such as an evaluation; nil while it steps.
  public var activity: String?

  /// Seconds to go at that rate.
  public var secondsLeft: Double? {
    guard let rate, rate > 0 else { return nil }
    return Double(max(0, budget - steps)) / rate + (pauses ?? 0)
  }

  /// After `steps` of `budget` steps; `evaluation`, `rate` and `pauses` are nil until there are any.
  public init(
    steps: Int, budget: Int, evaluation: Double? = nil, rate: Double? = nil, pauses: Double? = nil,
    activity: String? = nil
  ) {
    self.steps = steps
    self.budget = budget
    self.evaluation = evaluation
    self.rate = rate
    self.pauses = pauses
    self.activity = activity
  }
}
