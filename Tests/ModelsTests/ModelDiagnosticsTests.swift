import Experience
import Foundation
import Interfaces
import Kernels
import Models
import TestSupport
import Testing

@Suite struct ModelDiagnosticsTests {
  private static let system = LinearSystem()

  /// Episodes of the linear system under random actions, stable enough to stay near the origin.
  private static func episodes(_ count: Int, length: Int, seed: UInt64) -> [Trajectories.Episode] {
    var (random, played) = (
      RandomStream(seed: seed).child("episodes"), Trajectories(observationSize: 2, actionSize: 1)
    )
    for _ in 0..<count {
      var x = [random.normal(), random.normal()]
      for t in 0..<length {
        let u = [random.uniform(-1, 1)]
        let next = zip(x, system.change(x, u)).enumerated().map {
          $1.0 + $1.1 + system.noise[$0] * random.normal()
        }
        played.append(
          x, u, StepOutcome(reward: 0, ending: t == length - 1 ? .truncated : .none), next: next)
        x = next
      }
    }
    return played.episodes
  }

  private static func linear(samples: Int = 5000) throws -> LinearDynamics {
    var settings = LinearDynamicsSettings()
    settings.samplesNoise = true
    var model = LinearDynamics(settings, stateSize: 2, actions: .box(low: [-1], high: [1]))
    var (metrics, random) = (MetricRow(names: LinearDynamics.metricNames), RandomStream(seed: 1))
    try model.fit(to: system.data(samples, seed: 1), using: &random, metrics: &metrics)
    return model
  }

  private static func diagnose(
    _ model: some PredictiveModel, horizon: Int = 10, particles: Int = 100
  ) -> ModelDiagnostics {
    ModelDiagnostics(
      of: model, on: episodes(40, length: 50, seed: 7), horizon: horizon, particles: particles,
      using: RandomStream(seed: 3))
  }

  /// A model of the right form is calibrated, has the likelihood of the noise's entropy, and errs as much as it says over
  /// every horizon.
  @Test func aWellSpecifiedModelIsCalibrated() throws {
    let found = Self.diagnose(try Self.linear())
    #expect(found.calibrationError < 0.02, "\(found.calibrationError)")
    let entropy = Self.system.noise.map { 0.5 * log(2 * Double.pi * exp(1) * Double($0 * $0)) }
    let joint = try #require(found.jointNegativeLogLikelihood)
    #expect(abs(joint - entropy.reduce(0, +)) < 0.1, "\(joint), entropy \(entropy)")
    for (entry, noise) in zip(found.likelihoods, zip(Self.system.noise, entropy)) {
      #expect(abs(entry.error / Double(noise.0) - 1) < 0.06)
      #expect(
        abs(try #require(entry.negativeLogLikelihood) - noise.1) < 0.06
          && entry.baseline > noise.1 + 0.5)
    }
    #expect(found.horizon.map(\.step) == Array(1...10))
    for entry in found.horizon {
      // the particles' mean has an error of its own, 1 / 100 of their variance
      #expect(abs(entry.error / entry.spread - 1) < 0.25, "\(entry)")
      #expect(entry.persistence > entry.error)
    }
    #expect(found.horizon[9].spread > 1.5 * found.horizon[0].spread)
    #expect(found.disagreement.isEmpty, "one member agrees with itself")
  }

  /// An ensemble stopped by the likelihood is calibrated, too; its tables have every level, component and step.
  @Test func anEnsembleIsCalibrated() throws {
    var model = ProbabilisticEnsemble.small {
      $0.score = .likelihood
      $0.epochs = 80
      $0.patience = 5
    }
    try model.fit(Self.system.data(3000, seed: 1))
    let found = Self.diagnose(model, horizon: 5, particles: 10)
    #expect(found.calibrationError < 0.05, "\(found.calibrationError)")
    #expect(found.reliability.count == 3 * ModelDiagnostics.levels.count)
    #expect(found.disagreement.map(\.count).reduce(0, +) == 2000 && found.disagreement.count == 10)
    #expect(
      zip(found.disagreement, found.disagreement.dropFirst()).allSatisfy {
        $0.disagreement <= $1.disagreement
      })
    let (same, other) = (
      Self.diagnose(model, horizon: 5, particles: 10).horizon.map(\.error),
      found.horizon.map(\.error)
    )
    #expect(same == other)
  }

  /// Components that never vary are left out everywhere and change nothing: not even ones that are predicted badly.
  @Test func constantComponentsAreLeftOut() throws {
    let plain = Self.diagnose(try Self.linear(), horizon: 5, particles: 20)
    let padded = ModelDiagnostics(
      of: PaddedModel(model: try Self.linear()),
      on: Self.episodes(40, length: 50, seed: 7).map { episode in
        var wider = episode
        wider.observations = Matrix(rows: episode.length + 1, columns: 4)
        for t in 0...episode.length {
          wider.observations.setRow(t, Array(episode.observations.row(t)) + [1, Float(t)])
        }
        return wider
      }, horizon: 5, particles: 20, using: RandomStream(seed: 3))
    #expect(padded.constants == [2] && padded.steady == [3])
    #expect(padded.likelihoods.map(\.component) == [0, 1])
    #expect(padded.likelihoods.map(\.error) == plain.likelihoods.map(\.error))
    #expect(padded.calibrationError == plain.calibrationError)
    #expect(padded.jointNegativeLogLikelihood == plain.jointNegativeLogLikelihood)
    // the component that counts the steps is predicted exactly
    #expect(zip(padded.horizon, plain.horizon).allSatisfy { $0.error < $1.error && $0.error > 0.3 * $1.error })
  }

  /// Deviations too small show as a curve too steep in the tails, too large as one too flat, and both cost likelihood.
  @Test(arguments: [0.4, 2.5]) func wrongDeviationsShow(_ factor: Double) throws {
    let honest = Self.diagnose(try Self.linear())
    let wrong = Self.diagnose(ScaledModel(model: try Self.linear(), factor: Float(factor)))
    #expect(
      wrong.calibrationError > 0.08 && honest.calibrationError < 0.02, "\(wrong.calibrationError)")
    let tail = try #require(wrong.reliability.first { $0.component == nil && $0.level == 0.05 })
    #expect(factor < 1 ? tail.frequency > 0.15 : tail.frequency < 0.01, "\(tail)")
    let (better, worse) = (
      try #require(honest.jointNegativeLogLikelihood),
      try #require(wrong.jointNegativeLogLikelihood)
    )
    #expect(worse > better + 0.5)
  }

  /// Where members differ more, the mean is further off: members at truth + d and truth - d / 3 disagree by 2 d / 3 and err
  /// by d / 3.
  @Test func disagreementGoesWithTheError() {
    let found = Self.diagnose(TwoMinds(), horizon: 1, particles: 1)
    for bin in found.disagreement {
      #expect(abs(bin.error / bin.disagreement - 0.5) < 0.05, "\(bin)")
    }
    #expect(found.disagreement[9].error > 3 * found.disagreement[0].error)
    #expect(
      found.jointNegativeLogLikelihood == nil
        && found.likelihoods.allSatisfy { $0.negativeLogLikelihood == nil })
  }
}

/// A linear model with a third component that is 1, or nearly so, and a fourth that counts steps.
private struct PaddedModel: PredictiveModel {
  let model: LinearDynamics
  var memberCount: Int { 1 }
  var stateSize: Int { 4 }
  var actionSize: Int { 1 }
  var preferredRows: Int { model.preferredRows }

  final class Rollout: ModelRollout {
    private var inner: LinearRollout
    private var padded = Vector(count: 0)
    private var first: [Float] = []
    init(_ inner: LinearRollout, capacity: Int) {
      self.inner = inner
      padded = Vector(count: 4 * capacity)
    }
    var count: Int { inner.count }
    var steps: Int { inner.steps }
    var states: UnsafePointer<Float> { padded.pointer }

    func reset(_ starts: RolloutStarts, using random: RandomStream) {
      first = (0..<starts.count).map { starts.states[4 * $0 + 3] }
      let narrow = (0..<starts.count).flatMap { [starts.states[4 * $0], starts.states[4 * $0 + 1]] }
      narrow.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        inner.reset(
          RolloutStarts(count: starts.count, states: base, rowsPerParticle: starts.rowsPerParticle), using: random)
      }
      fill()
    }

    func advance(_ actions: UnsafePointer<Float>) {
      inner.advance(actions)
      fill()
    }

    private func fill() {
      for row in 0..<inner.count {
        (padded[4 * row], padded[4 * row + 1]) = (inner.states[2 * row], inner.states[2 * row + 1])
        (padded[4 * row + 2], padded[4 * row + 3]) = (1.01, first[row] + Float(inner.steps))
      }
    }
  }

  func makeRollout(capacity: Int, keeping steps: Int) -> Rollout {
    Rollout(model.makeRollout(capacity: capacity, keeping: 0), capacity: capacity)
  }

  func predict(member: Int, states: Matrix, actions: Matrix) -> (means: Matrix, deviations: Matrix) {
    var narrow = Matrix(rows: states.rows, columns: 2)
    for row in 0..<states.rows { narrow.setRow(row, [states[row, 0], states[row, 1]]) }
    let found = model.predict(member: member, states: narrow, actions: actions)
    var (means, deviations) = (Matrix(rows: states.rows, columns: 4), Matrix(rows: states.rows, columns: 4))
    for row in 0..<states.rows {
      means.setRow(row, [found.means[row, 0], found.means[row, 1], 1.01, states[row, 3] + 1])
      deviations.setRow(row, [found.deviations[row, 0], found.deviations[row, 1], 1e-3, 1e-3])
    }
    return (means, deviations)
  }
}

/// A linear model that says its deviations are others.
private struct ScaledModel: PredictiveModel {
  let model: LinearDynamics
  let factor: Float
  var memberCount: Int { 1 }
  var stateSize: Int { model.stateSize }
  var actionSize: Int { model.actionSize }
  var preferredRows: Int { model.preferredRows }

  func makeRollout(capacity: Int, keeping steps: Int) -> LinearRollout {
    model.makeRollout(capacity: capacity, keeping: steps)
  }

  func predict(member: Int, states: Matrix, actions: Matrix) -> (means: Matrix, deviations: Matrix) {
    var (means, deviations) = model.predict(member: member, states: states, actions: actions)
    for r in 0..<deviations.rows { for c in 0..<2 { deviations[r, c] *= factor } }
    return (means, deviations)
  }
}

/// Two members without noise that are off the noiseless truth by an amount that grows with the state.
private struct TwoMinds: PredictiveModel {
  let system = LinearSystem(noise: [0, 0])
  var memberCount: Int { 2 }
  var stateSize: Int { 2 }
  var actionSize: Int { 1 }
  var preferredRows: Int { 1 }

  func makeRollout(capacity: Int, keeping steps: Int) -> LinearRollout {
    LinearDynamics(LinearDynamicsSettings(), stateSize: 2, actions: .box(low: [-1], high: [1]))
      .makeRollout(capacity: capacity, keeping: steps)
  }

  func predict(member: Int, states: Matrix, actions: Matrix) -> (means: Matrix, deviations: Matrix) {
    var means = states
    for r in 0..<states.rows {
      let change = system.change(Array(states.row(r)), Array(actions.row(r)))
      for c in 0..<2 {
        // large beside the noise of the episodes
        let offset = 10 + 60 * abs(states[r, 0])
        means[r, c] += change[c] + (member == 0 ? offset : -offset / 3)
      }
    }
    return (means, Matrix(rows: states.rows, columns: 2))
  }
}
