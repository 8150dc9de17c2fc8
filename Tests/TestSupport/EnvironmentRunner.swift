import Interfaces
import Kernels

/// An environment with the buffers and the random stream it needs.
struct EnvironmentRunner<Task: Environment> {
  var environment: Task
  var random: RandomStream
  var observation: [Float]
  var action: [Float]
  /// Whether the last step ended the episode.
  var isOver = false
  private let spec: EnvironmentSpec

  init(_ environment: Task, seed: UInt64) {
    self.environment = environment
    spec = environment.spec
    random = RandomStream(seed: seed)
    observation = Array(repeating: .nan, count: spec.observationSize)
    action = Array(repeating: 0, count: spec.action.size)
  }

  mutating func reset() throws {
    for index in observation.indices { observation[index] = .nan }
    try environment.reset(using: &random, observation: &observation)
    isOver = false
  }

  mutating func step(_ action: [Float]) throws -> StepOutcome {
    for index in observation.indices { observation[index] = .nan }
    let outcome = try environment.step(action, observation: &observation)
    isOver = outcome.ending != .none
    return outcome
  }

  /// Takes a random action and keeps it in `action`.
  mutating func step() throws -> StepOutcome {
    switch spec.action {
    case .discrete(let count): action[0] = Float(random.index(below: count))
    case .multiDiscrete(let counts):
      for index in action.indices { action[index] = Float(random.index(below: counts[index])) }
    case .box(let low, let high):
      for index in action.indices { action[index] = random.uniform(low[index], high[index]) }
    }
    return try step(action)
  }

  /// Takes a random action, or starts an episode where the last one is over.
  @discardableResult
  mutating func stepOrReset() throws -> StepOutcome? {
    guard isOver else { return try step() }
    try reset()
    return nil
  }
}
