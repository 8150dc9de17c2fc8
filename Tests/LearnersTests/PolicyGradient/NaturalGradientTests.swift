import Experience
import Foundation
import Interfaces
import Kernels
import Learners
import Networks
import TestSupport
import Testing

/// Fisher-vector products, conjugate gradients, and the steps made of them.
@Suite struct NaturalGradientTests {
  /// Products against the dense Fisher information, mean over rows of J' M J, J by differences of the naive network and
  /// M by those of the divergence.
  @Test(arguments: ["categorical", "Gaussian of spread shared", "Gaussian of spread state"])
  func productsAreThoseOfTheDenseFisher(_ name: String) throws {
    let naive = try #require(NaiveDistribution.all.first { $0.name == name })
    let settings = OnPolicyCases.policy {
      if case .gaussian(_, let spread, _) = naive.family { $0.spread = spread }
    }
    let space: ActionSpace = name == "categorical" ? .discrete(count: 5) : OnPolicyCases.box
    let networks = PolicyValueNetworks(settings, spec: OnPolicyCases.spec(space))
    let segment = OnPolicyCases.segment(space, steps: 50, copies: 3, seed: 5)
    let rollout = NaiveRollout(naive, segment, hidden: [5, 4])
    var random = RandomStream(seed: 6)
    let count = rollout.policy.count + naive.distribution.sharedCount
    let parameters = Vector((0..<networks.layout.count).map { _ in 0.4 * random.normal() })
    let point = Array(parameters.elements.map(Double.init)[..<count])
    let dense = rollout.fisher(at: point)
    let products = FisherProducts(networks, rows: segment.rows)
    products.linearize(at: parameters.pointer, segment.observations.pointer, count: segment.rows)
    for _ in 0..<3 {
      let vector = (0..<count).map { _ in random.normal() }
      var found = [Float](repeating: .nan, count: count)
      products.multiply(vector, damping: 0.3, into: &found)
      let expected = (0..<count).map { i in
        zip(dense[i], vector).reduce(0.3 * Double(vector[i])) { $0 + $1.0 * Double($1.1) }
      }
      let scale = expected.map(abs).max() ?? 0
      let worst = worstGap(found.map(Double.init), expected)
      #expect(worst < 1e-4 * scale, "off by \(worst) of \(scale)")
    }
    withExtendedLifetime(parameters) {}
  }

  @Test func conjugateGradientsSolveWhatCholeskySolves() throws {
    let size = 12
    var random = RandomStream(seed: 7)
    let root = DoubleMatrix(rows: size, columns: size, (0..<size * size).map { _ in Double(random.normal()) })
    let matrix = root.transposed * root + DoubleMatrix.identity(size)
    let right = (0..<size).map { _ in random.normal() }
    let expected = try matrix.solvePositiveDefinite(
      DoubleMatrix(rows: size, columns: 1, right.map(Double.init)))
    var solver = ConjugateGradient(size: size, iterations: 40)
    var found = [Float](repeating: .nan, count: size)
    let residual = solver.solve(right, into: &found) { p, result in
      for r in 0..<size { result[r] = Float((0..<size).reduce(0) { $0 + matrix[r, $1] * Double(p[$1]) }) }
    }
    #expect(residual < 1e-8)
    #expect(worstGap(found.map(Double.init), expected.elements) < 1e-4)
    // fewer iterations leave more
    var short = ConjugateGradient(size: size, iterations: 3)
    let left = short.solve(right, into: &found) { p, result in
      for r in 0..<size { result[r] = Float((0..<size).reduce(0) { $0 + matrix[r, $1] * Double(p[$1]) }) }
    }
    #expect(left > residual)
  }

  /// A linear policy in features x and in features B x: the same policies under other coordinates take the same step,
  /// though their plain gradients differ.
  @Test func naturalStepsDoNotDependOnCoordinates() throws {
    let change: [[Float]] = [[2, 0.5, 0], [0, 0.3, -1], [1, 0, 1.5]]
    func moved(_ x: UnsafeBufferPointer<Float>) -> [Float] {
      change.map { row in zip(row, x).reduce(0) { $0 + $1.0 * $1.1 } }
    }
    let original = OnPolicyCases.segment(OnPolicyCases.box, steps: 60, copies: 1, seed: 8)
    var other = RolloutSegment(copies: 1, observationSize: 3, actionSize: 2, capacity: 60)
    for t in 0..<60 {
      other.append(
        observations: moved(original.observations.row(t)), actions: Array(original.actions.row(t)),
        rewards: [original.rewards[t]], endings: [.terminated], next: [0, 0, 0])
    }
    var first = RolloutSegment(copies: 1, observationSize: 3, actionSize: 2, capacity: 60)
    for t in 0..<60 {
      first.append(
        observations: Array(original.observations.row(t)), actions: Array(original.actions.row(t)),
        rewards: [original.rewards[t]], endings: [.terminated], next: [0, 0, 0])
    }
    var settings = NaturalPolicyGradientSettings()
    settings.policy.hidden = []
    settings.policy.valueHidden = [2]
    (settings.natural.damping, settings.natural.iterations, settings.natural.valueEpochs) = (1e-6, 60, 0)
    settings.natural.maxDivergence = 1e-3
    func means(_ segment: RolloutSegment, weights: [Float]) throws -> [Float] {
      var learner = NaturalPolicyGradient(
        settings, spec: OnPolicyCases.spec(OnPolicyCases.box), using: RandomStream(seed: 1))
      var parameters = learner.parameters.elements
      for i in 0..<6 { parameters[i] = weights[i] }
      for i in 10..<parameters.count { parameters[i] = 0 }  // values of zero
      learner.parameters = Vector(parameters)
      var (random, metrics) = (RandomStream(seed: 2), OnPolicyCases.metrics(NaturalPolicyGradient.self))
      try learner.update(on: segment, steps: 0, using: &random, metrics: &metrics)
      let workspace = learner.policy.makeWorkspace()
      var actions = Matrix(rows: 60, columns: 2)
      var observations = Matrix(rows: 60, columns: 3)
      for t in 0..<60 { observations.setRow(t, Array(segment.observations.row(t))) }
      learner.policy.act(on: observations, explore: false, using: &random, actions: &actions, workspace)
      return actions.elements
    }
    // the same mean: W x = V B x, so W = B' V, row by input
    let turned: [Float] = [0.3, -0.2, 0.1, 0.5, -0.4, 0.2]
    let weights = (0..<3).flatMap { i in
      (0..<2).map { o in (0..<3).reduce(Float(0)) { $0 + change[$1][i] * turned[$1 * 2 + o] } }
    }
    let (one, two) = (try means(first, weights: weights), try means(other, weights: turned))
    let start = (0..<60).flatMap { t in
      (0..<2).map { o in (0..<3).reduce(Float(0)) { $0 + first.observations[t, $1] * weights[$1 * 2 + o] } }
    }
    let step = zip(one, start).map { abs($0 - $1) }.max() ?? 0
    let gap = zip(one, two).map { abs($0 - $1) }.max() ?? 0
    #expect(step > 0.01 && gap < 0.02 * step, "steps of \(step) differ by \(gap)")
  }

  /// An accepted step of the trust region improves the surrogate within the limit; one that cannot is taken back.
  @Test func trustRegionStepsImproveWithinTheLimit() throws {
    var settings = TrustRegionPolicyOptimizationSettings()
    settings.policy = OnPolicyCases.policy()
    settings.natural.valueEpochs = 2
    var learner = OnPolicyCases.drawn(
      TrustRegionPolicyOptimization(settings, spec: OnPolicyCases.spec(OnPolicyCases.box), using: RandomStream(seed: 1))
    )
    let naive = NaiveDistribution.gaussian(size: 2, spread: .shared, squashed: false)
    let segment = OnPolicyCases.segment(OnPolicyCases.box, steps: 70, copies: 2, seed: 9)
    let rollout = NaiveRollout(naive, segment, hidden: [5, 4])
    let old = learner.parameters.doubles
    var (random, metrics) = (RandomStream(seed: 3), OnPolicyCases.metrics(TrustRegionPolicyOptimization.self))
    try learner.update(on: segment, steps: 0, using: &random, metrics: &metrics)
    let new = learner.parameters.doubles
    let rows = 0..<segment.rows
    let divergence = rows.reduce(0) { $0 + rollout.divergence(from: old, to: new, $1) } / Double(rows.count)
    let advantages = standardized(rollout.advantages(old, discount: 0.99, lambda: 0.95))
    let surrogate = rows.reduce(0) {
      $0 + exp(rollout.logProbability(new, $1) - rollout.logProbability(old, $1)) * advantages[$1]
    }
    #expect(metrics.mean(of: "accepted") == 1)
    #expect(divergence > 1e-3 && divergence < 0.01, "divergence \(divergence)")
    #expect(surrogate / Double(rows.count) > 1e-3)
    #expect(metrics.mean(of: "kl").map { abs($0 - divergence) < 1e-4 } == true)

    // with a limit that no step keeps, parameters of the policy stay
    settings.natural.maxDivergence = 1e-8
    settings.backtracks = 1
    settings.natural.valueEpochs = 0
    var stuck = OnPolicyCases.drawn(
      TrustRegionPolicyOptimization(settings, spec: OnPolicyCases.spec(OnPolicyCases.box), using: RandomStream(seed: 1))
    )
    let before = stuck.parameters
    var other = OnPolicyCases.metrics(TrustRegionPolicyOptimization.self)
    try stuck.update(on: segment, steps: 0, using: &random, metrics: &other)
    if other.mean(of: "accepted") == 0 {
      #expect(stuck.parameters == before)
    }
  }

  /// The limit falls with the environment's steps: after three quarters of them it is a quarter, and in the end nothing moves.
  @Test func theLimitFalls() throws {
    let segment = OnPolicyCases.segment(OnPolicyCases.box, steps: 70, copies: 2, seed: 9)
    func updated(limit: Float, over duration: Int?, at steps: Int) throws -> (learner: OracleState, accepted: Double?) {
      var settings = TrustRegionPolicyOptimizationSettings()
      settings.policy = OnPolicyCases.policy()
      (settings.natural.maxDivergence, settings.natural.divergenceSteps) = (limit, duration)
      settings.natural.valueEpochs = 0
      var learner = OnPolicyCases.drawn(
        TrustRegionPolicyOptimization(
          settings, spec: OnPolicyCases.spec(OnPolicyCases.box), using: RandomStream(seed: 1)))
      var (random, metrics) = (RandomStream(seed: 3), OnPolicyCases.metrics(TrustRegionPolicyOptimization.self))
      try learner.update(on: segment, steps: steps, using: &random, metrics: &metrics)
      return (OracleState(learner), metrics.mean(of: "accepted"))
    }
    let quarter = try updated(limit: 0.25, over: nil, at: 0)
    let late = try updated(limit: 1, over: 1024, at: 768)
    #expect(late.learner == quarter.learner && late.accepted == 1)
    #expect(try updated(limit: 1, over: 1024, at: 0).learner != quarter.learner)
    let over = try updated(limit: 1, over: 1024, at: 1024)
    #expect(over.accepted == 0)
    #expect(try over.learner == updated(limit: 1, over: 1024, at: 2000).learner)
  }
}

extension NaiveRollout {
  /// The dense Fisher information of the policy's parameters, those that distributions share last, as a mean over rows.
  func fisher(at point: [Double]) -> [[Double]] {
    let (size, width) = (point.count, naive.distribution.outputs + naive.distribution.sharedCount)
    func row(_ parameters: [Double], _ observation: [Double]) -> [Double] {
      let (outputs, shared) = distribution(parameters, observation)
      return outputs + shared
    }
    var total = Array(repeating: [Double](repeating: 0, count: size), count: size)
    for observation in observations {
      let own = row(point, observation)
      let jacobian = (0..<size).map { i -> [Double] in  // [parameters][width]
        var probe = point
        probe[i] += 1e-5
        let above = row(probe, observation)
        probe[i] -= 2e-5
        return zip(above, row(probe, observation)).map { ($0 - $1) / 2e-5 }
      }
      let outputs = naive.distribution.outputs
      let metric = (0..<width).map { k in
        directionalDerivative(at: own, along: (0..<width).map { $0 == k ? 1 : 0 }, step: 1e-3) { moved in
          centralDifferences(moved, 0..<width) {
            naive.divergence(
              Array(own[..<outputs]), Array(own[outputs...]), Array($0[..<outputs]), Array($0[outputs...]))
          }
        }
      }
      let turned = jacobian.map { j in metric.map { m in zip(m, j).reduce(0) { $0 + $1.0 * $1.1 } } }
      for i in 0..<size {
        for k in 0..<size {
          total[i][k] += zip(jacobian[i], turned[k]).reduce(0) { $0 + $1.0 * $1.1 } / Double(observations.count)
        }
      }
    }
    return total
  }
}
