import Environments
import Interfaces
import Kernels
import Models
import Testing

/// Policy evaluation, policy iteration and value iteration against one another, direct solutions and published values.
@Suite struct DynamicProgrammingTests {
  private static let tasks: [(name: String, process: MarkovDecisionProcess)] = [
    ("maze", DynaMaze(DynaMazeSettings()).process), ("chain", Chain(ChainSettings()).process),
    ("grid", FourByThree(FourByThreeSettings()).process), ("random", RandomProcess(RandomProcessSettings()).process),
    ("lake", FrozenLake(FrozenLakeSettings()).process), ("large lake", FrozenLake(.large).process),
    ("cliff", CliffWalking(.slippery).process), ("taxi", Taxi(TaxiSettings()).process),
    ("walk", RandomWalk(RandomWalkSettings()).process), ("sea", DeepSea(DeepSeaSettings()).process),
  ]

  private func worst(_ left: [Double], _ right: [Double]) -> Double {
    left.count == right.count ? zip(left, right).map { abs($0 - $1) }.max() ?? 0 : .infinity
  }

  /// Sweeps find what the linear system says, for random policies.
  @Test(arguments: tasks.indices) func evaluationIsTheDirectSolution(_ index: Int) throws {
    let process = Self.tasks[index].process
    var random = RandomStream(seed: UInt64(index))
    var policy = (0..<process.stateCount * process.actionCount).map { _ in Double(random.uniform()) + 0.01 }
    for state in 0..<process.stateCount {
      let row = state * process.actionCount..<(state + 1) * process.actionCount
      let sum = policy[row].reduce(0, +)
      for pair in row { policy[pair] /= sum }
    }
    let direct = try process.values(of: policy, discount: 0.95)
    let swept = process.evaluated(policy, discount: 0.95, tolerance: 1e-13)
    #expect(worst(direct, swept.values) < 1e-10, "\(Self.tasks[index].name)")
    // and it satisfies V = r + discount P V
    for state in 0..<process.stateCount {
      var sum = 0.0
      for action in 0..<process.actionCount {
        sum +=
          policy[state * process.actionCount + action]
          * process.actionValue(state, action, discount: 0.95, values: direct)
      }
      #expect(abs(sum - direct[state]) < 1e-9)
    }
  }

  /// The three ways to the optimum agree to 1e-10, and with the direct solution of the best policy.
  @Test(arguments: tasks.indices) func optimaAgree(_ index: Int) throws {
    let (name, process) = Self.tasks[index]
    let values = process.optimalValues(discount: 0.95, tolerance: 1e-13)
    let policies = try process.policyIteration(discount: 0.95)
    let modified = try process.policyIteration(discount: 0.95, sweeps: 5, tolerance: 1e-13)
    #expect(worst(values.values, policies.values) < 1e-10, "\(name)")
    #expect(worst(values.values, modified.values) < 1e-10, "\(name)")
    #expect(worst(values.actionValues, policies.actionValues) < 1e-10, "\(name)")
    #expect(policies.sweeps < 30 && policies.change < 1e-10, "\(policies.sweeps) policies")
    let best = (0..<process.stateCount).map { state in
      let row = values.actionValues[state * process.actionCount..<(state + 1) * process.actionCount]
      return (row.indices.max { row[$0] < row[$1] } ?? row.startIndex) - row.startIndex
    }
    let solved = try process.values(of: process.policy(taking: best), discount: 0.95)
    #expect(worst(values.values, solved) < 1e-10, "\(name)")
  }

  /// The random walk's values in closed form; a policy that never ends has none.
  @Test func undiscountedValues() throws {
    let walk = RandomWalk(RandomWalkSettings()).process
    let values = try walk.values(of: walk.uniformPolicy, discount: 1)
    #expect(worst(values, (1...19).map { Double($0) / 10 - 1 }) < 1e-12)
    let lake = FrozenLake(FrozenLakeSettings()).process
    #expect(throws: LinearAlgebraError.self) {
      var settings = ChainSettings()
      settings.slip = 0
      let chain = Chain(settings).process
      _ = try chain.values(of: chain.policy(taking: Array(repeating: 1, count: 5)), discount: 1)
    }
    // the ice is crossed in 14 of 17 attempts without a limit of steps
    #expect(abs(lake.optimalValues(discount: 1, tolerance: 1e-14).values[0] - 14.0 / 17) < 1e-9)
  }

  /// The shortest way along the cliff, and the deep sea's dive.
  @Test func optimaOfNewTasks() {
    let cliff = CliffWalking(CliffWalkingSettings()).process.optimalValues(discount: 1)
    #expect(cliff.values[36] == -13)
    let sea = DeepSea(DeepSeaSettings()).process.optimalValues(discount: 1)
    #expect(abs(sea.values[0] - 0.99) < 1e-12)
    let taxi = Taxi(TaxiSettings()).process.optimalValues(discount: 1)
    // the mean over starts, from value iteration on the table of Gymnasium
    var (sum, count) = (0.0, 0)
    for state in 0..<500 where state / 4 % 5 < 4 && state / 4 % 5 != state % 4 {
      sum += taxi.values[state]
      count += 1
    }
    #expect(count == 300 && abs(sum / 300 - 7.93) < 1e-9, "\(sum / 300)")
  }
}
