import Archive
import Catalog
import Configuration
import Environments
import Interfaces
import Kernels
import Laboratory
import Learners
import Methods
import Models
import TestSupport
import Testing

/// Tabular agents in the tasks that the book shows them in.
@Suite struct TabularAgentsTests {
  private static func settings(
    stepSize: Double = 0.5, discount: Double = 1, epsilon: Double = 0.1
  ) -> TabularQSettings {
    var settings = TabularQSettings()
    (settings.stepSize, settings.discount, settings.epsilon) = (stepSize, discount, epsilon)
    return settings
  }

  /// Mean return of the last 100 of 400 episodes, and the return of the greedy policy then.
  private func walk<Player: Agent>(_ make: (UInt64) -> Player) throws -> (online: Double, greedy: Double) {
    var (online, greedy) = (0.0, 0.0)
    for seed in 0..<8 as Range<UInt64> {
      var runner = AgentRunner(make(seed), in: CliffWalking(CliffWalkingSettings()), seed: seed)
      while runner.returns.count < 400 { try runner.step() }
      online += runner.returns[300...].reduce(0, +) / 800
      greedy += try runner.evaluate().total / 8
    }
    return (online, greedy)
  }

  /// The book's example 6.6: online, SARSA and expected SARSA stay away from the edge that Q-learning falls from.
  @Test func sarsaIsSaferAtTheCliff() throws {
    func sarsa(_ isExpected: Bool) -> (UInt64) -> TabularControlAgent<Sarsa> {
      { seed in
        TabularControlAgent(
          Sarsa(Self.settings(), isExpected: isExpected, states: 48, actions: 4), using: RandomStream(seed: seed))
      }
    }
    let (plain, expected) = (try walk(sarsa(false)), try walk(sarsa(true)))
    let learned = try walk { seed in
      DynaQ(
        { () -> DynaQSettings in
          var settings = DynaQSettings()
          settings.planningSteps = 0
          return settings
        }(), learner: TabularQ(Self.settings(), states: 48, actions: 4),
        model: TabularModel(TabularModelSettings(), states: 48, actions: 4), states: 48, actions: 4,
        using: RandomStream(seed: seed))
    }
    #expect(learned.greedy == -13, "\(learned)")
    #expect(plain.online > learned.online + 10 && expected.online > learned.online + 10, "\(plain) \(expected)")
    #expect(plain.online > -35 && learned.online < -35, "\(plain.online), Q-learning \(learned.online)")
    #expect(expected.greedy < -13 && expected.greedy >= -19, "\(expected.greedy)")
  }

  /// The book's example 6.7: early, Q-learning goes left in most episodes, and double Q-learning in fewer.
  @Test func doubleQLearningIsLessTempted() throws {
    func lefts<Learner: TabularControl>(_ learner: Learner) throws -> Double {
      var lefts = 0
      for seed in 0..<60 as Range<UInt64> {
        let agent = TabularControlAgent(learner, using: RandomStream(seed: seed))
        var runner = AgentRunner(agent, in: MaximizationBias(MaximizationBiasSettings()), seed: seed)
        try runner.collect(1)
        while runner.returns.count < 100 { try runner.collect(1) }
        // an episode that went left has a second step
        lefts += runner.actions.count - 100
      }
      return Double(lefts) / 6000
    }
    let states = MaximizationBias(MaximizationBiasSettings()).process.stateCount
    let settings = Self.settings(stepSize: 0.1)
    // expected SARSA of a greedy policy is Q-learning
    let single = try lefts(BiasedQ(settings, states: states, actions: 10))
    let double = try lefts(DoubleTabularQ(settings, states: states, actions: 10))
    #expect(single > 0.45 && double < single - 0.1, "\(single) and \(double)")
  }

  /// Q-learning as a control, to compare with.
  private struct BiasedQ: TabularControl {
    private var table: TabularQ
    init(_ settings: TabularQSettings, states: Int, actions: Int) {
      table = TabularQ(settings, states: states, actions: actions)
    }
    var needsNextAction: Bool { false }
    func act(in state: Int, explore: Bool, using random: inout RandomStream) -> Int {
      table.act(in: state, explore: explore, using: &random)
    }
    mutating func learn(from step: TabularStep, nextAction: Int?, using random: inout RandomStream) -> Double {
      table.update(
        step.state, step.action,
        toward: step.reward + (step.terminates ? 0 : table.discount * table.value(of: step.next)))
    }
    mutating func archive(_ fields: inout StateFields) throws(ArchiveError) { try fields.inline(&table) }
  }

  /// The book's figure 12.6 at its best, lambda 0.8 and a step size of 0.4: an error of about 0.28 over ten episodes,
  /// and TD(0) and nearly Monte Carlo are worse with it.
  @Test func tracesHelpInTheRandomWalk() throws {
    func error(_ lambda: Double, stepSize: Double) throws -> Double {
      let task = RandomWalk(RandomWalkSettings())
      var settings = StateValueSettings()
      (settings.lambda, settings.stepSize) = (lambda, stepSize)
      let truth = (1...19).map { Double($0) / 10 - 1 }
      let agent = TDLambdaAgent(StateValues(settings, states: 19), actions: 2, trialEpisodes: 10, truth: truth)
      var runner = AgentRunner(agent, in: task, seed: 3)
      while runner.returns.count < 500 { try runner.step() }
      return runner.metrics.mean(of: "value_error") ?? .infinity
    }
    let (none, some, most) = (
      try error(0, stepSize: 0.4), try error(0.8, stepSize: 0.4), try error(0.99, stepSize: 0.4)
    )
    #expect(some > 0.25 && some < 0.31, "\(some)")
    #expect(none > some + 0.05 && most > 1, "\(none), \(some), \(most)")
  }

  // MARK: - Dynamic programming

  private func made(_ agent: String, in environment: String, _ settings: [String] = []) throws -> any Agent {
    var tree = ConfigurationTree()
    for setting in settings { tree = tree.merging(try ConfigurationTree(assignment: setting, source: "test")) }
    let place = try Catalog.registry.environment(environment).make()
    return try Catalog.registry.agent(agent).make(tree, for: place, using: RandomStream(seed: 1)).agent
  }

  /// Knowing the ice, 0.74 of crossings succeed within 100 steps, as Gymnasium registers it.
  @Test(arguments: ["value-iteration", "policy-iteration"]) func knowingTheProcessIsBest(_ name: String) throws {
    func successes(_ agent: some Agent) throws -> Double {
      var (runner, total) = (AgentRunner(agent, in: FrozenLake(FrozenLakeSettings()), seed: 2), 0.0)
      for _ in 0..<1000 { total += try runner.evaluate().total }
      return total / 1000
    }
    let share = try successes(made(name, in: "FrozenLake-v1", ["agent.discount=0.999"]))
    #expect(abs(share - 0.74) < 0.05, "\(share)")
  }

  /// From counts alone, planning finds that going forward is best on the chain.
  @Test(arguments: ["value-iteration", "policy-iteration"]) func countsAreEnough(_ name: String) throws {
    func check(_ agent: some Agent) throws {
      var runner = AgentRunner(agent, in: Chain(ChainSettings()), seed: 2)
      for _ in 0..<5000 { try runner.step() }
      #expect(try runner.evaluate().actions.allSatisfy { $0 == [0] })
    }
    try check(made(name, in: "chain", ["agent.world=learned", "agent.epsilon=0.3"]))
  }

  /// What cannot be planned in is refused by name.
  @Test func unknownProcessesAreRefused() throws {
    let cases: [(String, String, [String], String)] = [
      ("value-iteration", "CartPole-v1", [], "numbered states"), ("sarsa", "Pendulum-v1", [], "numbered states"),
      ("policy-iteration", "chain", ["agent.discount=1"], "below 1"),
    ]
    for (agent, environment, settings, reason) in cases {
      let error = #expect(throws: ConfigurationError.self) { _ = try made(agent, in: environment, settings) }
      #expect(error.map { "\($0)" }?.contains(reason) == true, "\(String(describing: error))")
    }
  }
}
