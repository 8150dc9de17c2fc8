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
  private var collection: RandomStream
  private var evaluation: RandomStream

  /// No metrics.
  public var metricNames: [String] { [] }
  /// No costly phases.
  public var phases: PhaseSeconds { PhaseSeconds() }

  /// An agent for an action space, whose bounds must be finite.
  public init(action space: ActionSpace, random: RandomStream) {
    self.space = space
    let (low, high) = space.bounds
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
    case .collect: space.draw(&action, using: &collection)
    case .evaluate: space.draw(&action, using: &evaluation)
    }
  }

  public mutating func observe(_ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float]) {}

  public mutating func improve(metrics: inout MetricRow) {}
}

extension RandomAgent: Checkpointable {
  public func save(to writer: inout StateWriter) { writer.write("collection", collection) }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    collection = try reader.stream("collection")
  }
}
