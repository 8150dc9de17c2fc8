import Methods
import Environments
import Interfaces
import Kernels
import Learners
import Models
import TestSupport
import Testing

@Suite struct DynaQTests {
  private typealias Player = DynaQ

  private static func agent(
    in task: some FiniteTask, planningSteps: Int, kappa: Double = 0, kind: TabularModelSettings.Kind = .deterministic,
    stepSize: Double = 0.1, seed: UInt64 = 1
  ) -> Player {
    var (settings, values, model) = (DynaQSettings(), TabularQSettings(), TabularModelSettings())
    settings.planningSteps = planningSteps
    settings.kappa = kappa
    values.stepSize = stepSize
    model.kind = kind
    let (states, actions) = (task.process.stateCount, task.process.actionCount)
    return DynaQ(
      settings, learner: TabularQ(values, states: states, actions: actions),
      model: TabularModel(model, states: states, actions: actions), states: states, actions: actions,
      using: RandomStream(seed: seed))
  }

  // MARK: - Value iteration

  /// The utilities that Russell and Norvig print, to three digits.
  @Test func valueIterationFindsPublishedUtilities() {
    let optimum = FourByThree(FourByThreeSettings()).process.optimalValues(discount: 1)
    #expect(optimum.change <= 1e-12)
    let published = [0.812, 0.868, 0.918, nil, 0.762, 0.660, nil, 0.705, 0.655, 0.611, 0.388]
    for (value, expected) in zip(optimum.values, published) {
      if let expected { #expect(abs(value - expected) < 6e-4, "\(value), published \(expected)") }
    }
  }

  /// Chains that do not slip, and the maze, in closed form.
  @Test func valueIterationFindsClosedForms() {
    var settings = ChainSettings()
    settings.slip = 0
    let chain = Chain(settings).process.optimalValues(discount: 0.9)
    var power = 1.0
    for state in (0..<5).reversed() {
      #expect(abs(chain.values[state] - power * 10 / (1 - 0.9)) < 1e-9)
      power *= 0.9
    }
    let maze = DynaMaze(DynaMazeSettings())
    var (random, expected) = (RandomStream(seed: 1), 1.0)
    for _ in 1..<DynaMaze.shortestPath { expected *= 0.95 }
    let value = maze.process.optimalValues(discount: 0.95).values[maze.startState(using: &random)]
    #expect(abs(value - expected) < 1e-12)
  }

  // MARK: - Dyna in an exact model

  /// Shown every outcome as often as its probability says, Dyna's values go to the optimal ones of the true process.
  @Test func planningInAnExactModelIsValueIteration() {
    let chain = Chain(ChainSettings())
    check(Self.agent(in: chain, planningSteps: 1000, kind: .empirical, stepSize: 0.5), chain, repeats: 5)
    let maze = DynaMaze(DynaMazeSettings())
    check(Self.agent(in: maze, planningSteps: 1000, stepSize: 1), maze, repeats: 1)
  }

  private func check(_ player: Player, _ task: some FiniteTask, repeats: Int) {
    let (process, size) = (task.process, task.spec.observationSize)
    func oneHot(_ state: Int) -> [Float] { (0..<size).map { $0 == state ? 1 : 0 } }
    var (agent, metrics) = (player, MetricRow(names: player.metricNames))
    for state in 0..<size {
      for action in 0..<process.actionCount {
        for outcome in process[state, action] {
          for _ in 0..<Int((outcome.probability * Double(repeats)).rounded()) {
            agent.observe(
              oneHot(state), [Float(action)],
              StepOutcome(reward: Float(outcome.reward), ending: outcome.terminates ? .terminated : .none),
              next: oneHot(outcome.next))
          }
        }
      }
    }
    agent.improve(metrics: &metrics)
    let optimum = process.optimalValues(discount: 0.95)
    let values = agent.learner.values
    let worst = zip(values, optimum.actionValues).map { abs($0 - $1) }.max() ?? .infinity
    #expect(worst < 1e-6, "\(worst)")
  }

  // MARK: - Sutton and Barto's results

  /// Real steps until 20 episodes have ended: fewer with 5 imagined steps than with none, and fewer still with 50.
  @Test func imaginationSavesRealSteps() throws {
    func steps(_ planningSteps: Int) throws -> Int {
      var total = 0
      for seed in 0..<5 as Range<UInt64> {
        let task = DynaMaze(DynaMazeSettings())
        var runner = AgentRunner(
          Self.agent(in: task, planningSteps: planningSteps, seed: seed), in: task, seed: seed)
        while runner.returns.count < 20 {
          try runner.step()
          total += 1
        }
      }
      return total
    }
    let (none, few, many) = (try steps(0), try steps(5), try steps(50))
    #expect(3 * few < none && many < few, "\(none), \(few), \(many)")
  }

  /// Rewards in the last third: Dyna-Q+ looks again where it has not been for long and finds the changed way, which Dyna-Q
  /// does late or never.
  @Test func bonusFindsChangedWays() throws {
    func rewards<Task: FiniteTask>(_ task: Task, _ planningSteps: Int, kappa: Double, steps: Int) throws -> Double {
      var total = 0.0
      for seed in 0..<6 as Range<UInt64> {
        var runner = AgentRunner(
          Self.agent(in: task, planningSteps: planningSteps, kappa: kappa, stepSize: 1, seed: seed), in: task,
          seed: seed)
        for _ in 0..<2 * steps / 3 { try runner.step() }
        let before = runner.returns.reduce(0, +)
        for _ in 0..<steps / 3 { try runner.step() }
        total += runner.returns.reduce(0, +) - before
      }
      return total / 6
    }
    let blocking = BlockingMaze(BlockingMazeSettings())
    let (stuck, recovered) = (
      try rewards(blocking, 10, kappa: 0, steps: 3000), try rewards(blocking, 10, kappa: 1e-4, steps: 3000)
    )
    #expect(recovered > 35 && recovered > 1.3 * stuck, "\(recovered) with the bonus, \(stuck) without")
    let shortcut = ShortcutMaze(ShortcutMazeSettings())
    let (blind, found) = (
      try rewards(shortcut, 50, kappa: 0, steps: 6000), try rewards(shortcut, 50, kappa: 1e-3, steps: 6000)
    )
    #expect(found > 1.2 * blind, "\(found) with the bonus, \(blind) without")
  }

  /// In a slippery world the counts beat the last outcome: the learned policy is the optimal one.
  @Test func countsLearnAStochasticWorld() throws {
    var settings = RandomProcessSettings()
    settings.states = 8
    let task = RandomProcess(settings)
    var runner = AgentRunner(
      Self.agent(in: task, planningSteps: 20, kappa: 0.01, kind: .empirical, stepSize: 0.5), in: task, seed: 4)
    for _ in 0..<20_000 { try runner.step() }
    let optimum = task.process.optimalValues(discount: 0.95)
    let values = runner.agent.learner.values
    for state in 0..<8 {
      let best = (0..<4).max { values[4 * state + $0] < values[4 * state + $1] } ?? 0
      let loss = optimum.values[state] - optimum.actionValues[4 * state + best]
      #expect(loss < 0.05, "the choice in state \(state) loses \(loss)")
    }
  }

  // MARK: - Rules

  @Test func doesNotAllocate() throws {
    let task = DynaMaze(DynaMazeSettings())
    var runner = AgentRunner(Self.agent(in: task, planningSteps: 10), in: task, seed: 1)
    while runner.returns.count < 30 { try runner.step() }
    // within an episode: its end appends to the record
    let count = try allocations { for _ in 0..<8 { try runner.step() } }
    #expect(count == 0)
  }

  /// Equally good actions are drawn, each as often.
  @Test func tiesAreDrawn() {
    let learner = TabularQ(TabularQSettings(), states: 1, actions: 5)
    var (random, bins) = (RandomStream(seed: 5), [Int](repeating: 0, count: 5))
    for _ in 0..<5000 { bins[learner.act(in: 0, explore: false, using: &random)] += 1 }
    let test = OracleUniformity(bins)
    #expect(test.holds, "\(test)")
  }
}
