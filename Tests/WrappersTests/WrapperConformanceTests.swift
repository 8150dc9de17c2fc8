import Configuration
import Environments
import Interfaces
import TestSupport
import Testing
import Wrappers

/// The rules for all environments, on every wrapper; and objectives that follow their environments.
@Suite struct WrapperConformanceTests {
  /// A short pendulum in the given wrappers.
  private static func wrapped(_ change: (inout WrapperSettings) -> Void) throws -> WrappedTask {
    var settings = PendulumSettings()
    settings.stepLimit = 40
    let pendulum = Pendulum(settings)
    var (task, wrappers) = (WrappedTask(pendulum, objective: pendulum.objective), WrapperSettings())
    change(&wrappers)
    try task.wrap(wrappers, path: "environment.wrappers")
    return task
  }

  private static func check(_ task: WrappedTask) throws -> [String] {
    func failures<Task: Environment, Score: Objective>(_ environment: Task, _ objective: Score) throws -> [String] {
      try EnvironmentConformance.failures(objective: objective) { environment }
    }
    func failures<Task: Environment>(_ environment: Task) throws -> [String] {
      try EnvironmentConformance.failures { environment }
    }
    guard let objective = task.objective else { return try failures(task.environment) }
    return try failures(task.environment, objective)
  }

  @Test func wrappersThatKeepTheObjectiveConform() throws {
    let changes: [(inout WrapperSettings) -> Void] = [
      { $0.timeLimit = 17 }, { $0.rescaleActions = true }, { $0.clipActions = true }, { $0.discretizedActions = 5 },
      { $0.scaledRewards = 0.1 },
      {
        $0.rescaleActions = true
        $0.discretizedActions = 3
        $0.scaledRewards = 2
        $0.timeLimit = 9
      },
    ]
    for change in changes {
      let task = try Self.wrapped(change)
      #expect(task.objective != nil)
      #expect(try Self.check(task) == [])
    }
  }

  @Test func wrappersThatDropTheObjectiveConform() throws {
    let changes: [(inout WrapperSettings) -> Void] = [
      { $0.stickyActions = 0.3 }, { $0.actionRepeat = 3 }, { $0.frameStack = 3 }, { $0.normalizeObservations = true },
      { $0.normalizeRewards = true },
    ]
    for change in changes {
      let task = try Self.wrapped(change)
      #expect(task.objective == nil)
      #expect(try Self.check(task) == [])
    }
  }

  @Test func imageWrappersConform() throws {
    #expect(try EnvironmentConformance.failures { Camera() } == [])
    #expect(
      try EnvironmentConformance.failures {
        try FrameStack(Resized(Grayscale(Camera()), height: 2, width: 5), frames: 3)
      } == [])
  }

  @Test func noWrapperIsNoChange() throws {
    let task = try Self.wrapped { _ in }
    #expect(task.environment is Pendulum && task.objective is PendulumObjective)
  }

  @Test func misfitsNameTheirKey() throws {
    let error = #expect(throws: ConfigurationError.self) { try Self.wrapped { $0.resized = [8, 8] } }
    #expect(error.map { "\($0)" } == "environment.wrappers.resized: needs images; the observation is 3 numbers")
  }
}
