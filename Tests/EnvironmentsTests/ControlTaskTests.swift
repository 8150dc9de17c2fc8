import Archive
import ControlTasks
import Environments
import Foundation
import Interfaces
import Kernels
import TestSupport
import Testing

/// Tasks that start from conditions: their rules, their derivatives, their costs.
@Suite struct ControlTaskTests {
  private static var arm: PlanarArm {
    var settings = PlanarArmSettings()
    settings.conditions = 3
    settings.startNoise = 0
    return PlanarArm(settings)
  }

  private static var mass: PointMassObstacle {
    var settings = PointMassObstacleSettings()
    settings.conditions = 4
    return PointMassObstacle(settings)
  }

  private static var pole: SwingUpConditions {
    var settings = SwingUpConditionsSettings()
    settings.conditions = 3
    return SwingUpConditions(settings)
  }

  @Test func rulesHold() throws {
    let (arm, mass) = (PlanarArm(PlanarArmSettings()), Self.mass)
    #expect(try EnvironmentConformance.failures(objective: arm.objective) { arm } == [])
    #expect(try EnvironmentConformance.failures(objective: mass.objective) { mass } == [])
    let pole = Self.pole
    #expect(try EnvironmentConformance.failures(objective: pole.objective) { pole } == [])
    var anywhere = PlanarArmSettings()
    anywhere.startsAnywhere = true
    let open = PlanarArm(anywhere)
    #expect(open.conditions.isEmpty)
    #expect(try EnvironmentConformance.failures(objective: open.objective) { open } == [])
  }

  @Test func conditionsComeInTurnAndAnewForEachEvaluation() throws {
    var (task, random) = (Self.arm, RandomStream(seed: 1))
    let conditions = task.conditions
    #expect(Set(conditions).count == 3)
    var observation = [Float](repeating: 0, count: 6)
    func starts(_ count: Int) -> [[Float]] {
      (0..<count).map { _ in
        task.reset(using: &random, observation: &observation)
        return observation
      }
    }
    #expect(starts(4) == conditions + [conditions[0]])
    // a saved task goes on with the condition that comes next
    var writer = StateWriter()
    task.save(to: &writer)
    var restored = Self.arm
    try restored.restore(from: StateReader(writer.file))
    restored.reset(using: &random, observation: &observation)
    #expect(observation == conditions[1])
    try task.beginMeasurement(with: StateReader(writer.file))
    #expect(starts(2) == Array(conditions[0..<2]))
  }

  /// Rewards are minus the trajectory's cost, the first state's apart.
  @Test func rewardsAreTheTrajectorysCost() throws {
    try check(Self.arm)
    try check(Self.mass)
    try check(Self.pole)
  }

  private func check<Task: ControlTask>(_ task: Task) throws {
    var (task, random) = (task, RandomStream(seed: 2))
    let (n, m, horizon) = (task.cost.stateSize, task.cost.actionSize, 20)
    var observation = [Float](repeating: 0, count: n)
    try task.reset(using: &random, observation: &observation)
    var (states, actions, total) = ([Double](), [Double](), 0.0)
    func append() { states += (0..<n).map { task.episode.state[$0] } }
    append()
    for _ in 0..<horizon {
      let action = zip(task.actionBounds.low, task.actionBounds.high).map { random.uniform($0, $1) }
      actions += action.map { Double($0) }
      total += Double(try task.step(action, observation: &observation).reward)
      append()
    }
    actions += [Double](repeating: 0, count: m)
    var costs = [Double](repeating: 0, count: horizon + 1)
    task.trajectoryCost.evaluate(horizon: horizon, states: states, actions: actions, costs: &costs)
    #expect(abs(costs[1...].reduce(0, +) + total + task.cost.actionCost(actions)) < 1e-4 * abs(total))
  }

  /// Steps are the task's; derivatives are those of differences, the cost's Hessian that of Gauss and Newton.
  @Test func derivativesAreThoseOfDifferences() throws {
    try checkDerivatives(Self.arm)
    try checkDerivatives(Self.mass)
    try checkDerivatives(Self.pole)
  }

  private func checkDerivatives<Task: ControlTask>(_ task: Task) throws {
    let dynamics = task.dynamics
    var (simulation, random) = (dynamics.makeSimulation(), RandomStream(seed: 6))
    let (n, m, count, h) = (dynamics.stateSize, dynamics.actionSize, 12, 1e-6)
    let states = (0..<count * n).map { _ in Double(random.normal()) * 0.7 }
    let actions = (0..<count * m).map { _ in 2 * Double(random.uniform()) - 1 }
    var linear = LinearizedTrajectory(count: count, of: dynamics)
    var costs = QuadraticCosts(count: count, of: dynamics)
    var plain = [Double](repeating: 0, count: count)
    simulation.linearize(states: states, actions: actions, into: &linear)
    simulation.quadratize(states: states, actions: actions, into: &costs)
    simulation.evaluateCosts(count: count, states: states, actions: actions, costs: &plain)
    for row in 0..<count {
      let (x, u) = (Array(states[row * n..<(row + 1) * n]), Array(actions[row * m..<(row + 1) * m]))
      var (next, value) = ([Double](repeating: 0, count: n), [0.0])
      simulation.step(x, u, next: &next)
      let direct = task.cost.stateCost(next, step: 0, horizon: 0) + task.cost.actionCost(u)
      #expect(abs(direct - costs.values[row]) < 1e-12 && abs(plain[row] - direct) < 1e-12)
      // JᵀHJ + R, with the cost's own H at the next state
      var (gradient, hessian) = ([Double](repeating: 0, count: n), [Double](repeating: 0, count: n * n))
      task.cost.expandState(next, step: 0, horizon: 0, gradient: &gradient, hessian: &hessian)
      let j = (0..<n).map { i in
        (0..<n).map { linear.stateJacobians[(row * n + i) * n + $0] }
          + (0..<m).map { linear.actionJacobians[(row * n + i) * m + $0] }
      }
      for a in 0..<n + m {
        func moved(_ by: Double) -> (next: [Double], cost: Double) {
          var (x, u, next) = (x, u, next)
          if a < n { x[a] += by } else { u[a - n] += by }
          simulation.step(x, u, next: &next)
          simulation.evaluateCosts(count: 1, states: x, actions: u, costs: &value)
          return (next, value[0])
        }
        let (up, down) = (moved(h), moved(-h))
        for i in 0..<n { #expect(abs((up.next[i] - down.next[i]) / (2 * h) - j[i][a]) < 1e-8) }
        let slope = a < n ? costs.stateGradients[row * n + a] : costs.actionGradients[row * m + a - n]
        #expect(abs((up.cost - down.cost) / (2 * h) - slope) < 1e-7 * max(1, abs(slope)))
        for b in 0..<n + m where a < n || b >= n || a >= n {
          var wanted = a == b && a >= n ? 2 * task.cost.actionWeights[a - n] : 0
          for i in 0..<n { for k in 0..<n { wanted += j[i][a] * hessian[i * n + k] * j[k][b] } }
          let found =
            a < n && b < n
            ? costs.stateHessians[(row * n + a) * n + b]
            : a >= n && b >= n
              ? costs.actionHessians[(row * m + a - n) * m + b - n]
              : costs.crossHessians[(row * m + max(a, b) - n) * n + min(a, b)]
          #expect(abs(found - wanted) < 1e-9 * max(1, abs(wanted)))
        }
      }
    }
  }

  /// The objective's slopes are those of its rewards.
  @Test func objectivesHaveSlopes() {
    let objective = Self.arm.objective
    var random = RandomStream(seed: 8)
    let (next, action) = ((0..<6).map { _ in random.normal() * 0.5 }, (0..<3).map { _ in random.normal() })
    let states = [Float](repeating: 0, count: 6)
    func reward(_ next: [Float], _ action: [Float]) -> Double {
      var (reward, terminated) = ([Float(0)], [true])
      objective.evaluate(
        count: 1, states: states, actions: action, next: next, rewards: &reward, terminated: &terminated)
      return Double(reward[0])
    }
    var (first, second, third) = (states, action, next)
    objective.differentiate(
      count: 1, states: states, actions: action, next: next, stateGradients: &first, actionGradients: &second,
      nextGradients: &third)
    #expect(first.allSatisfy { $0 == 0 })
    let h: Float = 1e-2
    for index in 0..<6 {
      var (up, down) = (next, next)
      up[index] += h
      down[index] -= h
      let slope = (reward(up, action) - reward(down, action)) / Double(up[index] - down[index])
      #expect(abs(slope - Double(third[index])) < 2e-3 * max(1, abs(slope)))
    }
    for index in 0..<3 { #expect(abs(second[index] + 0.002 * action[index]) < 1e-6) }
  }

  @Test func measuresAndPictures() throws {
    var (task, random) = (Self.arm, RandomStream(seed: 1))
    var observation = [Float](repeating: 0, count: 6)
    task.reset(using: &random, observation: &observation)
    // the first condition, worked out by hand: links at -0.6, 0 and 0.6 rad
    let tip = SIMD2(0.4 * 0.8253356149 + 0.35 + 0.25 * 0.8253356149, (0.25 - 0.4) * 0.5646424734)
    let error = tip - SIMD2(0.2, 0.6)
    #expect(task.measureNames == ["final_distance"])
    #expect(abs(task.measures[0] - (error * error).sum().squareRoot()) < 1e-9)
    #expect(task.picture() != nil && Self.mass.picture() != nil && Self.pole.picture() != nil)
  }

  /// The pole moves as that of the task with rewards; upright in the middle it is at its target, and costs least.
  @Test func conditionedPolesMoveAsTheRewardedTasks() {
    let (task, rewarded) = (Self.pole, CartPoleSwingUp(CartPoleSwingUpSettings()))
    var random = RandomStream(seed: 9)
    for _ in 0..<50 {
      let state = SIMD4<Double>(
        Double(random.uniform(-2, 2)), Double(random.normal()), Double(random.uniform(-4, 4)), Double(random.normal()))
      let action = [random.uniform(-4, 4)]
      let next = task.successor(of: SIMD8(lowHalf: state, highHalf: .zero), under: action)
      #expect(next.lowHalf == rewarded.successor(of: state, under: action) && next.highHalf == .zero)
    }
    func cost(_ x: Double, _ angle: Double) -> Double { task.cost.stateCost([x, 0, angle, 0], step: 0, horizon: 0) }
    #expect(abs(cost(0, .pi) - task.cost.minimum) < 1e-12)
    // hanging in the middle the tip is 1.2 m below its target
    #expect(abs(cost(0, 0) - (1.44 + 0.05 * log(1.44 + 1e-3))) < 1e-12)
  }
}
