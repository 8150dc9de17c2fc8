import Environments
import Learners

extension PointMass {
  /// A task of short episodes.
  static func short(_ steps: Int) -> PointMass {
    var settings = PointMassSettings()
    settings.stepLimit = steps
    return PointMass(settings)
  }
}

extension SoftActorCriticSettings {
  /// What learns the point mass in few updates.
  mutating func suitPointMass(hidden: [Int] = [32, 32]) {
    self.hidden = hidden
    actorLearningRate = 1e-3
    criticLearningRate = 2e-3
    temperatureLearningRate = 3e-3
    discount = 0.9
    tau = 0.02
  }
}

extension AgentRunner where Task == PointMass {
  /// The cost of `episodes` evaluations relative to the least possible from the same starts, and the mean return that the
  /// least cost stands for.
  mutating func relativeCost(episodes count: Int = 4) throws -> (ratio: Double, bestReturn: Double) {
    let optimum = try environment.optimum()
    let episodes = try (0..<count).map { _ in try evaluate() }
    let best = episodes.reduce(0) { $0 + optimum.value(of: $1.start.map(Double.init)) }
    return (episodes.reduce(0) { $0 + $1.total } / best, best / Double(count))
  }
}

extension AgentRunner {
  /// Heap allocations in four steps, once twenty have been made, by a way of counting.
  mutating func allocationsInSteps(by count: (() throws -> Void) throws -> Int) throws -> Int {
    for _ in 0..<20 { try step() }
    return try count { for _ in 0..<4 { try step() } }
  }
}
