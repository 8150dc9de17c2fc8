import Configuration
import GymnasiumEnvironments
import Interfaces
import Kernels
import Testing

/// Rewards and terminations that a Python environment tells in batches.
@Suite struct ObjectiveTests {
  private func make(_ arguments: String = "") throws -> GymnasiumEnvironment {
    let settings = try GymnasiumSettings.decode(ConfigurationTree(assignment: "arguments={\(arguments)}"))
    return try GymnasiumEnvironment(GymnasiumTask("gymnasium:\(CheckTests.file):Walk-v0", settings))
  }

  /// More steps than travel at once, from several threads: each gets its own reward.
  @Test func scoresAreThoseOfTheFunctions() throws {
    let objective = try #require(try make().objective)
    #expect(objective.knowsReward && objective.knowsTermination)
    let count = 10_000
    let next = Matrix(rows: count, columns: 1, (0..<count).map { Float($0) / 1000 })
    let actions = Matrix(rows: count, columns: 1)
    var (rewards, terminated) = ([Float](repeating: 0, count: count), [Bool](repeating: false, count: count))
    objective.evaluate(next, actions, next, rewards: &rewards, terminated: &terminated)
    let wrong = (0..<count).filter { row in
      let x = Float(row) / 1000
      return rewards[row] != -(x * x) || terminated[row] != (x > 3)
    }
    #expect(wrong.isEmpty)
  }

  @Test func whatIsNotToldIsNotKnown() throws { #expect(try make("tells: false").objective == nil) }

  /// An exception where steps are scored reaches whoever steps the environment next.
  @Test(arguments: [("raise", "no rewards today"), ("shape", "not one number each")])
  func failuresAreThrownByTheNextStep(fault: String, words: String) throws {
    let environment = try make("fault: \(fault)")
    let objective = try #require(environment.objective)
    var player = Player(environment)
    // the comparison with what steps give would fail too
    try? player.reset()
    var (rewards, terminated): ([Float], [Bool]) = ([0], [true])
    let one = Matrix(rows: 1, columns: 1)
    objective.evaluate(one, one, one, rewards: &rewards, terminated: &terminated)
    #expect(rewards[0].isNaN && !terminated[0])
    let error = try #require(throws: GymnasiumError.self) { try player.step([0]) }
    #expect("\(error)".contains(words), "\(error)")
  }
}
