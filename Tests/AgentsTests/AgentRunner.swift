import Environments
import Interfaces
import Kernels
import TestSupport

/// An agent in its training environment, with a record of what it did.
struct AgentRunner<Player: Agent, Task: Environment> {
  private(set) var agent: Player
  private(set) var environment: Task
  var metrics: MetricRow
  /// Every collected action.
  private(set) var actions: [[Float]] = []
  /// Returns of the episodes that ended.
  private(set) var returns: [Double] = []
  private let random: RandomStream
  private var (observation, next, action): ([Float], [Float], [Float])
  private var round: CopySteps
  private var isUnderWay = false
  private var total = 0.0
  private var evaluations = 0

  init(_ agent: Player, in environment: Task, seed: UInt64) {
    self.agent = agent
    self.environment = environment
    metrics = MetricRow(names: agent.metricNames)
    random = RandomStream(seed: seed)
    observation = Array(repeating: 0, count: environment.spec.observationSize)
    next = observation
    action = Array(repeating: 0, count: environment.spec.action.size)
    round = CopySteps(count: 1, spec: environment.spec)
  }

  /// Collects `count` steps.
  mutating func collect(_ count: Int) throws {
    for _ in 0..<count {
      try step()
      actions.append(action)
    }
  }

  /// Collects one step without a record of the action. Does not allocate unless the agent or the environment does, or the
  /// episode ends.
  mutating func step() throws {
    if !isUnderWay {
      var start = random.child("environment").child(returns.count)
      try environment.reset(using: &start, observation: &observation)
      agent.startEpisode(for: .collect, using: random.child("collection").child(returns.count))
      isUnderWay = true
      total = 0
      round.times[0] = 0
    }
    round.observations.setRow(0, observation)
    try agent.act(on: &round, for: .collect)
    for index in action.indices { action[index] = round.actions[0, index] }
    let outcome = try environment.step(action, observation: &next)
    round.rewards[0] = outcome.reward
    round.endings[0] = outcome.ending
    round.next.setRow(0, next)
    agent.observe(round)
    try agent.improve(metrics: &metrics)
    round.times[0] += 1
    swap(&observation, &next)
    total += Double(outcome.reward)
    if outcome.ending != .none {
      isUnderWay = false
      returns.append(total)
    }
  }

  /// Plays an evaluation episode in a copy of the environment and returns its actions, start and return.
  mutating func evaluate() throws -> (actions: [[Float]], start: [Float], total: Double) {
    var (copy, stream) = (environment, random.child("evaluation").child(evaluations))
    evaluations += 1
    var (seen, chosen, total, actions) = (observation, action, 0.0, [[Float]]())
    try copy.reset(using: &stream, observation: &seen)
    let start = seen
    agent.startEpisode(for: .evaluate, using: stream.child("agent"))
    while true {
      try agent.act(on: seen, for: .evaluate, action: &chosen)
      actions.append(chosen)
      let outcome = try copy.step(chosen, observation: &seen)
      total += Double(outcome.reward)
      if outcome.ending != .none { return (actions, start, total) }
    }
  }

  /// Goes on with `other`'s agent, made anew, in the state of this one's.
  func continued(with other: Player) throws -> AgentRunner {
    var copy = self
    copy.agent = other
    try OracleState(agent).restore(into: &copy.agent)
    return copy
  }
}

extension AgentRunner {
  /// The rows of the agent's own tables since the last call.
  mutating func takeRows() -> [(table: Int, fields: [AgentField])] { agent.takeRows() }
}
