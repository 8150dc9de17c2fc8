import Experience
import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

/// Cloning of experts whose every parameter is known.
@Suite struct PolicyCloningTests {
  private static let gain: [[Float]] = [[0.8, -1.2, 0.3], [-0.5, 0.4, 1.1]]

  /// `count` decisions of u = K s + `noise` times a standard normal.
  private func decisions(_ count: Int, noise: Float) -> RolloutSegment {
    var random = RandomStream(seed: 3).child("expert")
    var segment = RolloutSegment(copies: 1, observationSize: 3, actionSize: 2, capacity: count)
    for _ in 0..<count {
      let state = (0..<3).map { _ in random.normal() }
      let action = Self.gain.map { row in
        zip(row, state).reduce(noise * random.normal()) { $0 + $1.0 * $1.1 }
      }
      segment.append(observations: state, actions: action, rewards: [0], endings: [.none], next: state)
    }
    return segment
  }

  private func settings(_ change: (inout PolicyCloningSettings) -> Void = { _ in }) -> PolicyCloningSettings {
    var settings = PolicyCloningSettings()
    settings.policy.hidden = []
    settings.learningRate = 0.01
    settings.epochs = 40
    change(&settings)
    return settings
  }

  private func fitted(_ settings: PolicyCloningSettings, to segment: RolloutSegment, _ space: ActionSpace) throws
    -> PolicyCloning
  {
    let spec = EnvironmentSpec(
      observationSize: segment.observationSize, action: space, timeStep: 1, stepLimit: 100)
    var (learner, random) = (PolicyCloning(settings, spec: spec, using: RandomStream(seed: 1)), RandomStream(seed: 2))
    var metrics = MetricRow(names: PolicyCloning.metricNames)
    try learner.fit(to: segment, using: &random, metrics: &metrics)
    return learner
  }

  private static let wide = ActionSpace.box(low: [-20, -20], high: [20, 20])

  /// Modes at the unit vectors and at 0 are the gain's columns and the bias.
  @Test(arguments: [false, true]) func aLinearExpertsGainIsFound(fitsSpread: Bool) throws {
    let learner = try fitted(settings { $0.fitsSpread = fitsSpread }, to: decisions(4000, noise: 0.3), Self.wide)
    let (policy, states) = (learner.policy, Matrix(rows: 4, columns: 3, [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]))
    var (actions, random) = (Matrix(rows: 4, columns: 2), RandomStream(seed: 4))
    policy.act(on: states, explore: false, using: &random, actions: &actions, policy.makeWorkspace())
    for output in 0..<2 {
      #expect(abs(actions[3, output]) < 0.04, "bias \(actions[3, output])")
      for input in 0..<3 {
        let found = actions[input, output] - actions[3, output]
        #expect(abs(found - Self.gain[output][input]) < 0.04, "\(found) for \(Self.gain[output][input])")
      }
    }
  }

  /// Spreads are those of the noise where they are fitted, and stay where they were where not.
  @Test func spreadsAreFittedOnlyWhenAsked() throws {
    for (fits, wanted) in [(true, Float(0.3)), (false, 1)] {
      let learner = try fitted(settings { $0.fitsSpread = fits }, to: decisions(4000, noise: 0.3), Self.wide)
      let (policy, count) = (learner.policy, 20_000)
      let states = Matrix(rows: count, columns: 3)
      var (actions, random) = (Matrix(rows: count, columns: 2), RandomStream(seed: 5))
      policy.act(on: states, explore: true, using: &random, actions: &actions, policy.makeWorkspace())
      for output in 0..<2 {
        let values = (0..<count).map { actions[$0, output] }
        let mean = values.reduce(0, +) / Float(count)
        let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(count)).squareRoot()
        #expect(abs(deviation - wanted) < 0.1 * wanted, "\(deviation) for \(wanted)")
      }
    }
  }

  /// An expert that chooses at random by the state is matched in its frequencies.
  @Test func frequenciesOfChoicesAreFound() throws {
    let wanted: [[Float]] = [[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]]
    var (random, segment) = (
      RandomStream(seed: 6), RolloutSegment(copies: 1, observationSize: 2, actionSize: 1, capacity: 8000)
    )
    for index in 0..<8000 {
      let (row, draw) = (index % 2, random.uniform())
      let choice: Float = draw < wanted[row][0] ? 0 : draw < wanted[row][0] + wanted[row][1] ? 1 : 2
      let state: [Float] = row == 0 ? [1, 0] : [0, 1]
      segment.append(observations: state, actions: [choice], rewards: [0], endings: [.none], next: state)
    }
    let learner = try fitted(
      settings {
        $0.learningRate = 0.003
        $0.batchSize = 500
        $0.epochs = 100
      }, to: segment, .discrete(count: 3))
    let (policy, count) = (learner.policy, 20_000)
    for row in 0..<2 {
      let states = Matrix(rows: count, columns: 2, (0..<count).flatMap { _ -> [Float] in row == 0 ? [1, 0] : [0, 1] })
      var actions = Matrix(rows: count, columns: 1)
      policy.act(on: states, explore: true, using: &random, actions: &actions, policy.makeWorkspace())
      for choice in 0..<3 {
        let share = Float((0..<count).filter { actions[$0, 0] == Float(choice) }.count) / Float(count)
        #expect(abs(share - wanted[row][choice]) < 0.03, "\(share) for \(wanted[row][choice])")
      }
    }
  }

  /// Raw actions give back the actions they were made from.
  @Test(arguments: [false, true]) func rawActionsAreUndone(squashed: Bool) {
    var settings = PolicySettings()
    settings.squashed = squashed
    let distribution = settings.distribution(for: .box(low: [-1, -3], high: [2, 1]))
    for action: [Float] in [[0.5, -1], [-0.999, 0.98], [1.9, -2.95], [2, 1]] {
      var (raw, found): ([Float], [Float]) = ([0, 0], [0, 0])
      distribution.writeRaw(action, into: &raw)
      distribution.writeAction(raw, into: &found)
      #expect(zip(found, action).allSatisfy { abs($0 - $1) < 1e-4 }, "\(found) for \(action)")
    }
  }

  /// What cannot be learned from is named.
  @Test func numbersThatAreNotFiniteAreNamed() {
    var segment = decisions(10, noise: 0.1)
    segment.append(
      observations: [Float.nan, 0, 0], actions: [Float(0), 0], rewards: [0], endings: [.none], next: [Float(0), 0, 0])
    #expect(throws: NumericalFailure.self) { try fitted(settings(), to: segment, Self.wide) }
  }
}
