import Configuration
import Foundation
import GymnasiumEnvironments
import Interfaces
import Testing

/// What an environment sends is checked against the space that it declared, and what it gets is within its own.
@Suite struct CheckTests {
  static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Tasks/odd_tasks.py").path

  private func make(_ arguments: String) throws -> GymnasiumEnvironment {
    let settings = try GymnasiumSettings.decode(ConfigurationTree(assignment: "arguments={\(arguments)}"))
    return try GymnasiumEnvironment(GymnasiumTask("gymnasium:\(Self.file):Odd-v0", settings))
  }

  @Test(arguments: [
    ("one number for three", "array([0.5]) (shape (1,), float64)"), ("a scalar for three", "0.5 (float)"),
    ("a short list", "[0.75] (list)"), ("none", "None (NoneType)"), ("text", "'0.5' (str)"),
    ("a negative choice", "-1 (int), but Discrete(4) was declared"), ("a choice too many", "4 (int)"),
    ("a fractional choice", "2.0 (float)"), ("choices too many", "array([2, 2])"),
    ("bytes that wrap", "array([300,  -5,   0]) (shape (3,), int64), but Box(0, 255, (3,), uint8) was declared"),
    ("fractional bytes", "array([0.5, 1. ])"), ("a nested choice", "part ['a'] is -1 (int)"),
    ("a nested byte", "part [0] is array([256])"),
  ])
  func whatIsNotInTheSpaceIsRefused(item: String, words: String) throws {
    // at once, after thousands of steps, and as the last observation of an episode
    for more in ["", ", late: 2500", ", ending: true"] {
      var player = Player(try make("case: \(item)\(more)"))
      try player.reset()
      let error = try #require(throws: GymnasiumError.self) { for _ in 0..<2501 { try player.step([0]) } }
      let expected = words.replacing("array([300,  -5,   0])", with: "array([300, -5, 0])")
      #expect("\(error)".contains("step returned") && "\(error)".contains(expected), "\(error)")
      #expect(!"\(error)".contains("Traceback"))
    }
  }

  @Test func resetsOfTheOldInterfaceAreRefused() throws {
    for item in ["a list", "integers"] {
      var player = Player(try make("case: \(item), reset: old"))
      let error = try #require(throws: GymnasiumError.self) { try player.reset() }
      #expect("\(error)".contains("not an observation and a dictionary"), "\(error)")
    }
  }

  @Test(
    arguments: [
      ("a list", [0.5, 0.25], [0.25, 0.5]), ("integers", [1, 2], [3, 4]), ("whole bytes", [0, 255], [7, 8]),
      ("beyond the bounds", [0, 0], [0.5, 2.5]),
    ] as [(String, [Float], [Float])])
  func whatCanBeTakenAsItIsIs(item: String, first: [Float], second: [Float]) throws {
    var player = Player(try make("case: \(item)"))
    try player.reset()
    #expect(player.observation == first)
    try player.step([0])
    #expect(player.observation == second)
  }

  /// The task asserts that each action lies in its space, and the reward is the sum of its numbers.
  @Test(
    arguments: [
      ("bools", [0.7, 0.2], 1), ("bytes", [255, 256], 510), ("bytes", [254.6, -3], 255),
      ("wide", [0x1p31, -0x1p31], -1), ("long", [0x1p60], 9_007_199_254_740_992), ("half", [0.5, 0.5], 0.19995117),
    ] as [(String, [Float], Float)])
  func actionsAreWithinTheirSpace(space: String, action: [Float], sum: Float) throws {
    var player = Player(try UserTask.make(["action=\(space)"]))
    try player.reset()
    #expect(try player.step(action).reward == sum)
  }

  @Test(arguments: ["endless", "enormous"])
  func boundsThatOverflowAreNone(space: String) throws {
    let error = try #require(throws: ConfigurationError.self) { try UserTask.make(["action=\(space)"]) }
    #expect("\(error)".contains("no finite bounds"), "\(error)")
  }
}
