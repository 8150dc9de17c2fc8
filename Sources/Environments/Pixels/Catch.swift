import Archive
import Configuration
import Interfaces
import Kernels

/// Settings of `Catch`.
public struct CatchSettings: Configuration {
  @Setting("Rows of the board", in: 2...100) public var rows: Int = 10
  @Setting("Columns of the board", in: 2...100) public var columns: Int = 5

  /// The published task.
  public init() {}
}

/// Catch a falling ball with a paddle: bsuite's `catch` (Osband et al. 2020).
///
/// The board is an image of one channel whose cells are 1 where the ball or the paddle is. The ball starts in the top
/// row, in a column drawn uniformly, and falls by one row a step; the paddle starts in the middle of the bottom row.
/// Actions 0, 1, 2 move the paddle left, not, right. When the ball has come to the bottom row the episode ends with
/// reward 1 where the paddle is below it, else -1. The best return is 1, that of random play about -0.6.
public struct Catch: NativeTask {
  public static let name = "Catch"
  public static let summary = "catch a falling ball, seen as 10x5 pixels (bsuite's catch, discrete)"

  public let spec: EnvironmentSpec
  public let objective: CatchObjective
  private let rows: Int
  private let columns: Int
  private var ball = (row: 0, column: 0)
  private var paddle = 0
  private var isRunning = false

  public init(_ settings: CatchSettings) {
    rows = settings.rows
    columns = settings.columns
    objective = CatchObjective(rows: rows, columns: columns)
    spec = EnvironmentSpec(
      observationSize: rows * columns,
      imageShape: ImageShape(height: rows, width: columns, channels: 1, maximum: 1), action: .discrete(count: 3),
      timeStep: 1, stepLimit: rows, rewardRange: -1...1)
  }

  public mutating func reset(using random: inout RandomStream, observation: inout [Float]) {
    ball = (0, random.index(below: columns))
    paddle = columns / 2
    isRunning = true
    show(in: &observation)
  }

  /// Throws `EnvironmentError` for an action that is none of the choices.
  public mutating func step(_ action: [Float], observation: inout [Float]) throws(EnvironmentError) -> StepOutcome {
    precondition(isRunning, "\(Self.name) was stepped outside an episode")
    try spec.action.check(action, of: Self.name)
    paddle = min(max(paddle + Int(action[0]) - 1, 0), columns - 1)
    ball.row += 1
    isRunning = ball.row < rows - 1
    show(in: &observation)
    guard !isRunning else { return StepOutcome(reward: 0, ending: .none) }
    return StepOutcome(reward: ball.column == paddle ? 1 : -1, ending: .terminated)
  }

  private func show(in observation: inout [Float]) {
    precondition(observation.count == rows * columns, "\(observation.count) floats for a board of \(rows)x\(columns)")
    for cell in observation.indices { observation[cell] = 0 }
    observation[ball.row * columns + ball.column] = 1
    observation[(rows - 1) * columns + paddle] = 1
  }

  public func picture() -> Picture? {
    var board = [Float](repeating: 0, count: rows * columns)
    show(in: &board)
    return .cells(board, height: rows, width: columns, maximum: 1)
  }
}

extension Catch: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("places", [ball.row, ball.column, paddle, isRunning ? 1 : 0])
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    let places = try reader.counts("places", count: 4)
    guard places[0] < rows, places[1] < columns, places[2] < columns else {
      throw .mismatch(name: "places", expected: "a row and two columns", found: "\(places)")
    }
    (ball.row, ball.column, paddle, isRunning) = (places[0], places[1], places[2], places[3] != 0)
  }
}

/// Reward and termination by what the next board shows: a ball in the bottom row ends the episode, caught where it is
/// the only cell there. NaN for boards whose cells are other numbers than 0 and 1.
public struct CatchObjective: Objective {
  let rows: Int
  let columns: Int

  /// Scores `count` transitions, as `Objective` says.
  public func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    let size = rows * columns
    for row in 0..<count {
      let board = next + row * size
      var (isBoard, above, below) = (true, 0, 0)
      for cell in 0..<size {
        if board[cell] == 1 {
          if cell < size - columns { above += 1 } else { below += 1 }
        } else if board[cell] != 0 {
          isBoard = false
        }
      }
      let isOver = isBoard && above == 0
      terminated[row] = isOver
      rewards[row] = !isBoard ? .nan : !isOver ? 0 : below == 1 ? 1 : -1
    }
  }
}
