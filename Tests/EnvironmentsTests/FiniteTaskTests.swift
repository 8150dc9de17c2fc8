import Archive
import Configuration
import Environments
import Interfaces
import Kernels
import TestSupport
import Testing

@Suite struct FiniteTaskTests {
  @Test func conform() throws {
    func check<Task: FiniteTask>(_: Task.Type) throws {
      let objective = Task(Task.Settings()).objective
      #expect(try EnvironmentConformance.failures(objective: objective) { Task(Task.Settings()) } == [])
    }
    try check(DynaMaze.self)
    try check(BlockingMaze.self)
    try check(ShortcutMaze.self)
    try check(Chain.self)
    try check(FourByThree.self)
    try check(RandomProcess.self)
    try check(FrozenLake.self)
    try check(CliffWalking.self)
    try check(Taxi.self)
    try check(RandomWalk.self)
    try check(DeepSea.self)
    try check(MaximizationBias.self)
  }

  /// Where a state follows an action with several rewards, the objective tells none.
  @Test func ambiguousRewardsAreUnknown() throws {
    let slippery = CliffWalking(.slippery)
    #expect(!slippery.objective.knowsReward && CliffWalking(CliffWalkingSettings()).objective.knowsReward)
    #expect(
      try EnvironmentConformance.failures(objective: slippery.objective) { CliffWalking(.slippery) } == [])
  }

  /// The published mazes: 47 and 46 free cells, and the lengths of the shortest ways.
  @Test func mazesHaveTheirShortestWays() {
    let maze = DynaMaze(DynaMazeSettings())
    #expect(maze.spec.observationSize == 47)
    #expect(shortestWay(in: maze) == 14)
    var (blocking, shortcut) = (BlockingMazeSettings(), ShortcutMazeSettings())
    #expect(shortestWay(in: BlockingMaze(blocking)) == 10)
    #expect(shortestWay(in: ShortcutMaze(shortcut)) == 16)
    blocking.changeStep = 0
    shortcut.changeStep = 0
    #expect(shortestWay(in: BlockingMaze(blocking)) == 16)
    #expect(shortestWay(in: ShortcutMaze(shortcut)) == 10)
  }

  /// Breadth first from the start over steps of the process.
  private func shortestWay(in task: some FiniteTask) -> Int? {
    var random = RandomStream(seed: 1)
    var (reached, frontier) = (Set<Int>(), [task.startState(using: &random)])
    for length in 1...100 {
      var next: [Int] = []
      for state in frontier {
        for action in 0..<task.process.actionCount {
          for outcome in task.process[state, action] {
            if outcome.terminates { return length }
            if reached.insert(outcome.next).inserted { next.append(outcome.next) }
          }
        }
      }
      frontier = next
    }
    return nil
  }

  /// The walls move in the training environment's time, and a measuring environment shows them as they are there.
  @Test func mazeChangesWithTrainingAndNotWithMeasuring() throws {
    var settings = BlockingMazeSettings()
    settings.changeStep = 5
    settings.stepLimit = 4
    let initial = BlockingMaze(settings).process
    var (training, measuring) = (BlockingMaze(settings), BlockingMaze(settings))
    var (random, observation) = (RandomStream(seed: 1), [Float](repeating: 0, count: training.spec.observationSize))
    func adopt() throws {
      var writer = StateWriter()
      training.saveStatistics(to: &writer)
      try measuring.beginMeasurement(with: StateReader(writer.file))
    }
    func play(_ task: inout BlockingMaze, episodes: Int) throws {
      for _ in 0..<episodes {
        task.reset(using: &random, observation: &observation)
        while try task.step([0], observation: &observation).ending == .none {}
      }
    }
    func isChanged(_ task: BlockingMaze) -> Bool {
      (0..<initial.stateCount).contains { state in (0..<4).contains { task.process[state, $0] != initial[state, $0] } }
    }
    try play(&training, episodes: 1)  // four steps each
    try adopt()
    try play(&training, episodes: 1)
    #expect(isChanged(training) && !isChanged(measuring))
    try play(&measuring, episodes: 3)
    #expect(!isChanged(measuring))
    try adopt()
    #expect(isChanged(measuring))
  }

  /// Steps follow the probabilities that the process states.
  @Test func stepsFollowTheProcess() throws {
    var settings = RandomProcessSettings()
    settings.stepLimit = 1_000_000
    var task = RandomProcess(settings)
    var (random, observation) = (RandomStream(seed: 3), [Float](repeating: 0, count: task.spec.observationSize))
    task.reset(using: &random, observation: &observation)
    var counts: [[Int]: [Int: Int]] = [:]
    for _ in 0..<200_000 {
      let (state, action) = (task.episode.state, random.index(below: 4))
      let outcome = try task.step([Float(action)], observation: &observation)
      counts[[state, action], default: [:]][task.episode.state, default: 0] += 1
      #expect(outcome.reward == Float(task.process[state, action].first?.reward ?? .nan))
    }
    #expect(counts.count == 80)
    var worst = 0.0
    for (pair, seen) in counts {
      let total = Double(seen.values.reduce(0, +))
      for outcome in task.process[pair[0], pair[1]] {
        let (p, frequency) = (outcome.probability, Double(seen[outcome.next] ?? 0) / total)
        worst = max(worst, abs(frequency - p) / (p * (1 - p) / total).squareRoot())
      }
    }
    // the largest of 240 standard normal deviations is above 4.5 in 2 of 1,000 seeds
    #expect(worst < 4.5, "\(worst) standard deviations")
  }

  @Test func onlyOneHotVectorsAreNumbers() {
    #expect(OneHot.index(of: [0, 0, 1, 0]) == 2)
    for wrong: [Float] in [[0, 0], [1, 1], [0, 0.5], [0, .nan], [1, 0, .nan]] {
      #expect(OneHot.index(of: wrong) == nil)
    }
  }
}
