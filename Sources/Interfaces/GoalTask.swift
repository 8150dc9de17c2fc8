/// Where an observation [D] shows goals of G floats: the one that its state achieves, and the one that is wanted.
public struct GoalLayout: Sendable, Equatable {
  /// The goal that the state achieves, G floats.
  public let achieved: Range<Int>
  /// The goal that is wanted, as many; constant in an episode.
  public let desired: Range<Int>

  /// Floats of a goal, G.
  public var size: Int { desired.count }

  /// Ranges of equal length that do not overlap.
  public init(achieved: Range<Int>, desired: Range<Int>) {
    precondition(!desired.isEmpty && achieved.count == desired.count, "goals of \(achieved) and \(desired)")
    precondition(!achieved.overlaps(desired), "goals at \(achieved) and \(desired)")
    (self.achieved, self.desired) = (achieved, desired)
  }
}

/// An environment that wants a goal reached and shows which, in observations that say what is achieved, too (universal values,
/// Schaul et al. 2015). Its objective must know the rewards of any goal put in the wanted one's place, so that steps can be
/// relabelled in hindsight.
public protocol GoalTask: Environment {
  /// Where observations show goals; nil where they show none. Constant over the life of the value.
  var goalLayout: GoalLayout? { get }
}
