import Archive
import Kernels

/// N environments of one kind that are stepped together.
///
/// An episode that ends is followed by the next one of the same copy, at once or at the latest when `startEpisodes`
/// says so: then `observations` shows its first observation, while `finalObservations` keeps the one that the ended
/// episode closed with, which is where a truncated episode bootstraps from. All buffers are flat, belong to the
/// environment and stay in place until it is mutated.
public protocol VectorEnvironment: Checkpointable {
  /// Shapes and limits of each copy; constant over the life of the value.
  var spec: EnvironmentSpec { get }

  /// Number of copies, N.
  var count: Int { get }

  /// What to act on next, [N, D], row-major.
  var observations: UnsafePointer<Float> { get }

  /// Rewards of the last step, [N].
  var rewards: UnsafePointer<Float> { get }

  /// Whether and why each copy's episode ended in the last step, [N].
  var endings: UnsafePointer<Ending> { get }

  /// Where episodes ended in the last step, their last observations, [N, D]; the other rows mean nothing.
  var finalObservations: UnsafePointer<Float> { get }

  /// Steps that the simulator of copy `index` took in the last step: see `StepOutcome`.
  func simulatorSteps(of index: Int) -> Int

  /// Reward of copy `index` in the last step in the task's own units: see `StepOutcome`.
  func taskReward(of index: Int) -> Float

  /// Starts an episode in every copy. Episode e of copy i starts from the stream `random.child(i).child(e)`, whatever
  /// the other copies do. Allocates at most on the first call.
  mutating func reset(using random: RandomStream) throws

  /// Takes one step in every copy under `actions` [N, A], and may start the next episode where one ended. Results do
  /// not depend on the number of threads. Does not allocate. When copies fail, throws the error of the first of them;
  /// `reset` must follow.
  mutating func step(_ actions: UnsafePointer<Float>) throws

  /// Starts the next episode wherever the last step ended one and did not start it; called before each step but the
  /// first. Does not allocate.
  mutating func startEpisodes() throws

  /// Goes on, after `restore`, from where copies stood when they were saved: `episodes` [N] begun before the present
  /// one by each copy, whose `observations` [N, D] were the last ones, below the stream of the last `reset`. For
  /// environments that do not save that themselves.
  mutating func resume(using random: RandomStream, episodes: [Int], isUnderWay: [Bool], observations: Matrix)

  /// Gets ready for `save`, as `Environment.prepareToSave` does. False where the episodes under way cannot be saved; after
  /// a restore from what is saved then, `reset` must follow.
  mutating func prepareToSave() throws -> Bool

  /// Writes the running statistics of training by which the copies together normalize what they show, as
  /// `Environment.saveStatistics` does; nothing for most.
  func saveStatistics(to writer: inout StateWriter)
}

/// An environment of which N copies are better stepped in its own way than one by one.
public protocol VectorizableEnvironment: Environment {
  /// `count` environments like this one, not reset yet.
  func makeVector(count: Int) throws -> any VectorEnvironment
}

extension VectorEnvironment {
  /// One: most take a step at a time.
  public func simulatorSteps(of index: Int) -> Int { 1 }

  /// The reward: most do not scale it.
  public func taskReward(of index: Int) -> Float { rewards[index] }

  /// Nothing to do: most start episodes in `step`.
  public mutating func startEpisodes() throws {}

  /// Nothing to do: most save where they stand.
  public mutating func resume(using random: RandomStream, episodes: [Int], isUnderWay: [Bool], observations: Matrix) {}

  /// Nothing to do: most environments can be saved at any time.
  public mutating func prepareToSave() throws -> Bool { true }

  /// Nothing: most environments learn nothing.
  public func saveStatistics(to writer: inout StateWriter) {}

  /// Takes one step in every copy under `actions` [N, A].
  public mutating func step(_ actions: Matrix) throws {
    precondition(
      actions.rows == count && actions.columns == spec.action.size,
      "actions [\(actions.rows), \(actions.columns)] for \(count) copies that take \(spec.action.size) floats")
    try withExtendedLifetime(actions) { try step(actions.pointer) }
  }

  /// The observation of copy `index` at the end of the last step, [D]: the final one of an episode that ended, never the
  /// first one of the next.
  public func nextObservation(_ index: Int) -> UnsafeBufferPointer<Float> {
    precondition(index >= 0 && index < count, "copy \(index) of \(count)")
    let size = spec.observationSize
    let rows = endings[index] == .none ? observations : finalObservations
    return UnsafeBufferPointer(start: rows + index * size, count: size)
  }
}
