public import Archive
public import Configuration
public import Interfaces
public import Kernels

/// Settings of `RandomAgent`: none.
public struct RandomAgentSettings: Configuration, Equatable {
  /// The only value.
  public init() {}
}

/// Draws every action uniformly from the action space and learns nothing: the baseline of every comparison.
public struct RandomAgent: Agent {
  private let space: ActionSpace
  private let low: [Float]
  private let high: [Float]
  private var collection: RandomStream
  private var evaluation: RandomStream

  /// No metrics.
  public var metricNames: [String] { [] }
  /// No costly phases.
  public var phases: PhaseSeconds { PhaseSeconds() }

  /// An agent for an action space, whose bounds must be finite.
  public init(action space: ActionSpace, random: RandomStream) {
    self.space = space
    (low, high) = space.bounds
    precondition((low + high).allSatisfy { $0.isFinite }, "uniform actions need finite bounds")
    collection = random
    evaluation = random
  }

  public mutating func startEpisode(for purpose: ActPurpose, using random: RandomStream) {
    switch purpose {
    case .collect: collection = random
    case .evaluate: evaluation = random
    }
  }

  public mutating func act(on observation: [Float], for purpose: ActPurpose, action: inout [Float]) {
    switch purpose {
    case .collect: draw(&action, using: &collection)
    case .evaluate: draw(&action, using: &evaluation)
    }
  }

  public mutating func observe(_ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float]) {}

  public mutating func improve(metrics: inout MetricRow) {}

  private func draw(_ action: inout [Float], using random: inout RandomStream) {
    precondition(action.count == space.size, "\(action.count) floats for actions of \(space.size)")
    switch space {
    case .discrete(let count): action[0] = Float(random.index(below: count))
    case .multiDiscrete(let counts):
      for index in action.indices { action[index] = Float(random.index(below: counts[index])) }
    case .box: for index in action.indices { action[index] = random.uniform(low[index], high[index]) }
    }
  }
}

extension RandomAgent: Checkpointable {
  public func save(to writer: inout StateWriter) { writer.write("collection", collection) }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    collection = try reader.stream("collection")
  }
}
