import Archive
import GymnasiumEnvironments
import Interfaces
import Kernels
import Testing
import TestSupport

/// Saving, restoring and copying environments that live in Python.
@Suite struct StateTests {
  @Test func episodesGoOnWhereTheyWereSaved() throws {
    var player = Player(try UserTask.make())
    try player.reset()
    for _ in 0..<3 { try player.step([1]) }
    var copy = try player.resumed(in: UserTask.make())
    for _ in 0..<4 {
      let outcome = try player.step([2])
      #expect(try copy.step([2]) == outcome)
      #expect(copy.observation == player.observation)
    }
  }

  @Test func copiesAreEnvironmentsOfTheirOwn() throws {
    var player = Player(try UserTask.make())
    try player.reset()
    try player.step([1])
    var copy = player
    for _ in 0..<5 { try copy.step([2]) }
    #expect(copy.observation[0] == 6)
    try player.step([0])
    #expect(player.observation[0] == 2)
    try copy.step([2])
    try copy.reset()
    try player.step([0])
    #expect(player.observation[0] == 3)
  }

  /// A lock cannot be pickled; something that forgets itself can, but goes another way.
  @Test(arguments: ["lock", "fragile"]) func whatCannotBeSavedSaysSo(_ what: String) throws {
    var player = Player(try UserTask.make(["holds=\(what)"]))
    #expect(try player.environment.prepareToSave(), "nothing is under way")
    try player.reset()
    try player.step([1])
    #expect(try !player.environment.prepareToSave())
    try player.step([1])
    var copy = player
    #expect(throws: GymnasiumError.self) { try copy.step([1]) }
    // what is saved is good for the next episode
    var resumed = try player.resumed(in: UserTask.make(["holds=\(what)"]))
    try resumed.reset()
    try player.reset()
    #expect(resumed.observation == player.observation)
  }

  /// MuJoCo's simulation, Atari's emulator with its sticky actions, and what is written in Python.
  @Test(arguments: ["Hopper-v5", "ALE/Breakout-v5", "Taxi-v4", "Acrobot-v1"])
  func publishedTasksGoOnWhereTheyWereSaved(_ identifier: String) throws {
    let task = try GymnasiumTask("gymnasium:\(identifier)")
    var player = Player(try GymnasiumEnvironment(task))
    let bounds = player.environment.spec.action.bounds
    func action(_ step: Int) -> [Float] {
      zip(bounds.low, bounds.high).map { step % 3 == 0 ? $0 : $1 }
    }
    try player.reset()
    for step in 0..<9 { try player.step(action(step)) }
    var copy = try player.resumed(in: GymnasiumEnvironment(task))
    for step in 0..<30 {
      let outcome = try player.step(action(step))
      #expect(try copy.step(action(step)) == outcome)
      #expect(copy.observation == player.observation, "after \(step) steps")
      if outcome.ending != .none {
        try player.reset()
        try copy.reset()
      }
    }
  }
}
