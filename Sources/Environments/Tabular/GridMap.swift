import Interfaces

/// A rectangle of cells drawn as text, a line a row: `#` wall, `S` start, `G` goal, `P` pit, `.` free.
///
/// The cells that are not walls are states, numbered from left to right and from top to bottom.
struct GridMap {
  private let cells: [[Character]]
  /// Place of each state.
  private let places: [(row: Int, column: Int)]

  /// Numbers the cells of `drawing` that are not walls, and those that are free in `other`, of the same size.
  init(_ drawing: String, or other: String? = nil) {
    func cells(_ text: String) -> [[Character]] { text.split(separator: "\n").map(Array.init) }
    let drawn = cells(drawing)
    let alternative = cells(other ?? drawing)
    precondition(
      drawn.map(\.count) == alternative.map(\.count) && Set(drawn.map(\.count)).count == 1, "maps of other sizes")
    self.cells = drawn
    var places: [(row: Int, column: Int)] = []
    for row in drawn.indices {
      for column in drawn[row].indices where drawn[row][column] != "#" || alternative[row][column] != "#" {
        places.append((row, column))
      }
    }
    self.places = places
  }

  /// The four moves: up, down, right, left, as changes of row and column.
  private static let moves = [(-1, 0), (1, 0), (0, 1), (0, -1)]

  var stateCount: Int { places.count }
  static var actionCount: Int { moves.count }

  /// The cell of a state.
  func place(of state: Int) -> (row: Int, column: Int) { places[state] }

  /// The mark of a state.
  func mark(_ state: Int) -> Character { cells[places[state].row][places[state].column] }

  /// The first state marked `mark`.
  func state(marked mark: Character) -> Int? { places.indices.first { self.mark($0) == mark } }

  /// Where `move` leads from `state`: nowhere into a wall or off the map.
  func successor(of state: Int, _ move: Int) -> Int {
    let (row, column) = (places[state].row + Self.moves[move].0, places[state].column + Self.moves[move].1)
    guard cells.indices.contains(row), cells[row].indices.contains(column), cells[row][column] != "#" else {
      return state
    }
    return places.firstIndex { $0 == (row, column) } ?? state
  }

  /// The two moves at right angles to `move`.
  static func sideways(of move: Int) -> [Int] { move < 2 ? [2, 3] : [0, 1] }

  /// The process of moves that do as they are told: reward 1 and the end at the goal, 0 elsewhere.
  var goalProcess: MarkovDecisionProcess {
    MarkovDecisionProcess(states: stateCount, actions: Self.actionCount) { state, move in
      let next = successor(of: state, move)
      let arrived = mark(next) == "G"
      return [MarkovDecisionProcess.Outcome(next: next, reward: arrived ? 1 : 0, terminates: arrived)]
    }
  }
}

/// Reward 1 and the end on arrival at a goal; NaN for observations that are not one-hot.
public struct GoalObjective: Objective {
  let stateCount: Int
  let goal: Int

  /// Scores `count` transitions, as `Objective` says.
  public func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    for row in 0..<count {
      let arrival = OneHot.index(of: next + row * stateCount, count: stateCount)
      rewards[row] = arrival.map { $0 == goal ? 1 : 0 } ?? .nan
      terminated[row] = arrival == goal
    }
  }
}
