import Configuration
import Environments
import Interfaces
import Kernels
import TestSupport
import Testing

/// A thousand steps of every Gymnasium task, in Gymnasium and here, from the same states with the same actions.
@Suite struct GymnasiumParityTests {
  @Test func pendulum() throws { try compare(Pendulum.self) }
  @Test func cartPole() throws { try compare(CartPole.self) }
  @Test func mountainCar() throws { try compare(MountainCar.self) }
  @Test func mountainCarContinuous() throws { try compare(MountainCarContinuous.self) }
  @Test func acrobot() throws { try compare(Acrobot.self) }

  /// Throttle in the direction of motion gets the cars out of the valley, so that the goal is compared too.
  @Test func mountainCarArrives() throws { try compare(MountainCar.self, endings: [.terminated]) { $0[1] < 0 ? 0 : 2 } }

  @Test func mountainCarContinuousArrives() throws {
    try compare(MountainCarContinuous.self, endings: [.terminated]) { $0[1] < 0 ? -0.9 : 0.9 }
  }

  /// Torque against the second link's motion relative to the first pumps energy into the acrobot.
  @Test func acrobotArrives() throws { try compare(Acrobot.self, endings: [.terminated]) { $0[4] < 0 ? 2 : 0 } }

  private struct Request: Encodable {
    struct Episode: Encodable {
      var start: [Double]
      var actions: [[Float]]
    }
    var environment: String
    var episodes: [Episode]
  }

  private struct Answer: Decodable {
    struct Episode: Decodable {
      var observations: [[Double]]
      var rewards: [Double]
      var terminated: [Bool]
      var truncated: [Bool]
    }
    var observationSize: Int
    var choices: Int
    var low: [Float]
    var high: [Float]
    var stepLimit: Int
    var episodes: [Episode]
  }

  /// Steps our task 1,000 times with `policy` (random actions without one), has Gymnasium repeat it, and compares.
  /// Every one of `endings` must have occurred.
  private func compare<Task: StateSpaceTask>(
    _: Task.Type, endings: Set<Ending> = [], policy: (([Float]) -> Float)? = nil
  ) throws where Task.State.Scalar: BinaryFloatingPoint {
    var (task, random) = (Task(Task.Settings()), RandomStream(seed: 11))
    let spec = task.spec
    var observation = [Float](repeating: 0, count: spec.observationSize)
    var request = Request(environment: Task.name, episodes: [])
    var steps: [[(observation: [Float], outcome: StepOutcome)]] = []
    var isOver = true
    for _ in 0..<1000 {
      if isOver {
        try task.reset(using: &random, observation: &observation)
        let start = (0..<Task.State.scalarCount).map { Double(task.episode.state[$0]) }
        request.episodes.append(Request.Episode(start: start, actions: []))
        steps.append([])
      }
      let action = policy.map { [$0(observation)] } ?? randomAction(in: spec.action, using: &random)
      let outcome = try task.step(action, observation: &observation)
      request.episodes[request.episodes.count - 1].actions.append(action)
      steps[steps.count - 1].append((observation, outcome))
      isOver = outcome.ending != .none
    }
    let seen = Set(steps.joined().map(\.outcome.ending))
    #expect(endings.isSubset(of: seen), "only \(seen) occurred")

    let answer = try PeerProcess.ask("gymnasium_replay.py", request, as: Answer.self)
    #expect(answer.observationSize == spec.observationSize)
    #expect(answer.stepLimit == spec.stepLimit)
    switch spec.action {
    case .discrete(let count): #expect(count == answer.choices)
    case .multiDiscrete: Issue.record("no task takes several choices")
    case .box(let low, let high): #expect(low == answer.low && high == answer.high)
    }
    try #require(answer.episodes.map(\.rewards.count) == steps.map(\.count))
    var worst = 0.0
    for (ours, theirs) in zip(steps, answer.episodes) {
      for (index, step) in ours.enumerated() {
        for (a, b) in zip(step.observation, theirs.observations[index]) { worst = max(worst, abs(Double(a) - b)) }
        worst = max(worst, abs(Double(step.outcome.reward) - theirs.rewards[index]))
        #expect((step.outcome.ending == .terminated) == theirs.terminated[index])
        #expect((step.outcome.ending == .truncated) == (theirs.truncated[index] && !theirs.terminated[index]))
      }
    }
    #expect(worst <= 1e-5, "\(Task.name) differs by up to \(worst)")
  }

  private func randomAction(in space: ActionSpace, using random: inout RandomStream) -> [Float] {
    switch space {
    case .discrete(let count): [Float(random.index(below: count))]
    case .multiDiscrete(let counts): counts.map { Float(random.index(below: $0)) }
    case .box(let low, let high): zip(low, high).map { random.uniform($0, $1) }
    }
  }
}
