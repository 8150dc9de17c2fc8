import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

/// Policies taught by regression.
@Suite struct PolicyRegressionTests {
  private static func policy(_ steps: Int, seed: UInt64 = 1) -> PolicyRegression {
    var settings = PolicyRegressionSettings()
    (settings.hidden, settings.steps) = ([32, 32], steps)
    return PolicyRegression(
      settings, observationSize: 2, low: [-1, -4], high: [3, 4], using: RandomStream(seed: seed))
  }

  /// m(o) = (1 + o_0 o_1, 2 o_0 - o_1), with precisions that change.
  private static func lessons(_ count: Int, seed: UInt64) -> PolicyRegressionData {
    var random = RandomStream(seed: seed)
    var lessons = PolicyRegressionData(observationSize: 2, actionSize: 2)
    for _ in 0..<count {
      let (x, y) = (Double(random.uniform(-1, 1)), Double(random.uniform(-1, 1)))
      lessons.observations += [10 * x, y + 5]
      lessons.means += [1 + x * y, 2 * x - y]
      lessons.precisions += [2 + x, 0.5, 0.5, 1]
      lessons.weights.append(1)
    }
    return lessons
  }

  @Test func learnsWhatItIsTaught() throws {
    var (policy, random) = (Self.policy(3000), RandomStream(seed: 2))
    #expect(!policy.isTrained)
    let lessons = Self.lessons(500, seed: 1)
    let loss = try policy.learn(lessons, using: &random)
    #expect(policy.isTrained && loss < 2e-3, "\(loss)")
    let fresh = Self.lessons(200, seed: 9)
    var means = [Double](repeating: 0, count: 400)
    policy.writeMeans(count: 200, fresh.observations, into: &means)
    #expect(zip(means, fresh.means).allSatisfy { abs($0 - $1) < 0.35 })
    // (Σ w P / Σ w)⁻¹ by hand
    let a = (0..<500).reduce(0.0) { $0 + lessons.precisions[4 * $1] / 500 }
    let determinant = a - 0.25
    let expected = [1, -0.5, -0.5, a].map { $0 / determinant }
    #expect(zip(policy.covariance, expected).allSatisfy { abs($0 - $1) < 1e-9 })
  }

  /// Where lessons contradict one another, precisions and weights decide.
  @Test func precisionsDecide() throws {
    var lessons = PolicyRegressionData(observationSize: 2, actionSize: 2)
    for index in 0..<200 {
      let first = index % 2 == 0
      lessons.observations += [Double(index / 2 % 10), 1]
      lessons.means += first ? [0, 0] : [1, 1]
      lessons.precisions += first ? [3, 0, 0, 1] : [1, 0, 0, 1]
      lessons.weights.append(first ? 1 : 2)
    }
    var (policy, random) = (Self.policy(1500), RandomStream(seed: 2))
    let loss = try policy.learn(lessons, using: &random)
    var means = [0.0, 0.0]
    policy.writeMeans(count: 1, [4, 1], into: &means)
    // Σ w P m / Σ w P: 2 / (3 + 2) and 2 / (1 + 2)
    #expect(abs(means[0] - 0.4) < 0.03 && abs(means[1] - 2.0 / 3) < 0.03, "\(means)")
    #expect(abs(loss - 1) < 0.02)
  }

  @Test func goesOnFromACheckpoint() throws {
    var (policy, random) = (Self.policy(50), RandomStream(seed: 2))
    _ = try policy.learn(Self.lessons(100, seed: 1), using: &random)
    var restored = Self.policy(50, seed: 8)
    try OracleState(policy).restore(into: &restored)
    var other = random
    let (one, two) = (
      try policy.learn(Self.lessons(100, seed: 3), using: &random),
      try restored.learn(Self.lessons(100, seed: 3), using: &other)
    )
    #expect(one == two && random == other)
  }

  @Test func lessonsThatAreNotNumbersAreRefused() throws {
    var lessons = Self.lessons(20, seed: 1)
    lessons.means[3] = .nan
    var (policy, random) = (Self.policy(5), RandomStream(seed: 2))
    #expect(throws: NumericalFailure.self) { try policy.learn(lessons, using: &random) }
  }
}
