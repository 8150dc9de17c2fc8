import Archive
import Kernels

/// What a policy, as it is at one moment, says of states, for other policies to learn from.
///
/// It says T numbers of a state: the values of K discrete actions, or of a Gaussian over A components, before they are
/// squashed into their bounds, the means and then the logarithms of the standard deviations.
///
/// As with a `Policy`, parameters are shared: any number of threads may use one value, each with its own workspace, and
/// it should be let go of before the learner's next update.
public protocol PolicyTeacher: Sendable {
  /// Scratch of one thread, good for any number of rows and for every later value of the same learner.
  associatedtype Workspace: AnyObject

  /// Floats per observation, D.
  var observationSize: Int { get }
  /// Numbers that it says of a state, T.
  var outputSize: Int { get }
  /// Features of a state in its last hidden layer, H.
  var featureSize: Int { get }

  /// Scratch for one thread. Allocates; nothing after it does.
  func makeWorkspace() -> Workspace

  /// Writes what it says of `observations` [N, D] to `outputs` [N, T] and, where asked for, their `features` [N, H].
  func describe(
    count: Int, observations: UnsafePointer<Float>, outputs: UnsafeMutablePointer<Float>,
    features: UnsafeMutablePointer<Float>?, _ workspace: Workspace)
}

/// A learner that can teach.
public protocol TeachingLearner: OffPolicyLearner {
  /// What it says of states.
  associatedtype Teacher: PolicyTeacher

  /// Its policy as it is now. O(1): parameters are shared, not copied.
  var teacher: Teacher { get }
}

/// States with what a student should say of them, preallocated and reused.
public struct DistillationBatch: Sendable {
  /// Observations, [N, D].
  public var observations: Matrix
  /// What teachers say together, as the student's `blend` puts it, [N, T].
  public var targets: Matrix
  /// The teacher's features, [N, H]; H is 0 where they are not learned.
  public var features: Matrix
  /// Number of the teacher whose features they are, [N].
  public var teachers: [Int]

  /// Zeros for `count` states.
  public init(count: Int, observationSize: Int, targetSize: Int, featureSize: Int) {
    observations = Matrix(rows: count, columns: observationSize)
    targets = Matrix(rows: count, columns: targetSize)
    features = Matrix(rows: count, columns: featureSize)
    teachers = Array(repeating: 0, count: count)
  }

  /// Number of states, N.
  public var count: Int { observations.rows }
}

/// A policy that learns from what teachers say.
public protocol PolicyStudent: Checkpointable {
  /// Metrics that `learn` records, in order.
  static var metricNames: [String] { get }

  /// Floats in a target, T: as many as teachers say.
  var targetSize: Int { get }
  /// Features of a teacher that it learns to predict, H; 0 where it learns none.
  var featureSize: Int { get }

  /// Writes as `targets` [N, T] what several teachers say together, whose `outputs` [teachers, N, T] lie one after
  /// another: the distribution of an action of a teacher drawn at random, as far as the student can have it. One
  /// teacher too is put into the form of targets.
  func blend(
    _ outputs: UnsafePointer<Float>, teachers: Int, rows: Int, into targets: UnsafeMutablePointer<Float>)

  /// Writes the likeliest action by a target [T], in the environment's units.
  func decide(by target: UnsafePointer<Float>, action: inout [Float])

  /// Writes an action for one observation.
  mutating func act(on observation: [Float], explore: Bool, using random: inout RandomStream, action: inout [Float])

  /// One gradient step toward the lessons' targets. Does not allocate after the first call of a given size. Throws
  /// `NumericalFailure` when a loss is not finite.
  mutating func learn(_ lessons: DistillationBatch, metrics: inout MetricRow) throws(NumericalFailure)
}

/// How strongly a learner with entropy temperature tau is drawn to another policy pi_0: it maximizes the sum of
/// r - (tau + divergence) log pi + (share * tau + divergence) log pi_0.
///
/// `divergence` alone adds -divergence KL(pi || pi_0) to every reward (divide and conquer); `share` = alpha with
/// tau = 1/beta is Distral's (alpha / beta) log pi_0 - (1 / beta) log pi.
public struct KLRegularization: Sendable, Equatable {
  /// Share of the entropy temperature.
  public var share: Float
  /// Cost of a nat of divergence.
  public var divergence: Float

  /// No regularization where both are zero.
  public init(share: Float = 0, divergence: Float = 0) {
    self.share = share
    self.divergence = divergence
  }
}

/// A learner that can be drawn to another policy.
public protocol GuidedLearner: TeachingLearner {
  /// The other policy as it is at one moment, of shared parameters.
  associatedtype Prior: Sendable

  /// `update` with the terms of `regularization` towards `prior` in the critics' targets and the policy's loss.
  mutating func update(
    on batch: TransitionBatch, toward prior: Prior, regularization: KLRegularization, using random: inout RandomStream,
    metrics: inout MetricRow
  ) throws(NumericalFailure)
}

/// A student that learners can be drawn to.
public protocol GuidingStudent: PolicyStudent {
  /// The form in which learners take it.
  associatedtype Prior: Sendable

  /// Its policy as it is now. O(1): parameters are shared, not copied; let go of it before the next `learn`.
  var prior: Prior { get }
}
