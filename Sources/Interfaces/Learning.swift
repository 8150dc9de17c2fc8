import Archive
import Configuration
import Kernels

/// Improves a policy from transitions of any origin, real or imagined.
public protocol OffPolicyLearner: ActingLearner {
  /// Its settings.
  associatedtype Settings: Configuration
  /// The policy that it improves.
  associatedtype Acting: Policy

  /// What lists and error messages call it, such as `soft actor-critic`.
  static var title: String { get }

  /// What it lacks in an environment whose actions are `space`, as a clause such as `needs continuous actions`; nil
  /// where it can act.
  static func objection(to space: ActionSpace) -> String?

  /// Throws `ConfigurationError` naming the setting below `learner` that does not fit an environment of `spec`.
  static func check(_ settings: Settings, for spec: EnvironmentSpec) throws(ConfigurationError)

  /// A fresh learner for an environment of `spec`, whose actions it can take and which its settings fit.
  init(_ settings: Settings, for spec: EnvironmentSpec, using random: RandomStream)

  /// Metrics that `update` records, in order.
  static var metricNames: [String] { get }

  /// Discount of a step.
  var discount: Float { get }

  /// The policy as it is now, for acting on many observations at once. O(1): parameters are shared, not copied.
  var policy: Acting { get }

  /// What it expects of following its policy from `observation` [D] on: the discounted sum of the rewards, without what
  /// exploration is paid. Draws nothing and changes nothing. Nil where it has no values.
  func predictedValue(of observation: UnsafePointer<Float>) -> Float?

  /// One gradient step on a batch. Does not allocate after the first call. Throws `NumericalFailure` when a loss is not
  /// finite.
  mutating func update(
    on batch: TransitionBatch, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure)
}

extension OffPolicyLearner {
  /// Most learners take vectors of reals.
  public static func objection(to space: ActionSpace) -> String? {
    if case .box = space { nil } else { "needs continuous actions" }
  }

  /// Nil: values are not all learners' way.
  public func predictedValue(of observation: UnsafePointer<Float>) -> Float? { nil }

  /// Most learners' settings fit everywhere.
  public static func check(_ settings: Settings, for spec: EnvironmentSpec) throws(ConfigurationError) {}
}

/// A learner whose critics can be fitted to targets from elsewhere, such as a model's rollouts.
///
/// `update` is `fitValues` at the batch's states and actions, with targets
/// rewards + discount * continues * `bootstrap.values` of the next states, followed by `improvePolicy` at the states.
public protocol ValueLearner: OffPolicyLearner {
  /// What targets bootstrap from.
  associatedtype Bootstrap: BootstrapValue

  /// The target networks as they are now. O(1): parameters are shared, not copied.
  var bootstrap: Bootstrap { get }

  /// One gradient step of the critics on the average over the rows of weight * 1/2 (Q(s, a) - target)^2 (or the
  /// method's own measure of the error), and of whatever moves with them, such as target networks. Does not allocate
  /// after the first call of a given size. Throws `NumericalFailure` when the loss is not finite.
  mutating func fitValues(to batch: ValueBatch, metrics: inout MetricRow) throws(NumericalFailure)

  /// The policy's part of an update, at `observations` [N, D], to follow each `fitValues`; nothing where the critics
  /// are the policy. Does not allocate after the first call of a given size. Throws `NumericalFailure` when the loss is
  /// not finite.
  mutating func improvePolicy(
    at observations: Matrix, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure)
}
