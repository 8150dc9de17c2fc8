import Configuration
import Interfaces
import Kernels

/// Settings of `DeepSea`.
public struct DeepSeaSettings: Configuration {
  /// Side of the grid.
  @Setting("Side of the grid, N: as many steps as an episode has", in: 2...100) public var size: Int = 10
  /// Whether moves to the right may fail.
  @Setting("Moves to the right fail with a probability of 1 / N") public var stochastic: Bool = false
  @Setting("Cost of going right at every step of an episode", in: 0...1) public var moveCost: Double = 0.01
  /// Whether the action that goes right is drawn for each cell.
  @Setting("Which action goes right is drawn for each cell; otherwise it is action 1") public var shuffled: Bool = true
  /// Seed of these draws.
  @Setting("Seed of these draws", in: 0...1_000_000_000) public var mappingSeed: Int = 0

  /// The published task.
  public init() {}
}

/// Dive to the right for a treasure, against a small cost at every step: bsuite's deep sea (Osband et al., "Behaviour
/// suite for reinforcement learning", 2020), which random exploration solves once in 2^N episodes.
///
/// N x N cells, numbered from left to right and from top to bottom. An episode starts in the upper left corner and
/// sinks by a row each step, N in all. One action goes a column to the right at a cost of 0.01 / N, the other one to
/// the left for nothing; at a wall the column stays. Going right in the lower right corner is worth 1 more.
///
/// Where `stochastic`, moves to the right fail as in bsuite, but rewards at the bottom are not noisy. The draws of
/// actions are ours, so that a mapping seed gives another mapping than NumPy's.
public struct DeepSea: FiniteTask {
  /// The name users type.
  public static let name = "deep-sea"
  /// What the task asks for.
  public static let summary = "dive right for a treasure against small costs, bsuite's test of exploration (tabular)"

  /// Shapes, bounds and step limit.
  public let spec: EnvironmentSpec
  /// What follows what.
  public let process: MarkovDecisionProcess
  /// Reward and termination on observations.
  public let objective: ProcessObjective
  /// The action that goes right in each cell, [N * N].
  public let rightActions: [Int]
  /// The episode under way.
  public var episode = FiniteEpisode()

  /// A task that has not been reset yet.
  public init(_ settings: DeepSeaSettings) {
    let (size, cost) = (settings.size, settings.moveCost / Double(settings.size))
    var random = RandomStream(seed: UInt64(settings.mappingSeed)).child("deep-sea")
    let rightActions = (0..<size * size).map { _ in settings.shuffled ? random.index(below: 2) : 1 }
    self.rightActions = rightActions
    process = MarkovDecisionProcess(states: size * size, actions: 2) { cell, action in
      let (row, column, isRight) = (cell / size, cell % size, action == rightActions[cell])
      func outcome(_ column: Int, _ probability: Double, _ reward: Double) -> MarkovDecisionProcess.Outcome {
        MarkovDecisionProcess.Outcome(
          next: min(row + 1, size - 1) * size + column, probability: probability, reward: reward,
          terminates: row == size - 1)
      }
      guard isRight else { return [outcome(max(column - 1, 0), 1, 0)] }
      let reward = (column == size - 1 ? 1 : 0) - cost
      let failure = settings.stochastic ? 1 / Double(size) : 0
      return MarkovDecisionProcess.Outcome.merged([
        outcome(min(column + 1, size - 1), 1 - failure, reward), outcome(column, failure, reward),
      ])
    }
    objective = ProcessObjective(process: process)
    spec = Self.spec(of: process, stepLimit: size, rewardRange: Float(-cost)...1)
  }

  /// The upper left corner.
  public func startState(using random: inout RandomStream) -> Int { 0 }
}
