import Experience
import Imagining
import Interfaces
import Kernels
import Methods
import TestSupport
import Testing

/// A line along which members walk at speeds of their own from `parting` on, and at 1 before; r = 2 x + a.
private struct Fan: DynamicsModel {
  var speeds: [Float]
  var parting: Float = 0
  let stateSize = 1
  let actionSize = 1
  let preferredRows = 64
  let predictsRewards = true
  var members: [Fan] { speeds.map { Fan(speeds: [$0], parting: parting) } }

  func makeRollout(capacity: Int, keeping steps: Int) -> Walk { Walk(self, capacity) }

  final class Walk: ModelRollout {
    private let fan: Fan
    private var position: Vector
    private var prices: Vector
    private(set) var count = 0
    private(set) var steps = 0

    init(_ fan: Fan, _ capacity: Int) {
      self.fan = fan
      (position, prices) = (Vector(count: capacity), Vector(count: capacity))
    }

    var states: UnsafePointer<Float> { position.pointer }
    var predictedRewards: UnsafePointer<Float>? { prices.pointer }

    func reset(_ starts: RolloutStarts, using random: RandomStream) {
      (count, steps) = (starts.count, 0)
      position.mutablePointer.update(from: starts.states, count: count)
    }

    func advance(_ actions: UnsafePointer<Float>) {
      steps += 1
      for row in 0..<count {
        let x = position[row]
        prices[row] = 2 * x + actions[row]
        position[row] = x + (x >= fan.parting ? fan.speeds[0] : 1)
      }
    }
  }
}

/// Two critics that say 10 s and 13 s; otherwise as `LineBootstrap`.
private struct PairBootstrap: BootstrapValue {
  private let line = LineBootstrap()
  var observationSize: Int { 1 }
  var actionSize: Int { 1 }
  var memberCount: Int { 2 }

  func makeWorkspace() -> LineBootstrap.Workspace { line.makeWorkspace() }

  func values(
    count: Int, of observations: UnsafePointer<Float>, using random: inout RandomStream,
    values: UnsafeMutablePointer<Float>, _ workspace: LineBootstrap.Workspace
  ) { line.values(count: count, of: observations, using: &random, values: values, workspace) }

  func memberValues(
    count: Int, of observations: UnsafePointer<Float>, using random: inout RandomStream,
    values: UnsafeMutablePointer<Float>, _ workspace: LineBootstrap.Workspace
  ) {
    for row in 0..<count {
      values[row] = 10 * observations[row]
      values[count + row] = 13 * observations[row]
    }
  }

  func act(
    count: Int, on observations: UnsafePointer<Float>, using random: inout RandomStream,
    actions: UnsafeMutablePointer<Float>, bonuses: UnsafeMutablePointer<Float>, _ workspace: LineBootstrap.Workspace
  ) { line.act(count: count, on: observations, using: &random, actions: actions, bonuses: bonuses, workspace) }
}

@Suite struct WeightedExpansionTests {
  /// The targets written out in double precision: discount 1/2, reward 7, members of speeds 1 and 3.
  private static func naive(_ state: Double, ends: Bool, horizon: Int, end: Double) -> Double {
    let speeds = [1.0, 3.0]
    var (targets, weights) = ([Double](), [Double]())
    for k in 0...horizon {
      var samples: [Double] = []
      for (member, speed) in speeds.enumerated() where k > 0 || member == 0 {
        for critic in [10.0, 13.0] {
          var (x, total, factor) = (state + 1, 7.0, ends ? 0 : 0.5)
          for _ in 0..<k where factor > 0 {
            total += factor * (0.3 * x + 2 * x + 0.5 * x)
            x += speed
            factor = x >= end ? 0 : 0.5 * factor
          }
          samples.append(total + factor * critic * x)
        }
      }
      let mean = samples.reduce(0, +) / Double(samples.count)
      let variance = samples.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(samples.count)
      targets.append(mean)
      weights.append(1 / (variance + 1e-8))
    }
    return zip(targets, weights).reduce(0) { $0 + $1.0 * $1.1 } / weights.reduce(0, +)
  }

  @Test(arguments: [1, 3]) func targetsAreThoseOfTheFormula(_ horizon: Int) {
    let count = 200
    var batch = TransitionBatch(count: count, observationSize: 1, actionSize: 1)
    for row in 0..<count {
      batch.observations[row, 0] = Float(row % 9)
      batch.nextObservations[row, 0] = Float(row % 9) + 1
      batch.actions[row, 0] = 5
      batch.rewards[row] = 7
      batch.continues[row] = row % 4 == 0 ? 0 : 1
    }
    let world = KnownRewards(Fan(speeds: [1, 3]), EndOfLine(end: 12))
    let expansion = WeightedExpansion<KnownRewards<Fan>, PairBootstrap>(horizon: horizon, in: world)
    var values = ValueBatch(count: count, observationSize: 1, actionSize: 1)
    let lost = expansion.expand(
      batch, bootstrap: PairBootstrap(), discount: 0.5, using: RandomStream(seed: 1), into: &values)
    #expect(lost == 0 && values.actions[0, 0] == 5)
    for row in 0..<count {
      let expected = Self.naive(Double(row % 9), ends: row % 4 == 0, horizon: horizon, end: 12)
      #expect(abs(Double(values.targets[row]) - expected) < 1e-3 * max(1, abs(expected)), "row \(row)")
      #expect(values.observations[row, 0] == Float(row % 9) && values.weights[row] == 1)
    }
    #expect(abs(expansion.horizonWeights.reduce(0, +) - 1) < 1e-4)
  }
}

@Suite struct DisagreementTests {
  /// Members part at 5: trajectories end there, and go on to their end where the limit is wide.
  @Test func rolloutsEndWhereMembersPart() {
    func imagine(_ limit: Float?) -> (transitions: Int, disputed: Int, last: Float) {
      let rollouts = BranchedRollouts<KnownRewards<Fan>, LinearPolicy>(
        in: KnownRewards(Fan(speeds: [1, 2], parting: 5), EndOfLine()), space: .box(low: [-3], high: [3]),
        disagreement: limit.map { DisagreementLimit(spread: $0, scale: [2]) })
      var replay = ReplayBuffer(capacity: 1000, observationSize: 1, actionSize: 1)
      let summary = rollouts.run(
        from: .line((0..<70).map { _ in 2 }), steps: 6, actions: .mode,
        policy: LinearPolicy(gains: [0.5], observationSize: 1, actionSize: 1, noise: 0), using: RandomStream(seed: 1),
        into: &replay)
      return (summary.transitions, summary.disputed, replay.all.nextObservations.elements.max() ?? 0)
    }
    // the standard deviation of 1 and 2 is 1/2, a quarter of the scale
    for (limit, transitions, disputed, last) in [(Float(0.24), 210, 70, Float(5)), (0.26, 420, 0, 8)] {
      let found = imagine(limit)
      #expect(found.transitions == transitions && found.disputed == disputed && found.last == last, "\(found)")
    }
    let free = imagine(nil)
    #expect(free.transitions == 420 && free.disputed == 0 && free.last == 8, "\(free)")
  }

  /// Reality goes 1.5 a step where the model goes 1, in episodes of four steps.
  @Test func errorsAreMeasuredAlongTrajectories() {
    var replay = ReplayBuffer(capacity: 100, observationSize: 1, actionSize: 1)
    for episode in 0..<3 {
      for t in 0..<4 {
        let x = 100 * Float(episode) + 1.5 * Float(t)
        replay.append([x], [0], reward: 0, next: [x + 1.5], continues: t < 3)
      }
    }
    let world = KnownRewards(Line(), EndOfLine())
    let all = PredictionHorizon.measure(world, on: replay, newest: 100, steps: 9, scale: [2])
    #expect(all.errors == [0.25, 0.5, 0.75, 1])
    #expect(all.steps(within: 0.6) == 2 && all.steps(within: 0.1) == 1 && all.steps(within: 2) == 4)
    #expect(PredictionHorizon.measure(world, on: replay, newest: 2, steps: 9, scale: [2]).errors == [0.25, 0.5])
  }
}

@Suite struct PlanTailTests {
  /// Two steps from 1 with actions 3 and 4, discount 1/2: 5 + 8 / 2 + 30 / 4; without a discount and a tail 5 + 8.
  @Test func plansCountWhatTheyEndIn() {
    var evaluator = RolloutEvaluator(KnownRewards(Line(), EndOfLine()), horizon: 2, particles: 3)
    evaluator.begin(at: [1], using: RandomStream(seed: 1))
    let plans = Matrix(rows: 2, columns: 2, [3, 4, 0, 0])
    var returns: [Float] = [0, 0]
    evaluator.evaluate(plans, returns: &returns)
    #expect(returns == [13, 6])
    evaluator.discount = 0.5
    evaluator.tail = BootstrapTail(LineBootstrap())
    evaluator.evaluate(plans, returns: &returns)
    let expected: [Float] = [16.5, 11.5]
    #expect(returns == expected)
  }
}
