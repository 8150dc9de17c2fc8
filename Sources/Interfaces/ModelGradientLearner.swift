import Archive
import Kernels

/// How imagined steps are rewarded and ended.
public enum ImaginedRewards: Sendable {
  /// Both as the objective says.
  case objective(any DifferentiableObjective)
  /// Rewards as the model predicts them; endings as the objective says, which may know no rewards.
  case model(endings: any Objective)

  /// What says where episodes end.
  public var objective: any Objective {
    switch self {
    case .objective(let objective): objective
    case .model(let endings): endings
    }
  }
}

/// Improves a policy by gradients of the returns that it is imagined to have in a model.
public protocol ModelGradientLearner: ActingLearner {
  /// The policy that it improves.
  associatedtype Acting: Policy

  /// Metrics that `update` records, in order.
  static var metricNames: [String] { get }

  /// Steps of an imagined trajectory, and so of the rollouts that `update` needs.
  var horizon: Int { get }
  /// Rows that such a rollout must have room for.
  var rowsAtOnce: Int { get }

  /// The policy as it is now. O(1): parameters are shared, not copied.
  var policy: Acting { get }

  /// One gradient step of the policy on trajectories imagined from the batch's observations, after one of the critics, if
  /// there are any, on its transitions. `rollouts` are at least as many as `WorkerPool.threads`, of one model. Does not
  /// allocate after the first call. Throws `NumericalFailure` when a critic's loss is not finite.
  mutating func update<Rollout: DifferentiableRollout>(
    on batch: TransitionBatch, imagining rollouts: inout [Rollout], scoredBy rewards: ImaginedRewards,
    using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure)
}
