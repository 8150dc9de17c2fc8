import Configuration
import GymnasiumEnvironments
import Interfaces
import Testing

/// How observations and actions of each space travel.
@Suite struct SpaceTests {
  /// The observations after the reset and after one step.
  private func observations(_ space: String) throws -> (spec: EnvironmentSpec, first: [Float], second: [Float]) {
    var player = Player(try UserTask.make(["observation=\(space)"]))
    try player.reset()
    let first = player.observation
    try player.step([0])
    return (player.environment.spec, first, player.observation)
  }

  private func count(from start: Float, _ size: Int) -> [Float] { (0..<size).map { start + Float($0) } }

  @Test func boxesAreFlattened() throws {
    let (spec, first, second) = try observations("matrix")
    #expect(spec.observationSize == 6 && spec.imageShape == nil)
    #expect(first == count(from: 0, 6) && second == count(from: 1, 6))
    #expect(try observations("bytes").second == count(from: 1, 6))
    #expect(try observations("bytes").spec.imageShape == nil)
  }

  @Test func imagesKeepTheirShape() throws {
    let gray = try observations("gray")
    #expect(gray.spec.imageShape == ImageShape(height: 4, width: 5, channels: 1))
    #expect(gray.second == count(from: 1, 20))
    let color = try observations("color")
    #expect(color.spec.imageShape == ImageShape(height: 4, width: 5, channels: 3))
    #expect(color.first == count(from: 0, 60))
  }

  /// Cells that are taken or free, as MinAtar shows its games.
  @Test func gridsOfTruthsAreImages() throws {
    let (spec, first, second) = try observations("grid")
    #expect(spec.imageShape == ImageShape(height: 3, width: 4, channels: 2, maximum: 1))
    #expect(first == [0] + [Float](repeating: 1, count: 23) && second == [Float](repeating: 1, count: 24))
  }

  /// Planes [2, 4, 5] become pixels [4, 5, 2].
  @Test func channelsThatComeFirstAreMovedInside() throws {
    let (spec, first, _) = try observations("planes")
    #expect(spec.imageShape == ImageShape(height: 4, width: 5, channels: 2))
    let (even, odd) = (count(from: 0, 20), count(from: 20, 20))
    let pixels: [Float] = zip(even, odd).flatMap { [$0, $1] }
    #expect(first == pixels)
  }

  @Test func choicesBecomeOneHotVectors() throws {
    let (spec, first, second) = try observations("choice")
    #expect(spec.observationSize == 4)
    #expect(first == [1, 0, 0, 0] && second == [0, 1, 0, 0])
  }

  /// As `gymnasium.spaces.flatten` has it: keys in alphabetical order.
  @Test func nestedSpacesAreFlattened() throws {
    let (spec, _, second) = try observations("nested")
    #expect(spec.observationSize == 7)
    #expect(second == [1, 1, 0.25, -0.5, 0, 1, 0])
  }

  @Test func whatCannotBeFlattenedIsNamed() throws {
    let hidden = try #require(throws: ConfigurationError.self) { try UserTask.make(["observation=hidden"]) }
    #expect("\(hidden)".contains("cannot be flattened into numbers: observation['heard'][0] of type Sequence"))
    let sequence = try #require(throws: ConfigurationError.self) { try UserTask.make(["observation=sequence"]) }
    #expect("\(sequence)".contains("observation of type Sequence"), "\(sequence)")
  }

  /// The reward is the sum of the numbers that arrive, and the task asserts that they lie in its space.
  @Test func actionsArrive() throws {
    let cases: [(space: String, expected: ActionSpace, action: [Float], sum: Float)] = [
      ("choice", .discrete(count: 3), [2], 7),
      ("choices", .multiDiscrete(counts: [3, 2]), [2, 1], 3),
      ("bits", .multiDiscrete(counts: [2, 2, 2]), [1, 0, 1], 2),
      ("box", .box(low: [-1, -1, -1, -1], high: [2, 2, 2, 2]), [1, 2, 5, -7], 4),
      ("precise", .box(low: [-0.1], high: [0.3]), [9], 0.3),
      ("whole", .box(low: [-3, -3], high: [3, 3]), [1.4, 1.6], 3),
    ]
    for (space, expected, action, sum) in cases {
      var player = Player(try UserTask.make(["action=\(space)"]))
      #expect(player.environment.spec.action == expected)
      try player.reset()
      #expect(try player.step(action).reward == sum, "\(space)")
    }
  }

  /// A box without axes is one number, on both sides.
  @Test func boxesWithoutAxesAreNumbers() throws {
    let (spec, first, second) = try observations("number")
    #expect(spec.observationSize == 1 && first == [0] && second == [1])
    var player = Player(try UserTask.make(["action=number"]))
    #expect(player.environment.spec.action == .box(low: [-2], high: [3]))
    try player.reset()
    #expect(try player.step([1.5]).reward == 1.5)
    #expect(try player.step([-9]).reward == -2)
  }

  @Test(arguments: [
    ("empty", "its observations are empty: Box([], [], (0,), float32)"),
    ("empty image", "its observations are empty: Box([], [], (0, 84, 3), uint8)"),
    ("countless", "its observations are of 1,099,511,627,776 numbers, at most 268,435,456 can be"),
    ("custom", "cannot be flattened into numbers: observation of type Custom"),
    ("hidden custom", "cannot be flattened into numbers: observation['x'][0] of type Custom"),
  ])
  func observationsThatNoAgentCanSeeAreRefused(space: String, reason: String) throws {
    let error = try #require(throws: ConfigurationError.self) { try UserTask.make(["observation=\(space)"]) }
    #expect("\(error)".contains(reason), "\(error)")
  }

  @Test(arguments: [
    ("unbounded", "no finite bounds"), ("text", "of type Text"), ("empty", "its actions are empty: Box([], [], (0,)"),
    ("no choices", "its actions are empty: MultiDiscrete([])"),
    ("countless", "its actions are of 16,777,217 choices, at most 16,777,216 can be told apart"),
    ("many", "its actions are of 16,777,217 choices, at most 16,777,216 can be told apart"),
    ("equal", "bounds that are equal as 32-bit floats in component 0, 1000000000.0 and 1000000001.0"),
    ("fixed", "bounds that are equal as 32-bit floats in component 1, 0.5 and 0.5"),
    ("overflowing", "no finite bounds"), ("vast", "no finite bounds"),
  ])
  func actionsThatNoAgentCanChooseAreRefused(space: String, reason: String) throws {
    let error = try #require(throws: ConfigurationError.self) { try UserTask.make(["action=\(space)"]) }
    #expect("\(error)".contains(reason), "\(error)")
  }

  @Test func actionsThatMeanNothingAreRefused() throws {
    var player = Player(try UserTask.make(["action=choices"]))
    try player.reset()
    for wrong: [Float] in [[.nan, 0], [3, 0], [0, 0.5], [-1, 0]] {
      #expect(throws: EnvironmentError.self) { try player.step(wrong) }
    }
    #expect(try player.step([0, 0]).reward == 0)
  }

  @Test func limitsAreThoseOfTheEnvironment() throws {
    #expect(try UserTask.make().spec.stepLimit == EnvironmentSpec.unlimited)
    var player = Player(try UserTask.make(name: "ShortCounter-v0"))
    #expect(player.environment.spec.stepLimit == 5)
    try player.reset()
    for _ in 0..<4 { #expect(try player.step([0]).ending == .none) }
    #expect(try player.step([0]).ending == .truncated)
    var settings = GymnasiumSettings()
    settings.stepLimit = 3
    #expect(try GymnasiumEnvironment(GymnasiumTask(UserTask.name, settings)).spec.stepLimit == 3)
  }

  /// The task shows its seed: another one every episode, the same ones from the same stream.
  @Test func seedsComeFromTheStream() throws {
    var (first, second) = (Player(try UserTask.make()), Player(try UserTask.make()))
    var seeds: [Float] = []
    for _ in 0..<3 {
      try first.reset()
      try second.reset()
      #expect(first.observation == second.observation)
      seeds.append(first.observation[1])
    }
    #expect(Set(seeds).count == 3 && seeds.allSatisfy { $0 >= 0 && $0 < 0x1p31 })
  }
}
