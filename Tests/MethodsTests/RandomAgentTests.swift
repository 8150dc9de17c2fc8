import Methods
import Environments
import Interfaces
import Kernels
import TestSupport
import Testing

@Suite struct RandomAgentTests {
  @Test func choicesAreUniform() throws {
    var agent = RandomAgent(action: .discrete(count: 7), random: RandomStream(seed: 1))
    agent.startEpisode(for: .collect, using: RandomStream(seed: 2))
    var (counts, action) = ([Int](repeating: 0, count: 7), [Float(0)])
    for _ in 0..<7000 {
      try agent.act(on: [0], for: .collect, action: &action)
      counts[Int(action[0])] += 1
    }
    let test = OracleUniformity(counts)
    #expect(test.holds, "\(test)")
  }

  @Test func evaluationChangesNothingAndRestoredAgentsGoOnAlike() throws {
    let task = PointMass.short(10)
    func agent(_ seed: UInt64) -> RandomAgent {
      RandomAgent(action: task.spec.action, random: RandomStream(seed: seed))
    }
    var (plain, evaluated) = (AgentRunner(agent(1), in: task, seed: 1), AgentRunner(agent(1), in: task, seed: 1))
    try plain.collect(33)
    for _ in 0..<33 {
      _ = try evaluated.evaluate()
      try evaluated.collect(1)
    }
    #expect(plain.actions == evaluated.actions)
    var restored = try plain.continued(with: agent(5))
    try plain.collect(20)
    try restored.collect(20)
    #expect(plain.actions == restored.actions)
  }
}
