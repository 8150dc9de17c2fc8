/// An environment each of whose episodes is of one of several related tasks, drawn when it starts from the stream that
/// `reset` is given: which task an episode is of depends on nothing before it.
public protocol TaskFamily: Environment {
  /// Number of tasks, K.
  var taskCount: Int { get }

  /// The task of the episode under way, in 0..<K; 0 before the first reset.
  var currentTask: Int { get }

  /// Where an observation shows its task as a one-hot vector of K floats; nil where it does not. Constant over the life
  /// of the value. Always the observation's end.
  var taskCode: Range<Int>? { get }
}
