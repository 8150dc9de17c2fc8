import Foundation
import Interfaces
import Kernels
import Learners
import Networks
import TestSupport
import Testing

/// TD-MPC2's updates against PyTorch, and its gradients against finite differences.
@Suite struct TDMPC2Tests {
  private struct Reference: Decodable {
    struct Parameters: Decodable {
      let world: [Double]
      let policy: [Double]
      let targets: [Double]
    }
    struct Batch: Decodable {
      let observations: [Float]
      let actions: [Float]
      let rewards: [Float]
      let continues: [Float]
      let targetNoise: [Float]
      let policyNoise: [Float]
      let targetPair: [Int]
      let policyPair: [Int]
    }
    let before: Parameters
    let after: Parameters
    let batches: [Batch]
    let losses: [[Double]]
  }

  private static func settings(ends: Bool = false) -> TDMPC2LearnerSettings {
    var settings = TDMPC2LearnerSettings()
    (settings.learnsTermination, settings.terminationWeight) = (ends, 0.7)
    (settings.latent, settings.simplex, settings.encoderHidden, settings.hidden) = (8, 4, [7], [6, 5])
    (settings.critics, settings.bins, settings.binLimit, settings.horizon) = (3, 11, 5, 2)
    (settings.dropout, settings.valueWeight, settings.entropyWeight) = (0, 0.3, 0.02)
    (settings.logStdMin, settings.logStdMax) = (-3, 1)
    (settings.learningRate, settings.gradientLimit, settings.tau, settings.discount) = (1e-3, 0.4, 0.05, 0.9)
    return settings
  }

  private static func learner(_ settings: TDMPC2LearnerSettings) -> TDMPC2 {
    TDMPC2(
      settings,
      for: EnvironmentSpec(
        observationSize: 3, action: .box(low: [-2, 0], high: [2, 1]), timeStep: 1, stepLimit: 100),
      using: RandomStream(seed: 1))
  }

  private static func batch(count: Int, steps: Int, seed: UInt64) -> (SequenceBatch, TDMPC2Draws) {
    var random = RandomStream(seed: seed)
    var batch = SequenceBatch(count: count, steps: steps, observationSize: 3, actionSize: 2)
    random.fillNormal(batch.observations.mutablePointer, count: batch.observations.count)
    random.fillNormal(&batch.rewards)
    for row in 0..<batch.actions.rows {
      batch.actions[row, 0] = random.uniform(-2, 2)
      batch.actions[row, 1] = random.uniform(0, 1)
      batch.continues[row] = random.uniform() < 0.2 ? 0 : 1
    }
    var draws = TDMPC2Draws(count: count, steps: steps, actionSize: 2)
    random.fillNormal(&draws.targetNoise)
    random.fillNormal(&draws.policyNoise)
    (draws.targetPair, draws.policyPair) = ((2, 0), (1, 2))
    return (batch, draws)
  }

  /// The losses, the parameters and the targets after updates from the same parameters, batches and draws, gradients
  /// being clipped, without terminations and with them learned.
  @Test(arguments: [false, true])
  func updatesAreTheReferences(ends: Bool) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/tdmpc2_torch.json")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let reference = try decoder.decode([Reference].self, from: Data(contentsOf: path))[ends ? 1 : 0]
    var learner = Self.learner(Self.settings(ends: ends))
    let untouched = learner
    func numbers(_ values: [Double]) -> Vector { Vector(values.map { Float($0) }) }
    learner.adopt(
      world: numbers(reference.before.world), policy: numbers(reference.before.policy),
      targets: numbers(reference.before.targets))
    #expect(learner.world.count == untouched.world.count && learner.policy.count == untouched.policy.count)
    for (given, losses) in zip(reference.batches, reference.losses) {
      var batch = SequenceBatch(count: given.rewards.count / 2, steps: 2, observationSize: 3, actionSize: 2)
      for (i, x) in given.observations.enumerated() { batch.observations.mutablePointer[i] = x }
      for (i, x) in given.actions.enumerated() { batch.actions.mutablePointer[i] = x }
      (batch.rewards, batch.continues) = (Vector(given.rewards), Vector(given.continues))
      var draws = TDMPC2Draws(count: batch.count, steps: 2, actionSize: 2)
      (draws.targetNoise, draws.policyNoise) = (Vector(given.targetNoise), Vector(given.policyNoise))
      draws.targetPair = (given.targetPair[0], given.targetPair[1])
      draws.policyPair = (given.policyPair[0], given.policyPair[1])
      var metrics = MetricRow(names: TDMPC2.metricNames)
      try learner.update(on: batch, with: draws, metrics: &metrics)
      let names =
        ["consistency_loss", "reward_loss", "value_loss", "policy_loss", "value_scale"]
        + (ends ? ["termination_loss"] : [])
      for (name, expected) in zip(names, losses) {
        let found = try #require(metrics.mean(of: name))
        #expect(abs(found - expected) < 2e-5 * max(1, abs(expected)), "\(name): \(found), not \(expected)")
      }
      #expect((metrics.mean(of: "gradient_norm") ?? 0) > 0.4, "no gradient was clipped")
    }
    func compare(_ name: String, _ found: Vector, _ expected: [Double]) {
      let worst = zip(found.elements, expected).map { abs(Double($0) - $1) }.max() ?? .infinity
      #expect(found.count == expected.count && worst < 2e-5, "\(name) is off by \(worst)")
    }
    compare("world", learner.world, reference.after.world)
    compare("policy", learner.policy, reference.after.policy)
    compare("targets", learner.targets, reference.after.targets)
    #expect(reference.losses.allSatisfy { $0[4] > 1.05 }, "values of a range below 1 test no scale")
  }

  @Test func updatesDoNotAllocate() throws {
    var settings = Self.settings()
    settings.dropout = 0.1
    var (random, metrics) = (RandomStream(seed: 2), MetricRow(names: TDMPC2.metricNames))
    for count in [12, 200] {
      var learner = Self.learner(settings)
      let (batch, _) = Self.batch(count: count, steps: 2, seed: 3)
      let found = try allocations { try learner.update(on: batch, using: &random, metrics: &metrics) }
      #expect(found == 0, "\(found) heap allocations in an update of \(count) sequences")
    }
  }

  /// The gradient of the joint loss along random directions, each over the parameters of one network, with dropout.
  @Test func worldGradientIsTheDerivative() {
    var settings = Self.settings(ends: true)
    settings.dropout = 0.3
    var learner = Self.learner(settings)
    var random = RandomStream(seed: 8)
    // the last layers of rewards and values start at 0, where gradients into the world vanish
    learner.adopt(
      world: Self.drawn(learner.world.count, using: &random), targets: Self.drawn(learner.targets.count, using: &random)
    )
    var (batch, draws) = Self.batch(count: 12, steps: 2, seed: 3)
    draws.dropout = RandomStream(seed: 5)
    batch.continues.fill(0)  // then targets depend on no parameters
    settings = learner.settings
    let (_, gradient) = learner.worldGradient(on: batch, with: draws)
    let networks = learner.networks
    let parts = [
      0..<networks.dynamicsStart, networks.dynamicsStart..<networks.rewardStart,
      networks.rewardStart..<networks.valueStart, networks.valueStart..<networks.terminationStart,
      networks.terminationStart..<networks.layout.count,
    ]
    // consistency targets are the encoder's own: held by a second learner whose encoder stays
    for (part, range) in parts.enumerated() where part > 0 {
      var direction = Vector(count: gradient.count)
      random.fillNormal(direction.mutablePointer + range.lowerBound, count: range.count)
      expectDerivative(learner, gradient, direction, "part \(part)") { moved in
        moved.worldGradient(on: batch, with: draws).loss
      }
    }
    // the encoder, without the errors of latent states, whose targets would move with it
    (settings.consistencyWeight, settings.rewardWeight, settings.valueWeight) = (0, 100, 300)
    var other = Self.learner(settings)
    other.adopt(world: learner.world, targets: learner.targets)
    let encoderGradient = other.worldGradient(on: batch, with: draws).1
    var direction = Vector(count: gradient.count)
    random.fillNormal(direction.mutablePointer, count: networks.dynamicsStart)
    expectDerivative(other, encoderGradient, direction, "encoder") { moved in
      moved.worldGradient(on: batch, with: draws).loss
    }
  }

  /// The gradient of the policy's loss.
  @Test func policyGradientIsTheDerivative() {
    var learner = Self.learner(Self.settings())
    var random = RandomStream(seed: 9)
    learner.adopt(
      world: Self.drawn(learner.world.count, using: &random), policy: Self.drawn(learner.policy.count, using: &random))
    let (batch, draws) = Self.batch(count: 12, steps: 2, seed: 4)
    var direction = Vector(count: learner.policy.count)
    random.fillNormal(&direction)
    func evaluate(_ learner: TDMPC2, by step: Float) -> (loss: Float, Vector) {
      var moved = learner
      _ = moved.worldGradient(on: batch, with: draws)
      moved.adopt(policy: Self.moved(moved.policy, along: direction, by: step))
      return moved.policyGradient(with: draws)
    }
    let found = evaluate(learner, by: 0).1.dot(direction)
    let step: Float = 2e-3
    let slope = (evaluate(learner, by: step).loss - evaluate(learner, by: -step).loss) / (2 * step)
    #expect(abs(found - slope) < 0.02 * max(1, abs(slope)), "\(found), not \(slope)")
  }

  /// With products in bfloat16 the losses and gradients are those of single precision up to its rounding, and updates do
  /// not allocate.
  @Test func reducedPrecisionIsClose() throws {
    var settings = Self.settings()
    (settings.latent, settings.encoderHidden, settings.hidden, settings.bins) = (64, [80], [96, 72], 65)
    let exact = Self.learner(settings)
    settings.precision = .bfloat16
    var (single, reduced) = (exact, Self.learner(settings))
    var random = RandomStream(seed: 10)
    var (world, targets) = (Vector(count: exact.world.count), Vector(count: exact.targets.count))
    random.fillNormal(&world)
    random.fillNormal(&targets)
    Elementwise.scale(world.mutablePointer, count: world.count, by: 0.1)
    Elementwise.scale(targets.mutablePointer, count: targets.count, by: 0.1)
    single.adopt(world: world, targets: targets)
    reduced.adopt(world: world, targets: targets)
    let (batch, draws) = Self.batch(count: 40, steps: 2, seed: 3)
    let (expected, found) = (
      single.worldGradient(on: batch, with: draws), reduced.worldGradient(on: batch, with: draws)
    )
    #expect(found.0 != expected.0 && abs(found.0 - expected.0) < 0.01 * abs(expected.0))
    func gap(_ a: Vector, _ b: Vector) -> Float {
      var difference = a
      Elementwise.add(difference.mutablePointer, b.pointer, count: b.count, scale: -1)
      return (difference.dot(difference) / b.dot(b)).squareRoot()
    }
    #expect(gap(found.1, expected.1) < 0.03, "\(gap(found.1, expected.1))")
    let policies = (single.policyGradient(with: draws), reduced.policyGradient(with: draws))
    #expect(gap(policies.1.1, policies.0.1) < 0.05, "\(gap(policies.1.1, policies.0.1))")
    var metrics = MetricRow(names: TDMPC2.metricNames)
    let count = try allocations { try reduced.update(on: batch, using: &random, metrics: &metrics) }
    #expect(count == 0)
  }

  private static func drawn(_ count: Int, using random: inout RandomStream) -> Vector {
    var vector = Vector(count: count)
    random.fillNormal(&vector)
    Elementwise.scale(vector.mutablePointer, count: count, by: 0.5)
    return vector
  }

  private static func moved(_ vector: Vector, along direction: Vector, by step: Float) -> Vector {
    var moved = vector
    Elementwise.add(moved.mutablePointer, direction.pointer, count: direction.count, scale: step)
    return moved
  }

  private func expectDerivative(
    _ learner: TDMPC2, _ gradient: Vector, _ direction: Vector, _ name: String, _ loss: (inout TDMPC2) -> Float
  ) {
    let step: Float = 1e-3
    func evaluate(_ amount: Float) -> Float {
      var moved = learner
      moved.adopt(world: Self.moved(moved.world, along: direction, by: amount))
      return loss(&moved)
    }
    let (found, slope) = (gradient.dot(direction), (evaluate(step) - evaluate(-step)) / (2 * step))
    #expect(abs(found) > 1e-3 && abs(found - slope) < 0.02 * max(0.2, abs(slope)), "\(name): \(found), not \(slope)")
  }

  /// Copies are values, and one update after `restore` is the same as without.
  @Test func copiesAndSavedLearnersAgree() throws {
    var settings = Self.settings()
    settings.dropout = 0.1
    var (first, random) = (Self.learner(settings), RandomStream(seed: 1))
    let (batch, _) = Self.batch(count: 300, steps: 2, seed: 6)
    var metrics = MetricRow(names: TDMPC2.metricNames)
    try first.update(on: batch, using: &random, metrics: &metrics)
    var (second, third, again) = (first, Self.learner(settings), random)
    let untouched = OracleState(second)
    try OracleState(first).restore(into: &third)
    try first.update(on: batch, using: &random, metrics: &metrics)
    #expect(OracleState(second) == untouched)
    var other = again
    try second.update(on: batch, using: &again, metrics: &metrics)
    try third.update(on: batch, using: &other, metrics: &metrics)
    #expect(OracleState(second) == OracleState(first) && OracleState(third) == OracleState(first))
  }

  @Test func discountFollowsTheLengthOfEpisodes() {
    func discount(_ length: Int) -> Float {
      TDMPC2(
        Self.automatic,
        for: EnvironmentSpec(observationSize: 3, action: .box(low: [-1], high: [1]), timeStep: 1, stepLimit: length),
        using: RandomStream(seed: 1)
      ).discount
    }
    #expect(abs(discount(500) - 0.99) < 1e-6 && abs(discount(200) - 0.975) < 1e-6)
    #expect(discount(50) == 0.95 && discount(10_000) == 0.995)
  }

  private static var automatic: TDMPC2LearnerSettings {
    var settings = settings()
    settings.discount = nil
    return settings
  }
}
