public import Archive
public import Interfaces
public import Kernels

/// An environment as the only copy of a vector environment.
///
/// Unlike others it starts an episode only when `startEpisodes` says so, so that nothing happens between two episodes,
/// when it can be saved whatever it is; episode e starts from the stream `random.child(e)`; and its saved state is the
/// environment's alone.
public final class SingleCopy<Base: Environment>: VectorEnvironment {
  public let spec: EnvironmentSpec
  private var environment: Base
  private var random = RandomStream(seed: 0)
  /// Index of the episode under way, or of the next one between two episodes.
  private var episode = 0
  private var isUnderWay = false
  private var simulatorSteps = 1
  private var taskReward: Float = 0
  private var observation: [Float]
  private var action: [Float]
  private let row: UnsafeMutablePointer<Float>
  private let reward: UnsafeMutablePointer<Float>
  private let ending: UnsafeMutablePointer<Ending>

  /// `environment`, not reset yet.
  public init(_ environment: Base) {
    self.environment = environment
    spec = environment.spec
    observation = Array(repeating: 0, count: spec.observationSize)
    action = Array(repeating: 0, count: spec.action.size)
    row = .allocate(capacity: spec.observationSize)
    row.initialize(repeating: 0, count: spec.observationSize)
    reward = .allocate(capacity: 1)
    reward.initialize(to: 0)
    ending = .allocate(capacity: 1)
    ending.initialize(to: .none)
  }

  deinit {
    row.deallocate()
    reward.deallocate()
    ending.deallocate()
  }

  public var count: Int { 1 }
  public func simulatorSteps(of index: Int) -> Int { simulatorSteps }
  public func taskReward(of index: Int) -> Float { taskReward }
  public var observations: UnsafePointer<Float> { UnsafePointer(row) }
  public var rewards: UnsafePointer<Float> { UnsafePointer(reward) }
  public var endings: UnsafePointer<Ending> { UnsafePointer(ending) }
  /// The same as `observations` until the next episode starts.
  public var finalObservations: UnsafePointer<Float> { UnsafePointer(row) }

  public func reset(using random: RandomStream) throws {
    self.random = random
    (episode, isUnderWay) = (0, false)
    reward.pointee = 0
    ending.pointee = .none
    try startEpisodes()
  }

  public func startEpisodes() throws {
    guard !isUnderWay else { return }
    var start = random.child(episode)
    try environment.reset(using: &start, observation: &observation)
    show()
    isUnderWay = true
  }

  public func step(_ actions: UnsafePointer<Float>) throws {
    precondition(isUnderWay, "a step before the episode has started")
    for component in action.indices { action[component] = actions[component] }
    let outcome = try environment.step(action, observation: &observation)
    show()
    reward.pointee = outcome.reward
    ending.pointee = outcome.ending
    simulatorSteps = outcome.simulatorSteps
    taskReward = outcome.taskReward
    guard outcome.ending != .none else { return }
    isUnderWay = false
    episode += 1
  }

  private func show() {
    observation.withUnsafeBufferPointer { observation in
      if let base = observation.baseAddress { row.update(from: base, count: observation.count) }
    }
  }

  public func resume(using random: RandomStream, episodes: [Int], isUnderWay: [Bool], observations: Matrix) {
    precondition(
      episodes.count == 1 && isUnderWay.count == 1 && observations.rows == 1
        && observations.columns == spec.observationSize, "places of other copies")
    (self.random, episode, self.isUnderWay) = (random, episodes[0], isUnderWay[0])
    for component in observation.indices { observation[component] = observations[0, component] }
    show()
  }

  public func saveStatistics(to writer: inout StateWriter) { environment.saveStatistics(to: &writer) }
}

extension SingleCopy: Checkpointable {
  public func prepareToSave() throws -> Bool { try environment.prepareToSave() || !isUnderWay }

  public func save(to writer: inout StateWriter) { environment.save(to: &writer) }

  public func restore(from reader: StateReader) throws(ArchiveError) { try environment.restore(from: reader) }
}

extension Environment {
  /// This environment as the only copy of a vector environment.
  public func alone() -> any VectorEnvironment { SingleCopy(self) }
}
