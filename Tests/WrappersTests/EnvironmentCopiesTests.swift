import Configuration
import Environments
import Interfaces
import Kernels
import TestSupport
import Testing
import Wrappers

@Suite struct EnvironmentCopiesTests {
  private typealias Check<Task: StateSpaceTask> = VectorEnvironmentConformance<EnvironmentCopies<Task>>

  private static func short() -> Pendulum {
    var settings = PendulumSettings()
    settings.stepLimit = 9
    return Pendulum(settings)
  }

  @Test func truncatingTasksConform() throws {
    let failures = try Check<Pendulum>.failures(single: Self.short(), steps: 25) { count in
      EnvironmentCopies(count: count) { Self.short() }
    }
    #expect(failures == [])
  }

  @Test func terminatingTasksConform() throws {
    let failures = try Check<CartPole>.failures(single: CartPole(CartPoleSettings()), steps: 80) { count in
      EnvironmentCopies(count: count) { CartPole(CartPoleSettings()) }
    }
    #expect(failures == [])
  }

  /// The final observation is the state that was left, not the start of the next episode.
  @Test func truncationKeepsWhereTheEpisodeEnded() throws {
    var vector = EnvironmentCopies(count: 3) { Self.short() }
    try vector.reset(using: RandomStream(seed: 5))
    let actions = Matrix(rows: 3, columns: 1)
    var last = [Float]()
    for _ in 0..<9 {
      last = Array(UnsafeBufferPointer(start: vector.observations, count: 9))
      try vector.step(actions)
    }
    for copy in 0..<3 {
      #expect(vector.endings[copy] == .truncated)
      // One step of 0.05 s at a speed of at most 8 turns the pendulum by at most 0.4.
      let (before, final) = (last[3 * copy..<3 * copy + 3], vector.nextObservation(copy))
      #expect(abs(before[3 * copy] - final[0]) < 0.41 && abs(before[3 * copy + 1] - final[1]) < 0.41)
      let start = UnsafeBufferPointer(start: vector.observations + 3 * copy, count: 3)
      #expect(!final.elementsEqual(start) && abs(start[2]) <= 1)
    }
  }

  /// In a process of its own: the pool belongs to all tests.
  @Test func threadsDoNotChangeABit() async {
    await #expect(processExitsWith: .success) {
      func course() throws -> Check<CartPole>.Course {
        try Check<CartPole>.course(
          EnvironmentCopies(count: 37) { CartPole(CartPoleSettings()) }, steps: 150, seed: 4)
      }
      let one = try course()
      for threads in [2, 3] {
        WorkerPool.configure(threads: threads)
        #expect(WorkerPool.threads == threads)
        #expect(try course() == one)
      }
    }
  }

  @Test func stepsOnTwoThreadsDoNotAllocate() async {
    await #expect(processExitsWith: .success) {
      WorkerPool.configure(threads: 2)
      var vector = EnvironmentCopies(count: 8) { Self.short() }
      try vector.reset(using: RandomStream(seed: 1))
      let actions = Matrix(rows: 8, columns: 1)
      let allocated = try processAllocations {
        for _ in 0..<20 { try vector.step(actions) }
      }
      #expect(allocated == 0)
    }
  }

  /// The error is that of the first copy that fails, and then only a reset helps.
  @Test func errorsOfTheFirstCopyComeThrough() throws {
    var vector = EnvironmentCopies(count: 6) { CartPole(CartPoleSettings()) }
    try vector.reset(using: RandomStream(seed: 1))
    let wrong = Matrix(rows: 6, columns: 1, [0, 1, 1, 7, 0, .nan])
    #expect(throws: EnvironmentError.noSuchChoice(environment: "CartPole-v1", action: 7, count: 2)) {
      try vector.step(wrong)
    }
    try vector.reset(using: RandomStream(seed: 1))
    try vector.step(Matrix(rows: 6, columns: 1))
    #expect(vector.rewards[5] == 1)
  }
}
