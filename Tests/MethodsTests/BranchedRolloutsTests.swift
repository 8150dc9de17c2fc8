import Methods
import Environments
import Experience
import Imagining
import Interfaces
import Kernels
import TestSupport
import Testing

@Suite struct BranchedRolloutsTests {
  private typealias Rollouts = BranchedRollouts<KnownRewards<Line>, LinearPolicy>
  private static let policy = LinearPolicy(gains: [0.5], observationSize: 1, actionSize: 1, noise: 0.25)
  private static let space = ActionSpace.box(low: [-3], high: [3])

  private static func rollouts(_ model: Line = Line(), end: Float = .infinity) -> Rollouts {
    Rollouts(in: KnownRewards(model, EndOfLine(end: end)), space: space)
  }

  private static func imagine(
    _ rollouts: Rollouts, from points: RolloutStates, steps: Int, _ source: ImaginedActions = .mode, seed: UInt64 = 1
  ) -> (summary: Rollouts.Summary, transitions: TransitionBatch) {
    var replay = ReplayBuffer(capacity: points.count * steps, observationSize: 1, actionSize: 1)
    let summary = rollouts.run(
      from: points, steps: steps, actions: source, policy: policy, using: RandomStream(seed: seed), into: &replay)
    return (summary, replay.all)
  }

  /// Each trajectory has all its steps up to the terminating one, marked as such, and none beyond.
  @Test(arguments: [1, 3, 20]) func stopExactlyAtTermination(_ steps: Int) {
    let starts = (0..<150).map { Float($0 % 11) - 1 }
    let (summary, made) = Self.imagine(Self.rollouts(end: 10), from: .line(starts), steps: steps)
    var expected: [[Float]] = []
    for start in starts {
      var x = start
      for _ in 0..<steps {
        expected.append([x, 0.5 * x, 2 * x + 0.5 * x, x + 1, x + 1 >= 10 ? 0 : 1])
        x += 1
        if x >= 10 { break }
      }
    }
    let found = (0..<made.count).map {
      [
        made.observations[$0, 0], made.actions[$0, 0], made.rewards[$0], made.nextObservations[$0, 0],
        made.continues[$0],
      ]
    }
    func sorted(_ rows: [[Float]]) -> [[Float]] { rows.sorted { $0.lexicographicallyPrecedes($1) } }
    #expect(sorted(found) == sorted(expected))
    #expect(summary.transitions == expected.count && summary.nonFinite == 0)
    #expect(summary.terminations == expected.count { $0[4] == 0 })
  }

  /// Shard by shard, in a shard step by step.
  @Test func orderIsThatOfShards() {
    let (_, made) = Self.imagine(Self.rollouts(Line(rows: 2)), from: .line([0, 10, 20, 30, 40]), steps: 2)
    #expect(made.observations.elements == [0, 10, 1, 11, 20, 30, 21, 31, 40, 41])
  }

  /// A step to a state that is no number is left out and ends its trajectory; the others go on.
  @Test func stepsThatAreNotFiniteAreDropped() {
    let (summary, made) = Self.imagine(Self.rollouts(Line(poison: 4)), from: .line([0, 3, 4, 5]), steps: 3)
    #expect(made.observations.elements.sorted() == [0, 1, 2, 3, 5, 6, 7])
    #expect(
      made.nextObservations.elements.allSatisfy { $0.isFinite } && made.rewards.elements.allSatisfy { $0.isFinite })
    #expect(summary.transitions == 7 && summary.terminations == 0 && summary.nonFinite == 2)
  }

  @Test func actionsComeFromWhereTheyShould() {
    let points = RolloutStates.line((0..<200).map { Float($0) })
    func actions(_ source: ImaginedActions) -> [Float] {
      let made = Self.imagine(Self.rollouts(Line(rows: 300)), from: points, steps: 2, source).transitions
      return made.actions.elements
    }
    let states = (0..<200).map { Float($0) } + (1...200).map { Float($0) }
    #expect(actions(.mode) == states.map { 0.5 * $0 })
    let noise = zip(actions(.policy), states).map { $0 - 0.5 * $1 }
    #expect(noise.allSatisfy { abs($0) <= 0.2501 } && Set(noise.map { ($0 * 4000).rounded() }).count > 150)
    let random = actions(.random)
    #expect(random.allSatisfy { $0 >= -3 && $0 < 3 } && Set(random).count > 390)
    #expect((random.min() ?? 0) < -2.5 && (random.max() ?? 0) > 2.5)
    let replayed = actions(.replayed)
    #expect(Array(replayed[..<200]) == states[..<200].map { $0 + 100 })
    #expect(zip(replayed[200...], states[200...]).allSatisfy { abs($0 - 0.5 * $1) <= 0.2501 })
  }

  /// More shards than are staged at once.
  @Test func largeRequestsComeWhole() {
    let (count, steps) = (4000, 1000)
    let (summary, made) = Self.imagine(
      Self.rollouts(), from: .line((0..<count).map { Float($0) }), steps: steps)
    #expect(summary.transitions == count * steps)
    var sums = [Int: Int]()
    for row in stride(from: 0, to: made.count, by: 64) { sums[Int(made.observations[row, 0]) / 1000, default: 0] += 1 }
    #expect(made.observations[0, 0] == 0 && made.observations[made.count - 1, 0] == Float(count + steps - 2))
    #expect(sums.count == 5)
  }

  /// In the task's own dynamics, imagined trajectories are those that the task itself gives from the same states.
  @Test func withoutModelErrorTheyAreReal() throws {
    let task = CartPoleSwingUp(CartPoleSwingUpSettings())
    let (size, steps, count) = (task.spec.observationSize, 12, 90)
    let policy = LinearPolicy(
      gains: (0..<size).map { 0.3 - 0.1 * Float($0) }, observationSize: size, actionSize: 1)
    var (points, random) = (
      RolloutStates(count: count, observationSize: size, actionSize: 1), RandomStream(seed: 5)
    )
    var observation = [Float](repeating: 0, count: size)
    for row in 0..<count {
      var copy = task
      copy.reset(using: &random, observation: &observation)
      for _ in 0..<row / 4 { _ = try copy.step([random.uniform(-1, 1)], observation: &observation) }
      points.states.setRow(row, observation)
    }
    let rollouts = BranchedRollouts<KnownRewards<TrueModel<CartPoleSwingUp>>, LinearPolicy>(
      in: KnownRewards(TrueModel(task), task.objective), space: task.spec.action)
    var replay = ReplayBuffer(capacity: count * steps, observationSize: size, actionSize: 1)
    _ = rollouts.run(from: points, steps: steps, actions: .mode, policy: policy, using: random, into: &replay)
    #expect(replay.count == count * steps)
    let (made, shard) = (replay.all, TrueModel(task).preferredRows)
    for row in 0..<count {
      var copy = task
      let start = try #require(points.states.row(row).baseAddress)
      copy.start(at: task.state(fromObservation: start), observation: &observation)
      let rows = min(shard, count - row / shard * shard)
      for t in 0..<steps {
        let place = row / shard * shard * steps + t * rows + row % shard
        let outcome = try copy.step(Array(made.actions.row(place)), observation: &observation)
        let next = Array(made.nextObservations.row(place))
        #expect(zip(next, observation).allSatisfy { abs($0 - $1) <= 1e-5 * max(1, abs($1)) }, "row \(row), step \(t)")
        #expect(abs(made.rewards[place] - outcome.reward) < 1e-5 && made.continues[place] == 1)
      }
    }
  }

  private static func course() -> [Float] {
    let points = RolloutStates.line((0..<1000).map { Float($0 % 17) })
    let made = imagine(rollouts(end: 15), from: points, steps: 5, .policy).transitions
    return made.observations.elements + made.actions.elements + made.rewards.elements + made.continues.elements
  }

  @Test func oneSeedOneImagination() {
    #expect(Self.course() == Self.course())
    let points = RolloutStates.line([1, 2, 3])
    let (one, two) = (
      Self.imagine(Self.rollouts(), from: points, steps: 2, .policy, seed: 1),
      Self.imagine(Self.rollouts(), from: points, steps: 2, .policy, seed: 2)
    )
    #expect(one.transitions.actions != two.transitions.actions)
  }

  /// In a process of its own: the pool belongs to all tests.
  @Test func threadsDoNotChangeABit() async {
    await #expect(processExitsWith: .success) {
      let one = Self.course()
      WorkerPool.configure(threads: 2)
      #expect(WorkerPool.threads == 2)
      #expect(one == Self.course())
    }
  }

  private static func checkAllocations(_ count: (() throws -> Void) throws -> Int) throws {
    let points = RolloutStates.line((0..<500).map { Float($0 % 17) })
    let made = rollouts(end: 15)
    var replay = ReplayBuffer(capacity: 900, observationSize: 1, actionSize: 1)
    for source in ImaginedActions.allCases {
      let allocated = try count {
        _ = made.run(
          from: points, steps: 3, actions: source, policy: policy, using: RandomStream(seed: 1), into: &replay)
      }
      #expect(allocated == 0, "\(allocated) heap allocations with actions of \(source.rawValue)")
    }
  }

  @Test func nothingIsAllocated() throws { try Self.checkAllocations { body in try allocations(in: body) } }

  @Test func nothingIsAllocatedByTwoThreads() async {
    await #expect(processExitsWith: .success) {
      WorkerPool.configure(threads: 2)
      try Self.checkAllocations { body in try processAllocations(in: body) }
    }
  }
}
