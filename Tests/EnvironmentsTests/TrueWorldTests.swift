import Environments
import Interfaces
import Kernels
import TestSupport
import Testing

/// Environments as worlds.
@Suite struct TrueWorldTests {
  /// In the world of a task whose steps are deterministic, steps are those of the task itself: states, rewards, ends.
  @Test func deterministicTasksFollowThemselves() throws {
    func check<Task: StateSpaceTask>(_ task: Task, _ action: (inout RandomStream) -> Float) throws {
      func follow<World: LearnedWorld>(_ world: World) throws {
        #expect(world.isFitted && !world.needsData)
        var (task, random) = (task, RandomStream(seed: 3))
        let size = task.spec.observationSize
        var (observation, starts) = ([Float](repeating: 0, count: size), Matrix(rows: 1, columns: size))
        try task.reset(using: &random, observation: &observation)
        starts.setRow(0, observation)
        var rollout = world.makeRollout(capacity: 1, keeping: 0)
        rollout.reset(RolloutStarts(count: 1, states: starts.pointer), using: random)
        for step in 0..<30 {
          let action = (0..<task.spec.action.size).map { _ in action(&random) }
          let outcome = try task.step(action, observation: &observation)
          let imagined = rollout.step(action)
          for i in 0..<size {
            #expect(abs(imagined.next[i] - observation[i]) < 1e-4 * max(1, abs(observation[i])), "\(Task.name) \(step)")
          }
          #expect(abs(imagined.rewards[0] - outcome.reward) < 1e-4 * max(1, abs(outcome.reward)), "\(Task.name)")
          #expect(imagined.terminated[0] == (outcome.ending == .terminated), "\(Task.name) at step \(step)")
          if outcome.ending != .none { break }
        }
      }
      let world = task.trueWorld
      try follow(world)
    }
    try check(Pendulum(PendulumSettings())) { $0.uniform(-2, 2) }
    try check(CartPoleSwingUp(CartPoleSwingUpSettings())) { $0.uniform(-3, 3) }
    try check(CartPole(CartPoleSettings())) { Float($0.index(below: 2)) }
    try check(Acrobot(AcrobotSettings())) { Float($0.index(below: 3)) }
    try check(PointMassObstacle(PointMassObstacleSettings())) { $0.uniform(-1, 1) }
  }

  /// Outcomes of a known process come as often as their probabilities say, with its rewards and ends.
  @Test func processesAreDrawnFrom() throws {
    let process = MarkovDecisionProcess(states: 3, actions: 2) { state, action in
      action == 0
        ? [
          .init(next: 1, probability: 0.25, reward: 2), .init(next: 2, probability: 0.75, reward: -1, terminates: true),
        ]
        : [.init(next: state, reward: 5)]
    }
    let count = 4000
    var rollout = KnownRewards(ProcessModel(process), UnknownObjective()).makeRollout(capacity: count, keeping: 0)
    var states = Matrix(rows: count, columns: 3)
    for row in 0..<count { states[row, 0] = 1 }
    rollout.reset(RolloutStarts(count: count, states: states.pointer), using: RandomStream(seed: 1))
    let drawn = rollout.step([Float](repeating: 0, count: count))
    var first = 0
    for row in 0..<count {
      let next = OneHot.index(of: drawn.next + 3 * row, count: 3)
      if next == 1 { first += 1 }
      #expect(next == 1 ? drawn.rewards[row] == 2 : next == 2 && drawn.rewards[row] == -1)
      #expect(drawn.terminated[row] == (next == 2))
    }
    // four standard errors
    #expect(abs(Double(first) / Double(count) - 0.25) < 4 * (0.1875 / Double(count)).squareRoot())
    let stayed = rollout.step([Float](repeating: 1, count: count))
    #expect((0..<count).allSatisfy { stayed.rewards[$0] == 5 && !stayed.terminated[$0] })
    let lost = rollout.step([Float](repeating: 7, count: count))
    #expect(lost.rewards[0].isNaN && lost.next[0].isNaN)
  }

  /// In the world of the gusts each row has gusts of its own, with the deviation of the task's.
  @Test func gustsAreDrawnInEachRow() {
    let task = PointMassGusts(PointMassGustsSettings())
    func check(_ world: some LearnedWorld) {
      let count = 5000
      var rollout = world.makeRollout(capacity: count, keeping: 0)
      let states = Matrix(rows: count, columns: 4)
      rollout.reset(RolloutStarts(count: count, states: states.pointer), using: RandomStream(seed: 2))
      let step = rollout.step([Float](repeating: 0, count: 2 * count))
      for axis in 2..<4 {
        let values = (0..<count).map { Double(step.next[4 * $0 + axis]) }
        let mean = values.reduce(0, +) / Double(count)
        let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)).squareRoot()
        // B w: the time step of 0.1 s times gusts of deviation 1
        #expect(abs(mean) < 0.006 && abs(deviation - 0.1) < 0.005, "\(mean), \(deviation)")
      }
    }
    let world = task.trueWorld
    check(world)
  }
}
