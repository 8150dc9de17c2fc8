import Archive
import Catalog
import Configuration
import Interfaces
import Kernels
import Laboratory
import TestSupport
import Testing
import Wrappers

/// Families made of any environment with several settings.
@Suite struct TaskCollectionTests {
  private func made(
    _ base: String, _ settings: String
  ) throws -> EnvironmentInstance {
    try Catalog.registry.environment("tasks:" + base).make(.parse(yaml: settings, file: "test"))
  }

  private static let poles = "members: [{action_cost: 0.01}, {action_cost: 1}, {action_cost: 0.5}]"

  @Test func rulesHold() throws {
    let family = try made("cartpole-swingup", Self.poles)
    let environment = try #require(family.environment as? TaskCollection)
    #expect(try EnvironmentConformance.failures(objective: family.objective) { environment } == [])
    #expect(environment.spec.observationSize == 8 && environment.taskCode == 5..<8 && environment.taskCount == 3)
  }

  /// Tasks are drawn uniformly, shown by their code, and each pays by its own settings.
  @Test func everyTaskHasItsOwnSettings() throws {
    var environment = try #require(made("cartpole-swingup", Self.poles).environment as? TaskCollection)
    var random = RandomStream(seed: 3)
    var (observation, counts) = ([Float](repeating: 0, count: 8), [0, 0, 0])
    for _ in 0..<300 {
      try environment.reset(using: &random, observation: &observation)
      let task = environment.currentTask
      counts[task] += 1
      #expect(Array(observation[5...]) == (0..<3).map { $0 == task ? 1 : 0 })
      let still = try environment.step([0], observation: &observation).reward
      try environment.reset(using: &random, observation: &observation)
      let pushed = try environment.step([3], observation: &observation).reward
      #expect(still >= 0)
      // a push of 3 costs 9 times the setting, and earns at most 1
      let cost: Float = 9 * [0.01, 1, 0.5][environment.currentTask]
      #expect(pushed <= 1 - cost && pushed >= -cost)
    }
    #expect(counts.allSatisfy { abs(Double($0) - 100) < 4 * (300.0 * 2 / 9).squareRoot() })
  }

  @Test func objectivesScoreTheTaskThatIsShown() throws {
    let family = try made("cartpole-swingup", Self.poles)
    let objective = try #require(family.objective)
    let base: [Float] = [0.1, 0, -1, 0, 0]
    let states = Matrix(rows: 3, columns: 8, (0..<3).flatMap { task in base + (0..<3).map { $0 == task ? 0.9 : 0.2 } })
    var (rewards, terminated) = ([Float](repeating: 0, count: 3), [Bool](repeating: true, count: 3))
    objective.evaluate(
      states, Matrix(rows: 3, columns: 1, [2, 2, 2]), states, rewards: &rewards, terminated: &terminated)
    #expect(terminated == [false, false, false])
    #expect(abs(rewards[0] - rewards[1] - 4 * 0.99) < 1e-5 && abs(rewards[2] - rewards[1] - 4 * 0.5) < 1e-5)
  }

  @Test func hiddenTasksAndOneTaskAlone() throws {
    let hidden = try made("cartpole-swingup", Self.poles + "\ntasks: {shown: false, only: 2}")
    var environment = try #require(hidden.environment as? TaskCollection)
    #expect(environment.spec.observationSize == 5 && environment.taskCode == nil && hidden.objective == nil)
    var (random, observation) = (RandomStream(seed: 4), [Float](repeating: 0, count: 5))
    for _ in 0..<20 {
      try environment.reset(using: &random, observation: &observation)
      #expect(environment.currentTask == 2)
    }
  }

  @Test func mistakesAreNamed() {
    func problem(_ base: String, _ settings: String) -> String {
      do {
        _ = try made(base, settings)
        return "none"
      } catch { return "\(error)" }
    }
    #expect(problem("cartpole-swingup", "{}").hasPrefix("environment.members"))
    #expect(problem("cartpole-swingup", "{}").contains("must be a list of 1 to 64 mappings"))
    let unknown = problem("cartpole-swingup", "members: [{}, {action_costs: 1}]")
    #expect(unknown.contains("environment.members[1].action_costs") && unknown.contains("did you mean"))
    let range = problem("cartpole-swingup", "members: [{action_cost: 7}]")
    #expect(range.contains("environment.members[0].action_cost = 7"))
    #expect(
      problem("cartpole-swingup", "members: [{}, {step_limit: 9}]").contains(
        "must have the same step limit for all tasks: task 1 has 9, task 0 200"))
    #expect(problem("cartpole-swingup", "members: [{wrappers: {time_limit: 9}}]").contains("members[0].wrappers"))
    #expect(problem("cartpole-swingup", "{members: [{}], tasks: {only: 1}}").contains("tasks.only = 1"))
    #expect(problem("NAME", "members: [{}]").contains("such as tasks:Pendulum-v1"))
    #expect(problem("no-such-task", "members: [{}]").contains("unknown environment 'no-such-task'"))
  }
}
