import Catalog
import Configuration
import Foundation
import GymnasiumEnvironments
import Interfaces
import Kernels
import Laboratory
import Testing

/// Drawn spaces and values: each is supported, or refused in words, and none traps.
@Suite struct DrawnSpaceTests {
  private static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Tasks/drawn_tasks.py").path

  /// Each environment that is made has other spaces.
  private func task(_ arguments: [String] = []) throws -> GymnasiumTask {
    var tree = ConfigurationTree()
    for argument in arguments { tree = tree.merging(try ConfigurationTree(assignment: "arguments.\(argument)")) }
    return try GymnasiumTask("gymnasium:\(Self.file):Drawn-v0", GymnasiumSettings.decode(tree))
  }

  @Test func noneTraps() throws {
    let task = try task()
    var (supported, refused, failed) = (0, 0, 0)
    var unclear: [String] = []
    for _ in 0..<2000 {
      do {
        var player = Player(try GymnasiumEnvironment(task))
        supported += 1
        var action = [Float](repeating: 0, count: player.environment.spec.action.size)
        try player.reset()
        for step in 0..<3 {
          player.environment.spec.action.draw(&action, using: &player.random)
          #expect(action.allSatisfy { $0.isFinite })
          let ending = try player.step(action).ending
          #expect(player.observation.allSatisfy { $0.isFinite })
          if ending != .none && step < 2 { try player.reset() }
        }
      } catch let error as ConfigurationError {
        refused += 1
        // by name, in one sentence
        if !error.description.contains("cannot be used: its ") || error.description.contains("\n") {
          unclear.append(error.description)
        }
      } catch is GymnasiumError {
        failed += 1
      }
    }
    #expect(unclear.isEmpty, "\(unclear.count): \(unclear.prefix(3))")
    #expect(supported > 400 && refused > 400 && failed > 60, "\(supported), \(refused), \(failed)")
  }

  /// An environment with other spaces each time it is made would be written into buffers of the first ones.
  @Test func spacesThatChangeAreRefused() throws {
    let task = try task(["acts=false", "disguises=false", "tag=changing"])
    var refused = 0
    for _ in 0..<30 {
      guard let first = try? GymnasiumEnvironment(task), let second = try? GymnasiumEnvironment(task) else { continue }
      // the first to be reset gets the environment that both were described by, the second another one
      var players = [Player(first), Player(second)]
      guard (try? players[0].reset()) != nil else { continue }
      do { try players[1].reset() } catch is GymnasiumError { refused += 1 }
    }
    #expect(refused > 5)
    #expect(throws: ConfigurationError.self) { try GymnasiumVector(self.task(["acts=false", "tag=vector"]), count: 3) }
  }

  /// Whatever space is not refused is one that agents can act in, or refuse by name.
  @Test(arguments: ["random", "sac", "td3", "dqn", "ppo", "naf", "pets"])
  func agentsActInWhatIsSupported(name: String) throws {
    let acts = try Catalog.registry.environment("gymnasium:\(Self.file):Drawn-v0")
    let agent = try Catalog.registry.agent(name)
    var tree = ConfigurationTree()
    for setting in agent.tiny.settings where !setting.hasPrefix("environment.") && !setting.hasPrefix("run.") {
      tree = tree.merging(try ConfigurationTree(assignment: setting))
    }
    var acted = 0
    for round in 0..<80 {
      // spaces of actions and of observations in turn
      let arguments = ["observes=\(round % 2 == 0)", "acts=\(round % 2 == 1)", "disguises=false", "tag=\(name)"]
      var settings = ConfigurationTree()
      for argument in arguments {
        settings = settings.merging(try ConfigurationTree(assignment: "arguments.\(argument)"))
      }
      do {
        let made = try acts.make(settings)
        // used, so that the next one is another one
        var environment = made.environment
        var (random, seen) = (RandomStream(seed: 3), [Float](repeating: 0, count: made.spec.observationSize))
        try environment.reset(using: &random, observation: &seen)
        guard made.spec.observationSize < 2000, made.spec.action.size < 50 else { continue }
        var player = try agent.make(tree, for: made, using: RandomStream(seed: 1)).agent
        try act(&player, &environment, steps: 30)
        acted += 1
      } catch is ConfigurationError {
      } catch is NumericalFailure {
      } catch is GymnasiumError {
      }
    }
    #expect(acted > 0)
  }

  private func act(_ agent: inout any Agent, _ environment: inout any Environment, steps: Int) throws {
    var round = CopySteps(count: 1, spec: environment.spec)
    var metrics = MetricRow(names: agent.metricNames)
    var observation = [Float](repeating: 0, count: environment.spec.observationSize)
    var random = RandomStream(seed: 2)
    var isUnderWay = false
    for step in 0..<steps {
      if !isUnderWay {
        try environment.reset(using: &random, observation: &observation)
        agent.startEpisode(of: 0, for: .collect, using: random.child(step))
      }
      round.observations.setRow(0, observation)
      try agent.act(on: &round, for: .collect)
      // as the loop of a run does
      for action in round.actions.row(0) where !action.isFinite {
        throw NumericalFailure(metric: "action", value: action)
      }
      let outcome = try environment.step(Array(round.actions.row(0)), observation: &observation)
      round.next.setRow(0, observation)
      (round.rewards[0], round.endings[0]) = (outcome.reward, outcome.ending)
      isUnderWay = outcome.ending == .none
      agent.observe(round)
      try agent.improve(metrics: &metrics)
    }
  }
}
