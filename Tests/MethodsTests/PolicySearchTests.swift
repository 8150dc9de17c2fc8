import Archive
import Environments
import Foundation
import Experience
import Interfaces
import Kernels
import Learners
import Methods
import Models
import TestSupport
import Testing

/// Policies searched in worlds, by particles and by moments.
@Suite struct PolicySearchTests {
  private static let pendulum = Pendulum(PendulumSettings())

  private static func learner(_ change: (inout ParticleSearchSettings) -> Void) -> ParticleSearch {
    var settings = ParticleSearchSettings()
    (settings.horizon, settings.particles, settings.bases, settings.discount) = (4, 5, 6, 0.9)
    change(&settings)
    return ParticleSearch(settings, observationSize: 3, low: [-2], high: [2])
  }

  private static func starts(_ count: Int) -> Matrix {
    var (starts, random) = (Matrix(rows: count, columns: 3), RandomStream(seed: 3))
    for row in 0..<count {
      pendulum.observe(pendulum.startState(using: &random), into: starts.mutablePointer + row * 3)
    }
    return starts
  }

  private static var truth: KnownRewards<DifferentiableTrueModel<Pendulum>> {
    KnownRewards(DifferentiableTrueModel(pendulum, noise: 0.05), pendulum.objective)
  }

  /// How far a gradient is from central differences of `value`, relative to their size.
  private static func error(_ gradient: [Double], at point: [Double], step: Double, _ value: ([Double]) -> Double)
    -> Double
  {
    let numeric = point.indices.map { index in
      let values = [step, -step].map { shift in
        var moved = point
        moved[index] += shift
        return value(moved)
      }
      return (values[0] - values[1]) / (2 * step)
    }
    let gap = zip(gradient, numeric).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    return gap / numeric.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  @Test func gradientsOfParticlesAreThoseOfFiniteDifferences() {
    let learner = Self.learner { _ in }
    let (starts, imagination) = (Self.starts(5), learner.makeImagination(in: Self.truth))
    var random = RandomStream(seed: 8)
    let parameters = learner.freshParameters(among: Self.starts(20), using: &random)
    let found = learner.gradient(of: parameters, at: starts, in: imagination, using: RandomStream(seed: 2)).gradient
    let error = Self.error(found.map { -Double($0) }, at: parameters.elements.map { Double($0) }, step: 1e-2) { moved in
      Double(
        learner.gradient(
          of: Vector(moved.map { Float($0) }), at: starts, in: imagination, using: RandomStream(seed: 2)
        ).value)
    }
    #expect(error < 5e-3, "off by \(error)")
  }

  /// In the true pendulum, held near the top.
  @Test func trainingsImprove() throws {
    var learner = Self.learner {
      ($0.horizon, $0.particles, $0.bases, $0.updates, $0.candidates) = (15, 32, 20, 120, 2)
      ($0.learningRate, $0.discount) = (0.03, 1)
    }
    var (random, metrics) = (RandomStream(seed: 1), MetricRow(names: ParticleSearch.metricNames))
    let imagination = learner.makeImagination(in: Self.truth)
    func near(_ starts: inout Matrix, using random: inout RandomStream) {
      for row in 0..<starts.rows {
        let angle = 0.4 * random.normal()
        starts.setRow(row, [cos(angle), sin(angle), 0.3 * random.normal()])
      }
    }
    var held = Matrix(rows: 32, columns: 3)
    near(&held, using: &random)
    let before = learner.gradient(
      of: Vector(count: learner.parameters.count), at: held, in: imagination, using: RandomStream(seed: 2)
    ).value
    try learner.train(in: imagination, observations: held, using: &random, metrics: &metrics) { starts, _, random in
      near(&starts, using: &random)
    }
    let after = learner.gradient(of: learner.parameters, at: held, in: imagination, using: RandomStream(seed: 2)).value
    #expect(after > 0.5 * before, "returns \(before) without torque, \(after) trained")
  }

  /// A policy whose bases lie far from all states has no gradient: without fresh ones it stays as it is.
  @Test(arguments: [0, 2]) func restartsLeaveAPolicyThatNoGradientImproves(restarts: Int) throws {
    var learner = Self.learner {
      ($0.horizon, $0.particles, $0.bases, $0.updates, $0.candidates) = (15, 32, 20, 80, 2)
      ($0.learningRate, $0.discount, $0.restarts) = (0.03, 1, restarts)
    }
    var (random, metrics) = (RandomStream(seed: 1), MetricRow(names: ParticleSearch.metricNames))
    let imagination = learner.makeImagination(in: Self.truth)
    func near(_ starts: inout Matrix, using random: inout RandomStream) {
      for row in 0..<starts.rows {
        let angle = 0.4 * random.normal()
        starts.setRow(row, [cos(angle), sin(angle), 0.3 * random.normal()])
      }
    }
    var (held, far) = (Matrix(rows: 32, columns: 3), Matrix(rows: 32, columns: 3))
    near(&held, using: &random)
    for row in 0..<far.rows { far.setRow(row, [100, 100, 100 + 0.01 * random.normal()]) }
    func value(of learner: ParticleSearch) -> Float {
      learner.gradient(of: learner.parameters, at: held, in: imagination, using: RandomStream(seed: 2)).value
    }
    let before = value(of: learner)
    var stuck = Self.learner {
      ($0.horizon, $0.particles, $0.bases, $0.updates, $0.candidates) = (15, 32, 20, 5, 2)
      $0.discount = 1
    }
    try stuck.train(in: imagination, observations: far, using: &random, metrics: &metrics) { starts, _, random in
      near(&starts, using: &random)
    }
    #expect(value(of: stuck) == before)
    var writer = StateWriter()
    stuck.save(to: &writer)
    try learner.restore(from: StateReader(writer.file))
    try learner.train(in: imagination, observations: held, using: &random, metrics: &metrics) { starts, _, random in
      near(&starts, using: &random)
    }
    if restarts == 0 {
      #expect(value(of: learner) == before)
    } else {
      #expect(value(of: learner) > 0.5 * before, "returns \(before) without torque, \(value(of: learner)) trained")
    }
  }

  @Test func gradientsOfMomentsAreThoseOfFiniteDifferences() throws {
    var (replay, random) = (ReplayBuffer(capacity: 40, observationSize: 3, actionSize: 1), RandomStream(seed: 1))
    let model = DifferentiableTrueModel(Self.pendulum, noise: 0.02)
    var rollout = model.makeRollout(capacity: 40, keeping: 0)
    let starts = Self.starts(40)
    rollout.reset(RolloutStarts(count: 40, states: starts.pointer), using: RandomStream(seed: 4))
    let actions = (0..<40).map { _ in random.uniform(-2, 2) }
    rollout.advance(actions)
    for row in 0..<40 {
      replay.append(
        (0..<3).map { starts[row, $0] }, [actions[row]], reward: 0,
        next: (0..<3).map { rollout.states[row * 3 + $0] }, continues: true)
    }
    var settings = GaussianProcessSettings()
    settings.iterations = 20
    var process = GaussianProcessModel(settings, stateSize: 3, actions: .box(low: [-2], high: [2]))
    var metrics = MetricRow(names: GaussianProcessModel.metricNames)
    try process.fit(to: replay, using: &random, metrics: &metrics)
    var policy = MomentPolicy(inputs: 3, bases: 5, outputs: 1)
    policy.draw(mean: [0, 0, 0], deviations: [1, 1, 1], using: &random)
    for i in 18..<23 { policy.parameters[i] *= 5 }
    let propagation = MomentPropagation(
      process, Self.pendulum.objective, low: [-2], high: [2], horizon: 4, discount: 0.9,
      draws: NormalDraws(32, size: 3, using: &random))
    let start = MomentPropagation.State(
      mean: [0.4, 0.2, -0.3], covariance: [0.05, 0.01, 0, 0.01, 0.06, 0.02, 0, 0.02, 0.04])
    var gradient = policy.parameters
    let value = propagation.loss(policy, from: start, gradient: &gradient)
    #expect(value.isFinite)
    let error = Self.error(gradient, at: policy.parameters, step: 1e-3) { moved in
      var (other, scratch) = (policy, policy.parameters)
      other.parameters = moved
      return propagation.loss(other, from: start, gradient: &scratch)
    }
    #expect(error < 5e-3, "off by \(error)")
  }

  /// Parameters for raw observations and for normalized ones make the same actions.
  @Test func policiesMoveBetweenUnits() {
    var (policy, random) = (MomentPolicy(inputs: 2, bases: 4, outputs: 1), RandomStream(seed: 5))
    policy.draw(mean: [1, -3], deviations: [0.5, 2], using: &random)
    let units = (mean: [0.7, -2.0], scale: [0.3, 4.0])
    let normalized = policy.inUnits(units)
    let x: [Float] = [1.2, -1.5]
    let z = (0..<2).map { Float((Double(x[$0]) - units.mean[$0]) / units.scale[$0]) }
    #expect(abs(policy.unitAction(at: x)[0] - normalized.unitAction(at: z)[0]) < 1e-6)
    #expect(abs(normalized.inRawUnits(units).unitAction(at: x)[0] - policy.unitAction(at: x)[0]) < 1e-12)
  }
}
