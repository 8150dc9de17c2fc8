public import Archive
public import Interfaces
public import Kernels

/// Repeats the previous action instead of the one asked for with a given probability, which makes a deterministic game
/// stochastic: Machado et al., "Revisiting the Arcade Learning Environment" (JAIR 2018), section 5. The first action of
/// an episode is always taken as asked.
public struct StickyActions<Base: Environment>: EnvironmentWrapper {
  public var base: Base
  private let probability: Float
  private var previous: [Float]
  private var hasPrevious = false
  private var random = RandomStream(seed: 0)

  /// Repeats with `probability`, in 0..<1.
  public init(_ base: Base, probability: Float) {
    precondition(probability >= 0 && probability < 1, "probability \(probability)")
    self.base = base
    self.probability = probability
    previous = Array(repeating: 0, count: base.spec.action.size)
  }

  /// Resets the base, then takes one number from `random` as the seed of the episode's repetitions.
  public mutating func reset(using random: inout RandomStream, observation: inout [Float]) throws {
    try base.reset(using: &random, observation: &observation)
    self.random = RandomStream(seed: random.next())
    hasPrevious = false
  }

  public mutating func step(_ action: [Float], observation: inout [Float]) throws -> StepOutcome {
    if hasPrevious && random.uniform() < probability { return try base.step(previous, observation: &observation) }
    let outcome = try base.step(action, observation: &observation)
    for index in previous.indices { previous[index] = action[index] }
    hasPrevious = true
    return outcome
  }

  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("base", &base)
    try fields.field("previous", &previous)
    try fields.field("has_previous", &hasPrevious)
    try fields.field("random", &random)
  }
}
