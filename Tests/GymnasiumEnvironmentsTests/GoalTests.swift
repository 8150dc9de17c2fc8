import GymnasiumEnvironments
import Interfaces
import Kernels
import Testing

/// Environments with goals, a `Dict` of `achieved_goal`, `desired_goal` and `observation`.
@Suite struct GoalTests {
  /// The parts come in the alphabetical order of their keys, and `compute_reward` tells the rewards of any goal.
  @Test func goalsAreFoundAndRewarded() throws {
    let environment = try UserTask.make(name: "Reach-v0")
    #expect(environment.goalLayout == GoalLayout(achieved: 0..<1, desired: 1..<2))
    let objective = try #require(environment.objective)
    #expect(objective.knowsReward && !objective.knowsTermination)
    var player = Player(environment)
    try player.reset()
    for _ in 0..<3 {
      let before = player.observation
      let outcome = try player.step([0.8])
      var next = Matrix(rows: 2, columns: 4)
      next.setRow(0, player.observation)
      var relabelled = player.observation
      relabelled[1] = relabelled[0] + 0.4
      next.setRow(1, relabelled)
      var states = Matrix(rows: 2, columns: 4)
      for row in 0..<2 { states.setRow(row, before) }
      var (rewards, terminated) = ([Float](repeating: 1, count: 2), [false, false])
      objective.evaluate(states, Matrix(rows: 2, columns: 1), next, rewards: &rewards, terminated: &terminated)
      #expect(rewards == [outcome.reward, 0])
    }
  }

  @Test func othersHaveNone() throws {
    #expect(try UserTask.make().goalLayout == nil)
  }
}
