import Foundation
import Interfaces
import Kernels
import Learners
import Networks
import TestSupport
import Testing

/// Soft actor-critic that is drawn to another policy.
@Suite struct PriorTests {
  private static func student(seed: UInt64, hidden: [Int] = [5, 4]) -> DistilledPolicy<GaussianStudent> {
    var settings = StudentSettings()
    settings.hidden = hidden
    return DistilledPolicy(
      settings, head: GaussianStudent(low: Cases.low, high: Cases.high, .divergence),
      observationSize: Cases.observationSize, using: RandomStream(seed: seed))
  }

  /// A student whose parameters are all drawn at random.
  private static func drawnStudent(seed: UInt64) throws -> DistilledPolicy<GaussianStudent> {
    var (student, random) = (student(seed: seed), RandomStream(seed: seed).child("drawn"))
    student.parameters = Vector(student.parameters.elements.map { _ in 0.4 * random.normal() })
    return student
  }

  @Test(arguments: [
    KLRegularization(share: 0.6), KLRegularization(divergence: 0.4), KLRegularization(share: 0.3, divergence: 0.2),
  ])
  func updatesAreTheNaiveOnes(_ regularization: KLRegularization) throws {
    var learner = try Cases.learner { $0.activation = .tanh }
    var naive = NaiveSoftActorCritic(
      learner, observationSize: Cases.observationSize, low: Cases.low, high: Cases.high)
    // the prior's network is of the student's own activation
    var settings = StudentSettings()
    (settings.hidden, settings.activation) = ([5, 4], .tanh)
    var student = DistilledPolicy(
      settings, head: GaussianStudent(low: Cases.low, high: Cases.high, .divergence),
      observationSize: Cases.observationSize, using: RandomStream(seed: 8))
    student.parameters = try Self.drawnStudent(seed: 8).parameters
    let prior = NaiveSoftActorCritic.Prior(
      parameters: student.parameters.doubles, regularization: regularization)
    var random = RandomStream(seed: 3)
    for update in 1...3 {
      let batch = Cases.batch(140, seed: UInt64(update))
      var (stream, noise) = (random, Vector(count: 2 * batch.count * Cases.low.count))
      stream.fillNormal(&noise)
      var metrics = Cases.metrics
      try learner.update(
        on: batch, toward: student.prior, regularization: regularization, using: &random, metrics: &metrics)
      let losses = naive.update(batch, noise: noise.elements, prior: prior)
      for (name, parameters, expected) in [
        ("actor", learner.core.actor, naive.actor), ("critics", learner.core.criticParameters, naive.critics),
        ("critic targets", learner.core.criticTargets, naive.criticTargets),
        ("log temperature", learner.logTemperature, naive.logTemperature),
      ] {
        let worst = worstGap(parameters.doubles, expected)
        #expect(worst < 1e-5, "\(name) is off by \(worst) after \(update) updates")
      }
      for (name, expected) in [("critic_loss", losses.critic), ("actor_loss", losses.actor)] {
        let found = try #require(metrics.mean(of: name))
        #expect(abs(found - expected) < 1e-5 * max(1, abs(expected)), "\(name) is \(found), not \(expected)")
      }
    }
  }

  @Test func noPullChangesNoBit() throws {
    let student = try Self.drawnStudent(seed: 2)
    var (plain, drawn, metrics) = (try Cases.learner(), try Cases.learner(), Cases.metrics)
    var (random, other) = (RandomStream(seed: 1), RandomStream(seed: 1))
    for seed in 1...3 {
      let batch = Cases.batch(150, seed: UInt64(seed))
      try plain.update(on: batch, using: &random, metrics: &metrics)
      try drawn.update(
        on: batch, toward: student.prior, regularization: KLRegularization(), using: &other, metrics: &metrics)
    }
    #expect(OracleState(plain) == OracleState(drawn) && random == other)
    // and a regularization does
    let batch = Cases.batch(150, seed: 9)
    try plain.update(on: batch, using: &random, metrics: &metrics)
    try drawn.update(
      on: batch, toward: student.prior, regularization: KLRegularization(share: 0.5), using: &other, metrics: &metrics)
    #expect(OracleState(plain) != OracleState(drawn))
  }

  /// One decision earns -k/2 atanh(a)². With temperature tau and the prior N(m, s²) of u = atanh(a), the policy that
  /// maximizes E r - tau KL(pi || prior) is proportional to prior * exp(r / tau): of precision 1/s² + k/tau and mean
  /// m/s² over it.
  @Test(arguments: [(UInt64(1), KLRegularization(share: 1), Float(0.2)), (2, KLRegularization(divergence: 0.2), 1e-6)])
  func theRegularizedOptimumIsTheClosedForm(_ seed: UInt64, _ regularization: KLRegularization, _ temperature: Float)
    throws
  {
    let (mean, logStd, k, tau) = (Float(0.8), log(Float(0.5)), Float(0.4), Float(0.2))
    var random = RandomStream(seed: seed)
    var settings = SoftActorCriticSettings()
    settings.hidden = [32, 32]
    (settings.actorLearningRate, settings.criticLearningRate) = (2e-3, 2e-3)
    (settings.initialTemperature, settings.temperatureLearningRate) = (temperature, 0)
    var learner = SoftActorCritic(settings, observationSize: 1, low: [-1], high: [1], using: random.child("learner"))
    // a prior whose output biases alone are not zero
    var student = DistilledPolicy(
      StudentSettings(), head: GaussianStudent(low: [-1], high: [1], .divergence), observationSize: 1,
      using: random.child("student"))
    var weights = [Float](repeating: 0, count: student.parameters.count)
    (weights[weights.count - 2], weights[weights.count - 1]) = (mean, logStd)
    student.parameters = Vector(weights)
    var (batch, metrics) = (
      TransitionBatch(count: 128, observationSize: 1, actionSize: 1), MetricRow(names: SoftActorCritic.metricNames)
    )
    for _ in 0..<2500 {
      for row in 0..<batch.count {
        let u = random.uniform(-2, 2.5)
        batch.actions[row, 0] = tanh(u)
        batch.rewards[row] = -0.5 * k * u * u
      }
      try learner.update(
        on: batch, toward: student.prior, regularization: regularization, using: &random, metrics: &metrics)
    }
    let teacher = learner.teacher
    var (teacherOutputs, observation) = ([Float](repeating: 0, count: 2), [Float](repeating: 0, count: 1))
    teacher.describe(
      count: 1, observations: &observation, outputs: &teacherOutputs, features: nil, teacher.makeWorkspace())
    let precision = 1 / (0.5 * 0.5) + k / tau
    let (expected, deviation) = (mean / (0.5 * 0.5) / precision, 1 / precision.squareRoot())
    #expect(abs(teacherOutputs[0] - expected) < 0.05, "mean \(teacherOutputs[0]), expected \(expected)")
    #expect(
      abs(exp(teacherOutputs[1]) - deviation) < 0.04, "deviation \(exp(teacherOutputs[1])), expected \(deviation)")
  }

  @Test func updatesDoNotAllocate() throws {
    let student = Self.student(seed: 1, hidden: [24, 16])
    var (learner, random, metrics) = (try Cases.learner(), RandomStream(seed: 1), Cases.metrics)
    let batch = Cases.batch(200, seed: 1)
    let count = try allocations {
      try learner.update(
        on: batch, toward: student.prior, regularization: KLRegularization(share: 0.5), using: &random,
        metrics: &metrics)
    }
    #expect(count == 0)
  }
}
