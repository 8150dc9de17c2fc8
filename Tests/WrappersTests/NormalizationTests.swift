import Archive
import Environments
import Interfaces
import Kernels
import TestSupport
import Testing
import Wrappers

/// Makes `environment` measure as an agent sees `training`.
func measure<Task: Environment>(_ environment: inout Task, like training: some Environment) throws {
  var writer = StateWriter()
  training.saveStatistics(to: &writer)
  try environment.beginMeasurement(with: StateReader(writer.file))
}

/// Running statistics: what they are, and that measuring takes them over and leaves them be.
@Suite struct NormalizationTests {
  private static let actions = (0..<60).map { [Float]([Float($0 % 5) / 2 - 1]) }

  @Test func observationsAreStandardizedByWhatWasSeen() throws {
    var (normalized, plain) = (try NormalizedObservations(Pendulum(PendulumSettings())), Pendulum(PendulumSettings()))
    let (shown, seen) = (
      try play(&normalized, Self.actions).observations, try play(&plain, Self.actions).observations
    )
    #expect(shown[0] == seen[0])
    for step in 1..<seen.count {
      for component in 0..<3 {
        let past = seen[...step].map { Double($0[component]) }
        let mean = past.reduce(0, +) / Double(past.count)
        let variance = past.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(past.count)
        let expected = (Double(seen[step][component]) - mean) / (variance + 1e-8).squareRoot()
        #expect(abs(Double(shown[step][component]) - expected) < 1e-4)
      }
    }
  }

  @Test func valuesAreLimited() throws {
    var normalized = try NormalizedObservations(Pendulum(PendulumSettings()), limit: 0.5)
    let shown = try play(&normalized, Self.actions).observations.joined()
    #expect(shown.allSatisfy { abs($0) <= 0.5 } && shown.contains(0.5))
  }

  /// A measured agent sees observations by the statistics of training, which measuring does not change.
  @Test func measuringUsesTheStatisticsOfTraining() throws {
    var training = try NormalizedObservations(Pendulum(PendulumSettings()))
    _ = try play(&training, Self.actions)
    var measuring = try NormalizedObservations(Pendulum(PendulumSettings()))
    try measure(&measuring, like: training)
    let first = try play(&measuring, Self.actions, seed: 9).observations
    #expect(try play(&measuring, Self.actions, seed: 9).observations == first, "measuring changes the statistics")
    var plain = Pendulum(PendulumSettings())
    let seen = try play(&plain, Self.actions, seed: 9).observations
    // one linear function for all steps
    for component in 0..<3 {
      let (a, b) = (seen.map { Double($0[component]) }, first.map { Double($0[component]) })
      let (one, other) = (5, 40)
      let slope = (b[other] - b[one]) / (a[other] - a[one])
      for (x, y) in zip(a, b) {
        let expected = b[one] + slope * (x - a[one])
        #expect(abs(y - expected) < 2e-3)
      }
    }
    // training goes on as if nothing had been measured
    var other = try NormalizedObservations(Pendulum(PendulumSettings()))
    _ = try play(&other, Self.actions)
    #expect(try play(&training, Self.actions).observations == play(&other, Self.actions).observations)
  }

  @Test func anEnvironmentMeasuredBeforeTrainingShowsThingsAsTheyAre() throws {
    var measuring = try NormalizedObservations(Pendulum(PendulumSettings()))
    try measure(&measuring, like: measuring)
    var plain = Pendulum(PendulumSettings())
    #expect(try play(&measuring, Self.actions).observations == play(&plain, Self.actions).observations)
  }

  @Test func rewardsAreScaledByTheSpreadOfReturns() throws {
    var (normalized, plain) = (
      NormalizedRewards(Pendulum(PendulumSettings()), discount: 0.9), Pendulum(PendulumSettings())
    )
    #expect(normalized.spec.rewardRange == -10...10)
    let (shown, rewards) = (
      try play(&normalized, Self.actions).outcomes, try play(&plain, Self.actions).outcomes.map { Double($0.reward) }
    )
    var (sum, sums) = (0.0, [Double]())
    for (step, reward) in rewards.enumerated() {
      sum = 0.9 * sum + reward
      sums.append(sum)
      let mean = sums.reduce(0, +) / Double(sums.count)
      let spread = (sums.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(sums.count)).squareRoot()
      let expected = step == 0 ? reward : reward / spread
      let limited = max(-10, min(10, expected))
      #expect(abs(Double(shown[step].reward) - limited) < 1e-3)
    }
    try measure(&normalized, like: normalized)
    #expect(try play(&normalized, Self.actions).outcomes.map { Double($0.reward) } == rewards)
  }

  @Test func imagesAreNotNormalized() {
    #expect(throws: WrapperError(description: "is not for images")) { try NormalizedObservations(Camera()) }
  }

  /// Copies share statistics: observations of all of them are taken in before any is shown.
  @Test func copiesOfAVectorShareStatistics() throws {
    var vector = try NormalizedVector(
      EnvironmentCopies(count: 4) { Pendulum(PendulumSettings()) }, observations: true, rewards: true)
    let plain = EnvironmentCopies(count: 4) { Pendulum(PendulumSettings()) }
    try vector.reset(using: RandomStream(seed: 3))
    try plain.reset(using: RandomStream(seed: 3))
    for component in 0..<3 {
      let seen = (0..<4).map { Double(plain.observations[3 * $0 + component]) }
      let mean = seen.reduce(0, +) / 4
      let spread = (seen.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 4 + 1e-8).squareRoot()
      for copy in 0..<4 {
        let (shown, expected) = (Double(vector.observations[3 * copy + component]), (seen[copy] - mean) / spread)
        #expect(abs(shown - expected) < 1e-4)
      }
    }
    // the statistics fit the single environment's
    var measuring = try NormalizedObservations(Pendulum(PendulumSettings()))
    var writer = StateWriter()
    vector.saveStatistics(to: &writer)
    try measuring.beginMeasurement(with: StateReader(writer.file))
    var observation = [Float](repeating: 0, count: 3)
    var start = RandomStream(seed: 3).child(0).child(0)
    try measuring.reset(using: &start, observation: &observation)
    #expect(observation == Array(UnsafeBufferPointer(start: vector.observations, count: 3)))
  }

  @Test func normalizedVectorsConform() throws {
    var settings = CartPoleSettings()
    settings.stepLimit = 30
    for (observations, rewards) in [(true, false), (false, true), (true, true)] {
      let failures = try VectorEnvironmentConformance<NormalizedVector<EnvironmentCopies<CartPole>>>.failures(
        steps: 40, sharesStatistics: true
      ) { count in
        try NormalizedVector(
          EnvironmentCopies(count: count) { CartPole(settings) }, observations: observations, rewards: rewards)
      }
      #expect(failures == [])
    }
  }
}
