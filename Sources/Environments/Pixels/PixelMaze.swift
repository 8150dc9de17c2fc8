import Archive
import Configuration
import Interfaces
import Kernels

/// Settings of `PixelMaze`.
public struct PixelMazeSettings: Configuration {
  @Setting("Rows and columns of pixels that a cell of the maze has", in: 1...32) public var cell: Int = 3
  @Setting("Start in a cell drawn at random; otherwise always in the same, farthest one") public var randomStart: Bool =
    true
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000_000) public var stepLimit: Int = 100

  /// The task as described.
  public init() {}
}

/// Find the way through a maze that is seen from above, as gray pixels: a task in the manner of Lange and Riedmiller
/// (2010), whose agent knows neither its place nor that there are places.
///
/// 8 x 8 cells; walls have gray 100, the goal 180, the agent 255, free cells 0. Actions 0, 1, 2, 3 move up, down,
/// right, left; into a wall or off the map nothing moves. Reward 1 and the end at the goal, 0 before it.
public struct PixelMaze: NativeTask {
  public static let name = "pixel-maze"
  public static let summary = "find the goal of a maze of 8 x 8 cells, seen as 24x24 gray pixels (discrete)"

  /// Steps of the shortest way from the farthest corner.
  public static let shortestPath = 14

  public let spec: EnvironmentSpec
  public let objective: PixelMazeObjective
  private let settings: PixelMazeSettings
  private let map: GridMap
  private let start: Int
  private let starts: [Int]
  private var place = 0
  private var elapsedSteps = 0
  private var isRunning = false

  public init(_ settings: PixelMazeSettings) {
    self.settings = settings
    let map = GridMap(
      """
      S...#...
      .##.#.#.
      .#....#.
      .#.#.##.
      ...#....
      .#.#.##.
      .#...#..
      .#.#...G
      """)
    self.map = map
    guard let start = map.state(marked: "S"), let goal = map.state(marked: "G") else {
      preconditionFailure("a maze without a start or a goal")
    }
    self.start = start
    starts = (0..<map.stateCount).filter { $0 != goal }
    objective = PixelMazeObjective(map: map, goal: goal, cell: settings.cell)
    let size = 8 * settings.cell
    spec = EnvironmentSpec(
      observationSize: size * size, imageShape: ImageShape(height: size, width: size, channels: 1),
      action: .discrete(count: GridMap.actionCount), timeStep: 1, stepLimit: settings.stepLimit, rewardRange: 0...1)
  }

  public mutating func reset(using random: inout RandomStream, observation: inout [Float]) {
    place = settings.randomStart ? starts[random.index(below: starts.count)] : start
    elapsedSteps = 0
    isRunning = true
    objective.draw(place, into: &observation)
  }

  /// Throws `EnvironmentError` for an action that is none of the choices.
  public mutating func step(_ action: [Float], observation: inout [Float]) throws(EnvironmentError) -> StepOutcome {
    precondition(isRunning, "\(Self.name) was stepped outside an episode")
    try spec.action.check(action, of: Self.name)
    place = map.successor(of: place, Int(action[0]))
    elapsedSteps += 1
    let arrived = place == objective.goal
    let ending: Ending = arrived ? .terminated : elapsedSteps >= spec.stepLimit ? .truncated : .none
    isRunning = ending == .none
    objective.draw(place, into: &observation)
    return StepOutcome(reward: arrived ? 1 : 0, ending: ending)
  }

  public func picture() -> Picture? {
    var pixels = [Float](repeating: 0, count: spec.observationSize)
    objective.draw(place, into: &pixels)
    let size = 8 * settings.cell
    return .cells(pixels, height: size, width: size, maximum: 255)
  }
}

extension PixelMaze: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("counters", [place, elapsedSteps, isRunning ? 1 : 0])
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    let counters = try reader.integers("counters")
    guard counters.count == 3, (0..<map.stateCount).contains(counters[0]) else {
      throw .mismatch(name: "counters", expected: "3 integers, the first a cell", found: "\(counters)")
    }
    (place, elapsedSteps, isRunning) = (counters[0], counters[1], counters[2] != 0)
  }
}

/// Reward 1 and the end where the next image shows the agent at the goal; NaN for images that show no agent, or
/// several.
public struct PixelMazeObjective: Objective {
  private static let wallGray: Float = 100
  private static let goalGray: Float = 180
  private static let agentGray: Float = 255

  let goal: Int
  private let cell: Int
  /// The maze without the agent [size, size].
  private let empty: [Float]
  /// First pixel of each free cell.
  private let corners: [Int]

  init(map: GridMap, goal: Int, cell: Int) {
    self.goal = goal
    self.cell = cell
    let size = 8 * cell
    corners = (0..<map.stateCount).map {
      let (row, column) = map.place(of: $0)
      return (row * size + column) * cell
    }
    var image = [Float](repeating: Self.wallGray, count: size * size)
    for state in corners.indices {
      for pixel in Self.pixels(from: corners[state], cell: cell) { image[pixel] = state == goal ? Self.goalGray : 0 }
    }
    empty = image
  }

  private static func pixels(from corner: Int, cell: Int) -> [Int] {
    (0..<cell * cell).map { corner + $0 / cell * 8 * cell + $0 % cell }
  }

  /// The image of the maze with the agent in cell `place`. Does not allocate.
  func draw(_ place: Int, into image: inout [Float]) {
    precondition(image.count == empty.count, "\(image.count) floats for an image of \(empty.count)")
    for pixel in image.indices { image[pixel] = empty[pixel] }
    for y in 0..<cell { for x in 0..<cell { image[corners[place] + y * 8 * cell + x] = Self.agentGray } }
  }

  /// Scores `count` transitions, as `Objective` says.
  public func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    for row in 0..<count {
      let image = next + row * empty.count
      var (agents, arrived) = (0, false)
      for state in corners.indices where image[corners[state]] == Self.agentGray {
        agents += 1
        arrived = state == goal
      }
      terminated[row] = agents == 1 && arrived
      rewards[row] = agents == 1 ? (arrived ? 1 : 0) : .nan
    }
  }
}
