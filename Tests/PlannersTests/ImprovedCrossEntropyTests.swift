import Environments
import Foundation
import Imagining
import Interfaces
import Kernels
import Planners
import TestSupport
import Testing

@Suite struct ImprovedCrossEntropyTests {
  private static let (low, high): ([Float], [Float]) = ([-1, 0], [3, 10])

  private static func settings(
    _ horizon: Int, _ change: (inout ImprovedCrossEntropy.Settings) -> Void = { _ in }
  ) -> ImprovedCrossEntropy.Settings {
    var settings = ImprovedCrossEntropy.Settings()
    settings.horizon = horizon
    change(&settings)
    return settings
  }

  /// Decides once.
  private static func plan(
    _ planner: inout some Planner, _ evaluator: inout some PlanEvaluator,
    _ random: inout RandomStream, decisions: Int = 1
  ) -> [Float] {
    var action = [Float](repeating: .nan, count: decisions * evaluator.actionSize)
    planner.plan(with: &evaluator, using: &random, action: &action)
    return action
  }

  // MARK: - Noise

  /// Unit variance at every time, independent normal numbers for exponent 0, and power that falls as f^-beta.
  @Test(arguments: [Float(0), 1, 2.5], [1, 2, 15, 24]) func noiseHasTheSpectrum(
    _ beta: Float, _ horizon: Int
  ) {
    let (noise, count) = (ColoredNoise(horizon: horizon, beta: beta), 20_000)
    var (x, z) = (Matrix(rows: count, columns: horizon), Matrix(rows: count, columns: horizon))
    var random = RandomStream(seed: 3)
    noise.fill(x.mutablePointer, count: count, coefficients: z.mutablePointer, using: &random)
    func covariance(_ s: Int, _ t: Int) -> Double {
      (0..<count).reduce(0) { $0 + Double(x[$1, s]) * Double(x[$1, t]) } / Double(count)
    }
    let error = 5 * (2 / Double(count)).squareRoot()
    for t in 0..<horizon { #expect(abs(covariance(t, t) - 1) < error) }
    if beta == 0 && horizon > 1 { for t in 1..<horizon { #expect(abs(covariance(0, t)) < error) } }
    guard horizon > 4 else { return }
    func power(_ waves: Int) -> Double {
      (0..<count).reduce(0) { total, row in
        var (c, s) = (0.0, 0.0)
        for t in 0..<horizon {
          let phase = 2 * Double.pi * Double(waves * t) / Double(horizon)
          c += Double(x[row, t]) * cos(phase)
          s += Double(x[row, t]) * sin(phase)
        }
        return total + c * c + s * s
      }
    }
    for waves in [2, 4] {
      let ratio = power(1) / power(waves)
      #expect(abs(ratio / pow(Double(waves), Double(beta)) - 1) < 0.1, "\(waves) waves: \(ratio)")
    }
  }

  // MARK: - Known optima

  /// A plan in the point mass costs at most 3 % more than the closed form's, from every start.
  @Test func comesNearTheRegulator() throws {
    let task = PointMass(PointMassSettings())
    let optimum = try task.optimum(horizon: 12)
    var random = RandomStream(seed: 31)
    for index in 0..<4 {
      let start = task.startState(using: &random)
      var planner = ImprovedCrossEntropy(
        Self.settings(12) {
          $0.population = 400
          $0.elites = 40
          $0.iterations = 20
          $0.decay = 1.05
          $0.color = 0.5
        }, low: [-10, -10], high: [10, 10])
      var evaluator = RolloutEvaluator(
        KnownRewards(TrueModel(task), task.objective), horizon: 12, particles: 1)
      evaluator.begin(at: (0..<4).map { Float(start[$0]) }, using: RandomStream(seed: 1))
      var stream = RandomStream(seed: UInt64(index))
      let plan = Self.plan(&planner, &evaluator, &stream, decisions: 12)
      var (copy, observation) = (task, [Float](repeating: 0, count: 4))
      copy.start(at: start, observation: &observation)
      let cost = try -stride(from: 0, to: 24, by: 2).reduce(0.0) {
        $0 + Double(try copy.step([plan[$1], plan[$1 + 1]], observation: &observation).reward)
      }
      let least = -optimum.value(of: (0..<4).map { start[$0] })
      #expect(cost >= least * (1 - 1e-4) && cost < 1.03 * least, "cost \(cost), optimum \(least)")
    }
  }

  // MARK: - The algorithm

  private static func shrinking() -> ImprovedCrossEntropy {
    ImprovedCrossEntropy(
      settings(3) {
        $0.population = 40
        $0.elites = 8
        $0.iterations = 4
        $0.decay = 2
        $0.keptElites = 0.5
      }, low: low, high: high)
  }

  /// Fewer plans from one iteration to the next, at least twice the elites, and besides them the kept elites, in the last
  /// iteration the mean.
  @Test func populationShrinksToTwiceTheElites() {
    var (planner, random) = (Self.shrinking(), RandomStream(seed: 1))
    var evaluator = RecordingEvaluator(horizon: 3, actionSize: 2) { $0[0] - $0[5] }
    _ = Self.plan(&planner, &evaluator, &random)
    #expect(evaluator.calls.map(\.count) == [40 + 4, 20 + 4, 16 + 4, 16 + 4 + 1])
  }

  /// The best half of the elites competes again; in the next decision shifted by one, the last action aside.
  @Test func elitesAreKept() {
    var (planner, random) = (Self.shrinking(), RandomStream(seed: 1))
    var evaluator = RecordingEvaluator(horizon: 3, actionSize: 2) { $0[0] - $0[5] }
    func best(_ call: Int) -> [[Float]] {
      Array(evaluator.calls[call].sorted { evaluator.score($0) > evaluator.score($1) }.prefix(4))
    }
    _ = Self.plan(&planner, &evaluator, &random)
    for call in 1..<4 {
      #expect(Set(evaluator.calls[call].prefix(4)) == Set(best(call - 1)), "iteration \(call)")
    }
    let last = Set(best(3).map { Array($0.dropFirst(2)) })
    _ = Self.plan(&planner, &evaluator, &random)
    #expect(Set(evaluator.calls[4].prefix(4).map { Array($0.dropLast(2)) }) == last)
    planner.reset()
    _ = Self.plan(&planner, &evaluator, &random)
    #expect(Set(evaluator.calls[8].prefix(4).map { Array($0.dropLast(2)) }).isDisjoint(with: last))
  }

  /// The decision is the best of all plans that were tried.
  @Test(arguments: [UInt64(1), 2, 3]) func takesTheBestPlanSeen(_ seed: UInt64) {
    var (planner, random) = (Self.shrinking(), RandomStream(seed: seed))
    // a landscape with many local optima
    var evaluator = RecordingEvaluator(horizon: 3, actionSize: 2) { plan in
      plan.reduce(0) { $0 + sin(9 * $1) - 0.1 * $1 * $1 }
    }
    let action = Self.plan(&planner, &evaluator, &random, decisions: 3)
    let best = evaluator.calls.joined().max { evaluator.score($0) < evaluator.score($1) }
    #expect(action == best)
  }

  /// The last iteration tries the mean of the elites before it.
  @Test func theMeanCompetesAtTheEnd() {
    var planner = ImprovedCrossEntropy(
      Self.settings(3) {
        $0.population = 40
        $0.elites = 8
        $0.iterations = 2
        $0.momentum = 0
        $0.keptElites = 0
      }, low: Self.low, high: Self.high)
    var (random, evaluator) = (
      RandomStream(seed: 1), RecordingEvaluator(horizon: 3, actionSize: 2) { $0[0] - $0[5] }
    )
    _ = Self.plan(&planner, &evaluator, &random)
    let elites = evaluator.calls[0].sorted { evaluator.score($0) > evaluator.score($1) }.prefix(8)
    let mean = (0..<6).map { i in elites.reduce(0) { $0 + $1[i] } / 8 }
    #expect(
      zip(evaluator.calls[1][0], mean).allSatisfy { abs($0 - $1) < 1e-5 },
      "\(evaluator.calls[1][0]), \(mean)")
  }

  // MARK: - Proposals and several decisions

  /// A search starts from a proposed plan if it is better than the warm start, and forgets it afterwards.
  @Test func startsFromTheBetterOfWarmStartAndProposal() {
    func check(_ planner: some Planner) {
      var (planner, random) = (planner, RandomStream(seed: 2))
      // far from the middle, and the proposal is close
      var evaluator = RecordingEvaluator(horizon: 2, actionSize: 1) {
        -abs($0[0] - 8) - abs($0[1] + 8)
      }
      func center(_ call: Int) -> [Float] { evaluator.center(ofCall: call) }
      planner.suggest([8, -20])  // clipped to the bound, from which searches may keep a little away
      _ = Self.plan(&planner, &evaluator, &random)
      #expect(evaluator.calls[0] == [[0, 0], [8, -10]])
      #expect(abs(center(1)[0] - 8) < 0.4 && abs(center(1)[1] + 10) < 1.2, "\(center(1))")
      planner.reset()
      var first = evaluator.calls.count
      planner.suggest([-9, 9])
      _ = Self.plan(&planner, &evaluator, &random)
      #expect(
        evaluator.calls[first].count == 2 && abs(center(first + 1)[0]) < 0.4, "\(center(first + 1))"
      )
      first = evaluator.calls.count
      _ = Self.plan(&planner, &evaluator, &random)
      #expect(evaluator.calls[first].count > 2, "the proposal was not forgotten")
    }
    var crossEntropy = CrossEntropy.Settings(horizon: 2)
    crossEntropy.spread = 0.05
    check(CrossEntropy(crossEntropy, low: [-10], high: [10]))
    check(ImprovedCrossEntropy(Self.settings(2) { $0.spread = 0.05 }, low: [-10], high: [10]))
  }

  /// Asked for several decisions, planners give as many of their plan, and go on from behind them.
  @Test func severalDecisionsComeFromOnePlan() {
    func check(_ planner: some Planner) {
      var (one, several) = (planner, planner)
      var evaluator = RecordingEvaluator(horizon: 5, actionSize: 2) { plan in
        -plan.indices.reduce(0) { $0 + abs(plan[$1] - Float($1) / 4) }
      }
      var streams = (RandomStream(seed: 4), RandomStream(seed: 4))
      let first = Self.plan(&one, &evaluator, &streams.0)
      let all = Self.plan(&several, &evaluator, &streams.1, decisions: 3)
      #expect(Array(all.prefix(2)) == first)
      let (short, long) = (
        (one as? any WarmStartedPlanner)?.warmStart ?? [], (several as? any WarmStartedPlanner)?.warmStart ?? []
      )
      if !short.isEmpty {
        #expect(Array(long.prefix(4)) == Array(short.dropFirst(4).prefix(4)))
        #expect(Array(long.suffix(6)) == [1, 5, 1, 5, 1, 5], "the middle comes last")
      }
    }
    check(CrossEntropy(CrossEntropy.Settings(horizon: 5), low: Self.low, high: Self.high))
    check(PathIntegral(PathIntegral.Settings(horizon: 5), low: Self.low, high: Self.high))
    check(RandomShooting(RandomShooting.Settings(horizon: 5), low: Self.low, high: Self.high))
    check(ImprovedCrossEntropy(Self.settings(5), low: Self.low, high: Self.high))
  }
}
