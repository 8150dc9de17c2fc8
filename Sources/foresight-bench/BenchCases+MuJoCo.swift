#if MuJoCo

import Interfaces
import Kernels
import MuJoCoEnvironments

extension BenchCase {
  /// Steps of MuJoCo tasks beside the integration steps alone.
  static let mujoco: [BenchCase] =
    stepping(HalfCheetah.self, "HalfCheetah-v5") + stepping(Hopper.self, "Hopper-v5")

  private static func stepping<Task: MuJoCoTask>(_: Task.Type, _ name: String) -> [BenchCase] {
    [(1, "", "one thread"), (4, "-copies", "4 copies on all threads")].map { copies, suffix, place in
      BenchCase(
        name: "env-step-\(name)\(suffix)",
        summary: "steps of \(name) with random actions, \(place), resets included; the limit is mj_step alone"
      ) { clock in
        let environment = try MuJoCoEnvironment<Task>(.v5)
        var random = RandomStream(seed: 0)
        let (low, high) = environment.spec.action.bounds
        let actions = (0..<1000).map { _ in low.indices.map { random.uniform(low[$0], high[$0]) } }
        let courses = try (0..<copies).map {
          try SteppedCourse(environment, actions: actions, random: random.child($0))
        }
        let (steps, bare) = (SteppedCourses(courses) { $0.run() }, SteppedCourses(courses) { $0.runBare() })
        return clock.measure(
          "env-step-\(name)\(suffix)", metric: "steps", unit: "steps/s", amount: Double(copies * actions.count),
          limit: { bare.run() }, limitedBy: "mj_step"
        ) { steps.run() }
      }
    }
  }
}

/// The same course of one environment with and without everything around the integration.
private final class SteppedCourse<Task: MuJoCoTask>: @unchecked Sendable {
  private var environment: MuJoCoEnvironment<Task>
  private var observation: [Float]
  private let actions: [[Float]]
  private let random: RandomStream
  private let bare: BareStepping

  init(_ environment: MuJoCoEnvironment<Task>, actions: [[Float]], random: RandomStream) throws {
    self.environment = environment
    self.actions = actions
    self.random = random
    observation = Array(repeating: 0, count: environment.spec.observationSize)
    bare = try BareStepping(environment, actions: actions, random: random)
  }

  func run() {
    var random = random
    environment.reset(using: &random, observation: &observation)
    for (index, action) in actions.enumerated() {
      guard let outcome = try? environment.step(action, observation: &observation) else {
        preconditionFailure("a recorded course diverged")
      }
      if outcome.ending != .none, index + 1 < actions.count {
        environment.reset(using: &random, observation: &observation)
      }
    }
  }

  func runBare() { bare.run() }
}

/// Courses shared among the threads.
private final class SteppedCourses<Course: Sendable>: @unchecked Sendable {
  private let courses: [Course]
  private let body: @Sendable (Course) -> Void

  init(_ courses: [Course], body: @escaping @Sendable (Course) -> Void) {
    self.courses = courses
    self.body = body
  }

  func run() { WorkerPool.run(shards: courses.count, Work(owner: Unmanaged.passUnretained(self))) }

  private struct Work: ShardedWork {
    let owner: Unmanaged<SteppedCourses<Course>>
    func run(shard: Int, worker: Int) { owner._withUnsafeGuaranteedRef { $0.body($0.courses[shard]) } }
  }
}

#else

extension BenchCase {
  /// None: the program was built without MuJoCo.
  static let mujoco: [BenchCase] = []
}

#endif
