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

/// What a step is worth that achieved one goal while another was wanted, as a function of the two.
public protocol GoalObjective: Sendable {
  /// Scores N steps by the goals `achieved` [N, G] after them and those that were `desired` [N, G]: `rewards` [N] and whether
  /// they terminated the episode, `terminated` [N].
  func evaluate(
    count: Int, size: Int, achieved: UnsafePointer<Float>, desired: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>)
}

/// An environment that wants a goal reached, shows it, and could have wanted any other (Schaul et al. 2015): what the steps of an
/// episode would have been worth under another goal is known, so that they can be relabelled in hindsight.
public protocol GoalTask: Environment {
  /// Where observations show goals. Constant over the life of the value.
  var goalLayout: GoalLayout { get }
  /// Rewards and terminations under any goal.
  var goalObjective: any GoalObjective { get }
}
