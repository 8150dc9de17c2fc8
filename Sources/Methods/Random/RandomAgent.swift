public import Archive
public import Interfaces
public import Kernels

/// Draws every action uniformly from the action space and learns nothing: the baseline of every comparison.
public struct RandomAgent: Agent {
  private let space: ActionSpace
  /// Of each copy.
  private var (collection, evaluation): ([RandomStream], [RandomStream])

  /// No metrics.
  public var metricNames: [String] { [] }
  /// No costly phases.
  public var phases: PhaseSeconds { PhaseSeconds() }

  /// An agent for an action space, whose bounds must be finite.
  public init(action space: ActionSpace, random: RandomStream) {
    self.space = space
    let (low, high) = space.bounds
    precondition((low + high).allSatisfy { $0.isFinite }, "uniform actions need finite bounds")
    (collection, evaluation) = ([random], [random])
  }

  public mutating func prepare(copies: Int, for purpose: ActPurpose) {
    switch purpose {
    case .collect: collection = Array(repeating: collection[0], count: copies)
    case .evaluate: evaluation = Array(repeating: evaluation[0], count: copies)
    }
  }

  public mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    switch purpose {
    case .collect: collection[copy] = random
    case .evaluate: evaluation[copy] = random
    }
  }

  public mutating func act(on steps: inout CopySteps, for purpose: ActPurpose) {
    switch purpose {
    case .collect: space.draw(&steps.actions, using: &collection)
    case .evaluate: space.draw(&steps.actions, using: &evaluation)
    }
  }

  public mutating func observe(_ steps: CopySteps) {}

  public mutating func improve(metrics: inout MetricRow) {}
}

extension RandomAgent: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("collection", copies: &collection)
  }
}
