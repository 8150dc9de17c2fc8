import Environments
import Interfaces
import Kernels
import TestSupport
import Testing

/// Tabular tasks against Gymnasium's tables of probabilities, and against what is known of those it does not have.
@Suite struct ToyTextTests {
  private struct Request: Encodable {
    var environment: String
    var arguments: [String: Bool]
  }

  private struct Answer: Decodable {
    var outcomes: [[[[Double]]]]
    var starts: [Double]
    var stepLimit: Int?
  }

  @Test func frozenLake() throws {
    try compare(FrozenLake(FrozenLakeSettings()), FrozenLake.name)
    try compare(FrozenLake(.large), "FrozenLake8x8-v1")
    var firm = FrozenLakeSettings()
    firm.slippery = false
    try compare(FrozenLake(firm), FrozenLake.name, ["is_slippery": false])
  }

  @Test func cliffWalking() throws {
    try compare(CliffWalking(CliffWalkingSettings()), CliffWalking.name)
    try compare(CliffWalking(.slippery), "CliffWalkingSlippery-v1")
  }

  @Test func taxi() throws { try compare(Taxi(TaxiSettings()), Taxi.name) }

  /// Every outcome of every pair, where episodes start, and when they are cut off.
  private func compare(_ task: some FiniteTask, _ name: String, _ arguments: [String: Bool] = [:]) throws {
    let answer = try PeerProcess.ask(
      "toy_text.py", Request(environment: name, arguments: arguments), as: Answer.self)
    let process = task.process
    try #require(answer.outcomes.count == process.stateCount && answer.outcomes[0].count == process.actionCount)
    if let limit = answer.stepLimit { #expect(task.spec.stepLimit == limit) }
    for state in 0..<process.stateCount {
      for action in 0..<process.actionCount {
        let (ours, theirs) = (Array(process[state, action]), answer.outcomes[state][action])
        #expect(ours.count == theirs.count, "\(name): state \(state), action \(action)")
        for outcome in ours {
          let same = theirs.first {
            Int($0[1]) == outcome.next && $0[2] == outcome.reward && ($0[3] == 1) == outcome.terminates
          }
          #expect(
            abs((same?[0] ?? -1) - outcome.probability) < 1e-12, "\(name): \(outcome) after \(action) in \(state)")
        }
      }
    }
    var (random, counts) = (RandomStream(seed: 1), [Int](repeating: 0, count: process.stateCount))
    for _ in 0..<20_000 { counts[task.startState(using: &random)] += 1 }
    for (count, share) in zip(counts, answer.starts) {
      // 300 shares of 1/300: the largest deviation of as many is below 5 standard ones
      let deviation = (share * (1 - share) * 20_000).squareRoot()
      #expect(abs(Double(count) - 20_000 * share) <= 5 * deviation, "\(name): \(count) starts of \(share)")
    }
  }

  /// The random walk of the book's example 7.1, and its smaller one.
  @Test func randomWalkIsTheBooks() {
    let walk = RandomWalk(RandomWalkSettings())
    var random = RandomStream(seed: 1)
    #expect(walk.spec.observationSize == 19 && walk.startState(using: &random) == 9)
    #expect(walk.process[0, 0].first == .init(next: 0, reward: -1, terminates: true))
    #expect(walk.process[18, 1].first == .init(next: 18, reward: 1, terminates: true))
    #expect(walk.process[5, 0].first == .init(next: 4) && walk.process[5, 1].first == .init(next: 6))
    var small = RandomWalkSettings()
    (small.states, small.leftReward) = (5, 0)
    #expect(RandomWalk(small).process[0, 0].first == .init(next: 0, terminates: true))
  }

  /// Going right at every step earns 0.99 in N steps, and no other sequence anything: bsuite's numbers.
  @Test(arguments: [2, 5, 10]) func deepSeaPaysOneDive(_ size: Int) throws {
    var settings = DeepSeaSettings()
    settings.size = size
    settings.mappingSeed = 3
    var task = DeepSea(settings)
    #expect(size < 5 || Set(task.rightActions) == [0, 1])
    var (random, observation) = (RandomStream(seed: 1), [Float](repeating: 0, count: size * size))
    func dive(missing: Int?) throws -> (total: Double, steps: Int) {
      task.reset(using: &random, observation: &observation)
      var (total, steps) = (0.0, 0)
      while true {
        let right = task.rightActions[task.episode.state]
        let outcome = try task.step([Float(steps == missing ? 1 - right : right)], observation: &observation)
        total += Double(outcome.reward)
        steps += 1
        if outcome.ending != .none {
          #expect(outcome.ending == .terminated)
          return (total, steps)
        }
      }
    }
    let best = try dive(missing: nil)
    #expect(best.steps == size && abs(best.total - 0.99) < 1e-6)
    for step in 0..<size { #expect(try dive(missing: step).total <= 0) }
  }

  /// With wind a move right fails once in N times.
  @Test func windHoldsBack() {
    var settings = DeepSeaSettings()
    settings.stochastic = true
    settings.shuffled = false
    let process = DeepSea(settings).process
    let outcomes = Array(process[0, 1])
    #expect(outcomes.map(\.next) == [11, 10] && outcomes.allSatisfy { abs($0.reward + 0.001) < 1e-15 })
    #expect(abs(outcomes[0].probability - 0.9) < 1e-15 && abs(outcomes[1].probability - 0.1) < 1e-15)
    #expect(Array(process[99, 1]) == [.init(next: 99, reward: 0.999, terminates: true)])
  }

  /// Rewards on the left have the mean and the deviation that they should, and about a normal fourth moment.
  @Test func temptingRewardsAreNormal() {
    let process = MaximizationBias(MaximizationBiasSettings()).process
    #expect(process[0, 4].first == .init(next: 2, terminates: true) && process[0, 5].first == .init(next: 1))
    let rewards = process[1, 0].map(\.reward)
    let mean = rewards.reduce(0, +) / Double(rewards.count)
    func moment(_ power: Int) -> Double {
      var sum = 0.0
      for reward in rewards {
        var product = 1.0
        for _ in 0..<power { product *= reward - mean }
        sum += product
      }
      return sum / Double(rewards.count)
    }
    #expect(abs(mean + 0.1) < 1e-12 && abs(moment(2) - 1) < 1e-12)
    #expect(abs(moment(4) - 3) < 0.4, "\(moment(4))")
  }
}
