#if MuJoCo

import Imagining
import Interfaces
import Kernels
import MuJoCoEnvironments
import Planners
import Testing

/// Plans scored in the true dynamics get the returns that the environment would have given.
@Suite struct PlanningTests {
  @Test func returnsAreTheEnvironments() throws {
    var (environment, random) = (try MuJoCoEnvironment<Hopper>(.v5), RandomStream(seed: 14))
    let (plans, horizon) = (20, 12)
    var observation = [Float](repeating: 0, count: environment.spec.observationSize)
    environment.reset(using: &random, observation: &observation)
    let objective = try #require(environment.objective)
    let model = MuJoCoTrueModel(environment)
    var evaluator = RolloutEvaluator(
      KnownRewards(model, objective), horizon: horizon, particles: 1)
    let actions = (0..<plans * horizon * 3).map { _ in random.uniform(-1, 1) }
    var returns = [Float](repeating: 0, count: plans)
    evaluator.begin(at: observation, using: random)
    evaluator.evaluate(Matrix(rows: plans, columns: horizon * 3, actions), returns: &returns)
    var fell = 0
    for plan in 0..<plans {
      var (copy, seen, total) = (environment, observation, Float(0))
      copy.start(at: observation, observation: &seen)
      for step in 0..<horizon {
        let first = (plan * horizon + step) * 3
        let outcome = try copy.step(Array(actions[first..<first + 3]), observation: &seen)
        total += outcome.reward
        if outcome.ending != .none {
          fell += 1
          break
        }
      }
      #expect(returns[plan] == total, "plan \(plan)")
    }
    #expect(evaluator.nonFiniteReturns == 0)
    #expect(fell > 0 && fell < plans, "\(fell) of \(plans) plans fell: too few or too many to tell")
  }
}

#endif
