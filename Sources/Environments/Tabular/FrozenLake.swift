import Configuration
import Interfaces
import Kernels

/// Settings of `FrozenLake`.
public struct FrozenLakeSettings: Configuration {
  /// Published maps.
  public enum Map: String, CaseIterable, SettingValue {
    /// 16 cells, 4 of them holes.
    case small = "4x4"
    /// 64 cells, 10 of them holes.
    case large = "8x8"
  }

  /// Which map.
  @Setting("Map of the lake") public var map: Map = .small
  /// Whether moves may go aside.
  @Setting("Moves may go aside") public var slippery: Bool = true
  /// Probability that a move on slippery ice goes where it should.
  @Setting("Probability that a move on slippery ice goes where it should; half the rest goes to either side", in: 0...1)
  public var successRate: Double = 1.0 / 3
  /// Steps after which an episode is cut off.
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000_000) public var stepLimit: Int = 100

  /// The published task.
  public init() {}

  /// `FrozenLake8x8-v1`.
  public static var large: FrozenLakeSettings {
    var settings = FrozenLakeSettings()
    settings.map = .large
    settings.stepLimit = 200
    return settings
  }
}

/// Cross a frozen lake with holes in the ice: Gymnasium's `FrozenLake-v1` and, with the map `8x8` and 200 steps,
/// `FrozenLake8x8-v1`.
///
/// States are cells, numbered from left to right and from top to bottom. Actions 0, 1, 2, 3 move left, down, right, up;
/// off the map nothing moves. On slippery ice a move goes to either side with a third of the probability each. Reward 1
/// at the goal and 0 elsewhere; goal and holes end the episode.
public struct FrozenLake: FiniteTask {
  /// The name users type.
  public static let name = "FrozenLake-v1"
  /// What the task asks for.
  public static let summary = "cross slippery ice past its holes, 4 x 4 cells (tabular, discrete, 100 steps)"

  /// Shapes, bounds and step limit.
  public let spec: EnvironmentSpec
  /// What follows what.
  public let process: MarkovDecisionProcess
  /// Reward and termination on observations.
  public let objective: ProcessObjective
  /// The episode under way.
  public var episode = FiniteEpisode()

  /// A task that has not been reset yet.
  public init(_ settings: FrozenLakeSettings) {
    let cells = Array(settings.map.drawing.filter { $0 != "\n" })
    let side = settings.map == .small ? 4 : 8
    /// left, down, right, up
    func move(_ state: Int, _ action: Int) -> Int {
      let (row, column) = (state / side, state % side)
      switch action {
      case 0: return row * side + max(column - 1, 0)
      case 1: return min(row + 1, side - 1) * side + column
      case 2: return row * side + min(column + 1, side - 1)
      default: return max(row - 1, 0) * side + column
      }
    }
    process = MarkovDecisionProcess(states: cells.count, actions: 4) { state, action in
      if "GH".contains(cells[state]) { return [MarkovDecisionProcess.Outcome(next: state, terminates: true)] }
      let aside = (1 - settings.successRate) / 2
      let chances: [(direction: Int, probability: Double)] =
        settings.slippery
        ? [((action + 3) % 4, aside), (action, settings.successRate), ((action + 1) % 4, aside)] : [(action, 1)]
      return MarkovDecisionProcess.Outcome.merged(
        chances.map { direction, probability in
          let next = move(state, direction)
          return MarkovDecisionProcess.Outcome(
            next: next, probability: probability, reward: cells[next] == "G" ? 1 : 0,
            terminates: "GH".contains(cells[next]))
        })
    }
    objective = ProcessObjective(process: process)
    spec = Self.spec(of: process, stepLimit: settings.stepLimit, rewardRange: 0...1)
  }

  /// The upper left corner.
  public func startState(using random: inout RandomStream) -> Int { 0 }
}

extension FrozenLakeSettings.Map {
  /// Start S, ice F, holes H and goal G, a line a row.
  fileprivate var drawing: String {
    switch self {
    case .small:
      """
      SFFF
      FHFH
      FFFH
      HFFG
      """
    case .large:
      """
      SFFFFFFF
      FFFFFFFF
      FFFHFFFF
      FFFFFHFF
      FFFHFFFF
      FHHFFFHF
      FHFFHFHF
      FFFHFFFG
      """
    }
  }
}
