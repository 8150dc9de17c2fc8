import Foundation
import Experience
import Interfaces
import Kernels
import Models
import TestSupport
import Testing

/// Gaussian processes against scikit-learn's, and their rollouts against finite differences.
@Suite struct GaussianProcessTests {
  struct Case: Decodable {
    let x: [Double]
    let y: [Double]
    let parameters: [Double]
    let evidence: Double
    let gradient: [Double]
    let tests: [Double]
    let means: [Double]
    let deviations: [Double]
  }

  private static func cases() throws -> [Case] {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/gaussian_process.json")
    return try JSONDecoder().decode([Case].self, from: Data(contentsOf: path))
  }

  @Test func likelihoodsAndGradientsAreThoseOfScikitLearn() throws {
    for reference in try Self.cases() {
      let process = GaussianProcessEvidence(reference.x, reference.y)
      var gradient = reference.parameters
      let value = process.value(at: reference.parameters, gradient: &gradient)
      #expect(abs(value + reference.evidence) < 1e-6 * max(1, abs(value)), "\(value) and \(reference.evidence)")
      for (found, expected) in zip(gradient, reference.gradient) {
        #expect(abs(found + expected) < 1e-6 * max(1, abs(expected)), "\(gradient) and \(reference.gradient)")
      }
    }
  }

  @Test func predictionsAreThoseOfScikitLearn() throws {
    for reference in try Self.cases() {
      let process = GaussianProcessEvidence(reference.x, reference.y)
      let output = try #require(GaussianProcessOutput(process, reference.x, at: reference.parameters))
      let (means, deviations) = output.predictions(at: reference.tests)
      for row in means.indices {
        #expect(abs(means[row] - reference.means[row]) < 1e-6)
        #expect(abs(deviations[row] - reference.deviations[row]) < 1e-6)
      }
    }
  }

  private static func fitted(
    _ count: Int = 60, samples: Bool = true, _ change: (inout GaussianProcessSettings) -> Void = { _ in }
  ) throws -> GaussianProcessModel {
    var settings = GaussianProcessSettings()
    (settings.samples, settings.iterations) = (samples, 40)
    change(&settings)
    var model = GaussianProcessModel(settings, stateSize: 2, actions: .box(low: [-1], high: [1]))
    var (random, metrics) = (RandomStream(seed: 1), MetricRow(names: GaussianProcessModel.metricNames))
    try model.fit(to: LinearSystem().data(count, seed: 1), using: &random, metrics: &metrics)
    return model
  }

  /// The dynamics of a linear system and its noise, from 200 steps.
  @Test func fitsRecoverASystem() throws {
    let (system, model) = (LinearSystem(), try Self.fitted(200))
    var random = RandomStream(seed: 9)
    var (states, actions) = (Matrix(rows: 50, columns: 2), Matrix(rows: 50, columns: 1))
    var truth: [[Float]] = []
    for row in 0..<50 {
      let (x, u) = system.point(&random)
      states.setRow(row, x)
      actions.setRow(row, u)
      truth.append(zip(x, system.change(x, u)).map { $0 + $1 })
    }
    let (means, deviations) = model.predict(member: 0, states: states, actions: actions)
    var errors: [Float] = [0, 0]
    for row in 0..<50 { for i in 0..<2 { errors[i] += abs(means[row, i] - truth[row][i]) / 50 } }
    #expect(errors[0] < 0.02 && errors[1] < 0.04, "mean errors \(errors)")
    for row in 0..<50 {
      for i in 0..<2 {
        #expect(abs(deviations[row, i] / system.noise[i] - 1) < 0.3, "\(deviations[row, i]) for \(system.noise[i])")
      }
    }
  }

  @Test(arguments: [false, true]) func gradientsAreThoseOfFiniteDifferences(_ samples: Bool) throws {
    var random = RandomStream(seed: 4)
    let (starts, actions) = ((0..<14).map { _ in random.normal() }, (0..<35).map { _ in random.uniform(-1, 1) })
    let errors = rolloutGradientErrors(
      of: try Self.fitted(samples: samples), starts: starts, actions: actions, using: RandomStream(seed: 2))
    #expect(errors.starts.worst < 5e-3, "\(errors.starts)")
    #expect(errors.actions.worst < 5e-3, "\(errors.actions)")
  }

  /// Of a step's log-density Σ log N(s'; μ(s, a), σ(s, a)) at the state drawn.
  @Test func scoresAreThoseOfTheLogDensity() throws {
    let model = try Self.fitted()
    let rollout = model.makeRollout(capacity: 1, keeping: 1)
    let (start, action): ([Float], [Float]) = ([0.3, -0.8], [0.4])
    rollout.reset(RolloutStarts(count: 1, states: start), using: RandomStream(seed: 7))
    rollout.step(action)
    let drawn = (0..<2).map { Double(rollout.states[$0]) }
    var (states, slopes): ([Float], [Float]) = ([0, 0], [0])
    rollout.pullBack(
      step: 0, nextGradients: nil, rewardGradients: nil, scoreWeights: [1.5], stateGradients: &states,
      actionGradients: &slopes)
    let error = gradientError(of: states + slopes, at: (start + action).map { Double($0) }, step: 2e-2) { point in
      let point = point.map { Float($0) }
      let (mean, deviation) = model.predict(
        member: 0, states: Matrix(rows: 1, columns: 2, Array(point[0..<2])),
        actions: Matrix(rows: 1, columns: 1, [point[2]]))
      return (0..<2).reduce(0.0) { sum, i in
        let gap = (drawn[i] - Double(mean[0, i])) / Double(deviation[0, i])
        return sum - 1.5 * (gap * gap / 2 + log(Double(deviation[0, i])))
      }
    }
    #expect(error.worst < 2e-2, "\(error)")
  }

  /// A fit goes on after a restoration as it would have without.
  @Test func restorationChangesNothing() throws {
    let model = try Self.fitted()
    var copy = GaussianProcessModel(model.settings, stateSize: 2, actions: .box(low: [-1], high: [1]))
    try OracleState(model).restore(into: &copy)
    func next(_ model: GaussianProcessModel) throws -> [Float] {
      var (model, random, metrics) = (model, RandomStream(seed: 1), MetricRow(names: GaussianProcessModel.metricNames))
      let rollout = model.makeRollout(capacity: 2, keeping: 0)
      rollout.reset(RolloutStarts(count: 2, states: [1, 2, 3, 4]), using: RandomStream(seed: 7))
      rollout.step([0.1, 0.2])
      let states = (0..<4).map { rollout.states[$0] }
      try model.fit(to: LinearSystem().data(80, seed: 2), using: &random, metrics: &metrics)
      return states + model.outputs.flatMap { $0.parameters.map { Float($0) } }
    }
    #expect(try next(copy) == next(model))
  }

  /// Of more data than points a subset is kept that predicts about as well.
  @Test func subsetsKeepWhatMatters() throws {
    let (whole, part) = (try Self.fitted(150), try Self.fitted(150) { $0.points = 60 })
    #expect(whole.pointCount == 150 && part.pointCount == 60)
    var random = RandomStream(seed: 5)
    var (states, actions) = (Matrix(rows: 40, columns: 2), Matrix(rows: 40, columns: 1))
    for row in 0..<40 {
      let (x, u) = LinearSystem().point(&random)
      states.setRow(row, x)
      actions.setRow(row, u)
    }
    let (a, b) = (
      whole.predict(member: 0, states: states, actions: actions).means,
      part.predict(member: 0, states: states, actions: actions).means
    )
    let gap = zip(a.elements, b.elements).map { abs($0 - $1) }.reduce(0, +) / 80
    #expect(gap > 0 && gap < 0.05, "mean gap \(gap)")
  }
}

extension ModelRollout {
  /// Takes a step.
  fileprivate func step(_ actions: [Float]) where Self: AnyObject {
    var rollout = self
    rollout.advance(actions)
  }
}
