import Configuration
import Environments
import GymnasiumEnvironments
import Interfaces
import Kernels
import Testing
import TestSupport

/// The rules for all environments, on environments that live in Python; native tasks know their objectives.
@Suite struct ConformanceTests {
  @Test func cartPole() throws {
    let objective = CartPole(CartPoleSettings()).objective
    let task = try GymnasiumTask("gymnasium:CartPole-v1")
    #expect(try EnvironmentConformance.failures(objective: objective) { try GymnasiumEnvironment(task) } == [])
  }

  @Test func pendulum() throws {
    let objective = Pendulum(PendulumSettings()).objective
    let task = try GymnasiumTask("gymnasium:Pendulum-v1")
    #expect(try EnvironmentConformance.failures(objective: objective) { try GymnasiumEnvironment(task) } == [])
  }

  @Test(arguments: [1, 3]) func vectors(_ workers: Int) throws {
    let task = try UserTask.task(workers: workers)
    let failures = try VectorEnvironmentConformance.failures(single: UserTask.make(), steps: 25) { count in
      try GymnasiumVector(task, count: count)
    }
    #expect(failures == [])
  }

  /// How many processes share the copies changes nothing.
  @Test func workersChangeNothing() throws {
    let courses = try [1, 2, 5].map { workers in
      let task = try GymnasiumTask("gymnasium:CartPole-v1", settings(workers: workers))
      return try VectorEnvironmentConformance.course(GymnasiumVector(task, count: 5), steps: 60, seed: 4)
    }
    #expect(courses[0] == courses[1] && courses[0] == courses[2])
  }

  /// One copy that fails ends the step for all; a reset makes new ones.
  @Test(arguments: ["raise", "exit"]) func vectorsSurviveFailures(_ fault: String) throws {
    var vector = try GymnasiumVector(UserTask.task(["fault=\(fault)"], workers: 2), count: 4)
    let actions = Matrix(rows: 4, columns: 1)
    for _ in 0..<2 {
      try vector.reset(using: RandomStream(seed: 1))
      try vector.step(actions)
      try vector.step(actions)
      #expect(throws: GymnasiumError.self) { try vector.step(actions) }
    }
  }

  private func settings(workers: Int) -> GymnasiumSettings {
    var settings = GymnasiumSettings()
    settings.workers = workers
    return settings
  }

  /// Thirty random steps of each kind of task that Gymnasium brings.
  @Test(arguments: [
    ("LunarLander-v3", 8, ActionSpace.discrete(count: 4), 1000),
    ("LunarLanderContinuous-v3", 8, .box(low: [-1, -1], high: [1, 1]), 1000),
    ("BipedalWalker-v3", 24, .box(low: [-1, -1, -1, -1], high: [1, 1, 1, 1]), 1600),
    ("FrozenLake-v1", 16, .discrete(count: 4), 100),
    ("Taxi-v4", 500, .discrete(count: 6), 200),
    ("CliffWalking-v1", 48, .discrete(count: 4), EnvironmentSpec.unlimited),
    ("Blackjack-v1", 45, .discrete(count: 2), EnvironmentSpec.unlimited),
    ("ALE/Pong-v5", 100_800, .discrete(count: 6), 27_000),
  ])
  func publishedTasks(_ identifier: String, size: Int, action: ActionSpace, limit: Int) throws {
    var player = Player(try GymnasiumEnvironment(GymnasiumTask("gymnasium:\(identifier)")))
    let spec = player.environment.spec
    #expect(spec.observationSize == size && spec.action == action && spec.stepLimit == limit, "\(spec)")
    let isGame = identifier.hasPrefix("ALE/")
    #expect(spec.imageShape == (isGame ? ImageShape(height: 210, width: 160, channels: 3) : nil))
    var random = RandomStream(seed: 3)
    try player.reset()
    for _ in 0..<30 {
      let action: [Float] =
        switch spec.action {
        case .discrete(let count): [Float(random.index(below: count))]
        case .multiDiscrete(let counts): counts.map { Float(random.index(below: $0)) }
        case .box(let low, let high): zip(low, high).map { random.uniform($0, $1) }
        }
      if try player.step(action).ending != .none { try player.reset() }
    }
    #expect(player.observation.contains { $0 != 0 } && player.observation.allSatisfy(\.isFinite))
    if isGame { #expect((player.observation.max() ?? 0) > 100, "bytes arrive as 0...255") }
  }
}
