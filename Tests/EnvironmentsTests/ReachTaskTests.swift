import Environments
import Interfaces
import Kernels
import Testing

/// Tasks that show the goal to be reached.
@Suite struct ReachTaskTests {
  private func check<Task: ReachTask>(_ fresh: Task) throws {
    var (task, random) = (fresh, RandomStream(seed: 1))
    var observation = [Float](repeating: 0, count: task.spec.observationSize)
    try task.reset(using: &random, observation: &observation)
    let layout = try #require(task.goalLayout)
    let desired = Array(observation[layout.desired])
    for _ in 0..<5 {
      let outcome = try task.step([1, -1], observation: &observation)
      #expect(outcome.ending == .none && Array(observation[layout.desired]) == desired)
      let away = zip(observation[layout.achieved], desired).map { ($0 - $1) * ($0 - $1) }.reduce(0, +).squareRoot()
      #expect(outcome.reward == (Double(away) <= task.tolerance ? 0 : -1))
      #expect(task.measures == [outcome.reward == 0 ? 1 : 0])
    }
    // under the goal that is achieved the reward is 0, and -1 a little more than the tolerance away from it
    for (shift, reward) in [(0, Float(0)), (Float(1.01 * task.tolerance), -1)] {
      var relabelled = observation
      for (achieved, desired) in zip(layout.achieved, layout.desired) { relabelled[desired] = observation[achieved] }
      relabelled[layout.desired.lowerBound] += shift
      let (next, actions) = (
        Matrix(rows: 1, columns: relabelled.count, relabelled), Matrix(rows: 1, columns: task.spec.action.size)
      )
      var (rewards, terminated) = ([Float(7)], [true])
      task.objective.evaluate(next, actions, next, rewards: &rewards, terminated: &terminated)
      #expect(rewards == [reward] && terminated == [false])
    }
  }

  @Test func massReaches() throws { try check(PointMassReach(PointMassReachSettings())) }

  @Test func armReaches() throws { try check(ReacherReach(ReacherReachSettings())) }
}
