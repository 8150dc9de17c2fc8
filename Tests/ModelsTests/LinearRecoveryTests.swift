import Experience
import Interfaces
import Kernels
import Models
import Networks
import TestSupport
import Testing

/// The ensemble finds a linear system with noise from its transitions.
@Suite struct LinearRecoveryTests {
  private let system = LinearSystem()

  /// Expected changes to 5 % of their size, the noise's standard deviation to a quarter of it, rewards to 0.05.
  /// So it is with products of bfloat16 numbers.
  @Test(arguments: [UInt64(1), 2, 3], ProductPrecision.allCases)
  func findsDynamicsNoiseAndReward(_ seed: UInt64, _ precision: ProductPrecision) throws {
    var model = ProbabilisticEnsemble.small(seed: seed) {
      $0.precision = precision
      if precision == .bfloat16 { $0.hidden = [64, 64] }
      $0.learnsReward = true
      // the error stops improving long before the variances have settled
      $0.holdout = 0
      $0.improvement = 0
      $0.patience = 60
      $0.epochs = 60
    }
    #expect(!model.isFitted)
    let untrained = try system.predictionError(of: model)
    let metrics = try model.fit(system.data(1500, seed: seed), seed: seed)
    #expect(model.isFitted && metrics.nonFinite == nil)
    let error = try system.predictionError(of: model)
    #expect(error < 0.05 && untrained > 0.5, "relative error \(error), before \(untrained)")

    var random = RandomStream(seed: seed).child("places")
    for _ in 0..<3 {
      let (x, u) = system.point(&random)
      let count = 4000
      let sample = model.advanced(Array(repeating: x, count: count), Array(repeating: u, count: count))
      for i in 0..<2 {
        let values = sample.states.map { Double($0[i] - x[i]) }
        let mean = values.reduce(0, +) / Double(count)
        let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)).squareRoot()
        let ratio = deviation / Double(system.noise[i])
        #expect(0.75 < ratio && ratio < 1.25, "deviation \(deviation) for noise of \(system.noise[i])")
        #expect(abs(mean - Double(system.change(x, u)[i])) < 0.5 * Double(system.noise[i]))
      }
      let rewards = try #require(sample.rewards)
      let mean = rewards.reduce(0) { $0 + Double($1) } / Double(count)
      #expect(abs(mean - Double(system.reward(x, u))) < 0.05)
    }
  }

  /// A component that never varied and a reward that was always the same are predicted as they were, after however little
  /// training.
  @Test func whatNeverVariedStaysAsItWas() throws {
    var model = ProbabilisticEnsemble.small(seed: 1) {
      $0.learnsReward = true
      $0.epochs = 1
    }
    var (data, random) = (ReplayBuffer(capacity: 300, observationSize: 2, actionSize: 1), RandomStream(seed: 5))
    for _ in 0..<300 {
      let (x, u) = system.point(&random)
      data.append([0.3, x[1]], u, reward: 1, next: [0.3, x[1] + u[0]], continues: true)
    }
    try model.fit(data, seed: 1)
    let points = (0..<50).map { _ in system.point(&random) }
    let sample = model.advanced(points.map { [0.3, $0.state[1]] }, points.map(\.action))
    #expect(sample.states.allSatisfy { abs($0[0] - 0.3) < 2e-5 })
    #expect(try #require(sample.rewards).allSatisfy { abs($0 - 1) < 2e-5 })
  }

  /// Stopped early by the likelihood instead of the error, deviations are the noise's to 12 %, and those of a model stopped
  /// by the error are further off.
  @Test func likelihoodStopsWhereTheNoiseFits() throws {
    func deviations(_ score: FitScore) throws -> [Double] {
      var model = ProbabilisticEnsemble.small(seed: 1) {
        $0.score = score
        $0.epochs = 200
        $0.patience = 5
      }
      try model.fit(system.data(3000, seed: 1))
      let sample = model.advanced(Array(repeating: [0.5, -0.5], count: 4000), Array(repeating: [0.2], count: 4000))
      return (0..<2).map { i in
        let values = sample.states.map { Double($0[i]) }
        let mean = values.reduce(0, +) / 4000
        return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4000).squareRoot() / Double(system.noise[i])
      }
    }
    let (error, likelihood) = (try deviations(.error), try deviations(.likelihood))
    #expect(likelihood.allSatisfy { abs($0 - 1) < 0.12 }, "relative deviations \(likelihood)")
    #expect(zip(error, likelihood).contains { abs($0 - 1) > abs($1 - 1) }, "\(error), \(likelihood)")
  }

  /// Networks of means alone find the system, too, and predict without noise.
  @Test(arguments: [1, 3]) func deterministicNetworksFindTheDynamics(_ members: Int) throws {
    var model = ProbabilisticEnsemble.small {
      $0.deterministic = true
      $0.members = members
      $0.learnsReward = true
      $0.propagation = .tsInfinity
    }
    let metrics = try model.fit(system.data(1500, seed: 1))
    #expect(metrics.mean(of: "model_loss") == metrics.mean(of: "model_error"))
    #expect(try system.predictionError(of: model) < 0.05)
    let points = Array(repeating: [Float(0.3), -0.4], count: 50)
    let found = model.advanced(points, Array(repeating: [0.5], count: 50))
    #expect(Set(found.states).count == 1, "noise without a Gaussian")
    #expect(try #require(found.rewards?.first).distance(to: system.reward([0.3, -0.4], [0.5])).magnitude < 0.05)
  }

  @Test func rewardsArePredictedOnlyIfLearned() {
    let plain = ProbabilisticEnsemble.small()
    #expect(plain.advanced([[0, 0]], [[0]]).rewards == nil)
    #expect(ProbabilisticEnsemble.small { $0.learnsReward = true }.advanced([[0, 0]], [[0]]).rewards?.count == 1)
  }

  /// Units that are powers of two change nothing but the units, to the last bit.
  @Test func unitsDoNotMatter() throws {
    let (stateScale, actionScale): ([Float], Float) = ([1024, 0.0078125], 8)
    var (plain, scaled) = (ProbabilisticEnsemble.small { $0.epochs = 5 }, ProbabilisticEnsemble.small { $0.epochs = 5 })
    var data = system.data(0, seed: 1)
    system.append(400, to: &data, seed: 1, stateScale: stateScale, actionScale: actionScale)
    try plain.fit(system.data(400, seed: 1))
    try scaled.fit(data)
    #expect(plain.parameters == scaled.parameters)
    var random = RandomStream(seed: 4)
    let points = (0..<20).map { _ in system.point(&random) }
    let expected = plain.advanced(points.map(\.state), points.map(\.action)).states
    let found = scaled.advanced(
      points.map { zip($0.state, stateScale).map { $0 * $1 } }, points.map { $0.action.map { $0 * actionScale } }
    ).states
    #expect(found == expected.map { zip($0, stateScale).map { $0 * $1 } })
  }

  /// A component that never changes has no spread to normalize by.
  @Test func constantComponentsStayConstant() throws {
    var data = system.data(0, seed: 1)
    var random = RandomStream(seed: 8)
    for _ in 0..<500 {
      let x = random.normal()
      data.append([x, 5], [0.25], reward: 0, next: [x * 0.5, 5], continues: true)
    }
    var model = ProbabilisticEnsemble.small { $0.propagation = .mean }
    try model.fit(data)
    for x: Float in [-1, 0, 1.5] {
      let next = model.advanced([[x, 5]], [[0.25]]).states[0]
      #expect(abs(next[0] - 0.5 * x) < 0.1 && abs(next[1] - 5) < 0.1, "\(x), 5 goes to \(next)")
    }
  }

  /// More data make a fitted model better, and a fit to the same data keeps it good.
  @Test(arguments: [UInt64(1), 2, 3]) func refittingImprovesOrKeeps(_ seed: UInt64) throws {
    var model = ProbabilisticEnsemble.small(seed: seed)
    var data = system.data(100, seed: seed)
    try model.fit(data, seed: seed)
    let first = try system.predictionError(of: model)
    system.append(1400, to: &data, seed: seed + 10)
    try model.fit(data, seed: seed)
    let second = try system.predictionError(of: model)
    #expect(second < 0.7 * first && second < 0.05, "\(first), then \(second)")
    try model.fit(data, seed: seed)
    let third = try system.predictionError(of: model)
    #expect(third < 0.06, "\(second), then \(third)")
  }

  /// A few transitions are enough for a fit to mean something and not to fail.
  @Test(arguments: [1, 2, 5, 11]) func fitsHardlyAnyData(_ count: Int) throws {
    var model = ProbabilisticEnsemble.small { $0.epochs = 5 }
    let metrics = try model.fit(system.data(count, seed: 1))
    #expect(metrics.nonFinite == nil && model.isFitted)
    #expect(model.advanced([[0, 0]], [[0]]).states[0].allSatisfy { $0.isFinite })
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity]) func numbersThatAreNotFiniteStopTheFit(_ value: Float) {
    var data = system.data(200, seed: 1)
    data.append([0, value], [0], reward: 0, next: [0, 0], continues: true)
    var model = ProbabilisticEnsemble.small { $0.epochs = 2 }
    let failure = #expect(throws: NumericalFailure.self) { try model.fit(data) }
    #expect(failure?.metric == "model_loss")
  }

  /// A step whose loss was still finite may leave parameters that are not.
  @Test(arguments: [0, 0.2] as [Float]) func overflowInTheLastStepIsReported(_ holdout: Float) throws {
    var model = ProbabilisticEnsemble.small {
      $0.members = 1
      $0.hidden = [4]
      $0.activation = .relu
      $0.batchSize = 1000
      $0.epochs = 1
      $0.holdout = holdout
    }
    var parameters = [Float](repeating: 0, count: model.parameters.count)
    // means of 1e18 from large hidden units, whose weights' slopes overflow
    for entry in model.network.layout.entries {
      switch entry.name {
      case "layers.0.bias": for index in entry.range { parameters[index] = 1e6 }
      case "layers.1.bias": for index in entry.range.prefix(2) { parameters[index] = 1e18 }
      default: break
      }
    }
    model.parameters = Vector(parameters)
    let failure = #expect(throws: NumericalFailure.self) { try model.fit(system.data(100, seed: 1)) }
    #expect(failure?.metric == "model_parameters")
  }
}
