#if MuJoCo

import Control
import Interfaces
import Kernels
import MuJoCoEnvironments
import TestSupport
import Testing

/// Costs of steps in the true dynamics, their expansions, and iLQR that descends them.
@Suite struct CostTests {
  /// Exactly where rewards follow from positions and velocities, closely where they follow from places of bodies.
  @Test func costsAreMinusTheRewards() throws {
    try checkCosts(MuJoCoEnvironment<HalfCheetah>(.v5), within: 1e-10)
    try checkCosts(MuJoCoEnvironment<Swimmer>(.v5), within: 1e-10)
    try checkCosts(MuJoCoEnvironment<InvertedDoublePendulum>(.v5), within: 0.05)
    try checkCosts(MuJoCoEnvironment<Reacher>(.v4), within: 0.05)
    try checkCosts(MuJoCoEnvironment<Pusher>(.v5), within: 0.05)
  }

  @Test func expansionsHaveTheDerivatives() throws {
    try checkDerivatives(MuJoCoEnvironment<InvertedPendulum>(.v5))
    try checkDerivatives(MuJoCoEnvironment<InvertedDoublePendulum>(.v5))
    try checkDerivatives(MuJoCoEnvironment<Reacher>(.v5))
    try checkDerivatives(MuJoCoEnvironment<Reacher>(.v4))
    try checkDerivatives(MuJoCoEnvironment<Swimmer>(.v5))
    try checkDerivatives(MuJoCoEnvironment<HalfCheetah>(.v5), height: 1)
    try checkDerivatives(MuJoCoEnvironment<Ant>(.v5), height: 0.9)
  }

  private func checkCosts<Task: MuJoCoTask>(_ made: MuJoCoEnvironment<Task>, within tolerance: Double) throws {
    var (environment, random) = (made, RandomStream(seed: 20))
    var simulation = environment.dynamics.makeSimulation()
    let (low, high) = environment.spec.action.bounds
    var observation = [Float](repeating: 0, count: environment.spec.observationSize)
    for _ in 0..<5 {
      environment.reset(using: &random, observation: &observation)
      let state = environment.pose.positions + environment.pose.velocities
      let action = zip(low, high).map { random.uniform($0, $1) }
      _ = try environment.step(action, observation: &observation)
      var cost = Double.nan
      simulation.evaluateCosts(count: 1, states: state, actions: action.map { Double($0) }, costs: &cost)
      let difference = abs(cost + environment.exactReward) / max(1, abs(environment.exactReward))
      #expect(difference <= tolerance, "\(environment.name): \(cost) for a reward of \(environment.exactReward)")
    }
  }

  /// Gradients against differences of the costs themselves, which go through whole steps.
  private func checkDerivatives<Task: MuJoCoTask>(_ made: MuJoCoEnvironment<Task>, height: Double? = nil) throws {
    var (environment, random) = (made, RandomStream(seed: 21))
    let dynamics = environment.dynamics
    let (n, k, m, count) = (dynamics.stateSize, dynamics.tangentSize, dynamics.actionSize, 2)
    var simulation = dynamics.makeSimulation()
    var observation = [Float](repeating: 0, count: dynamics.observationSize)
    var (states, actions): ([Double], [Double]) = ([], [])
    for _ in 0..<count {
      environment.reset(using: &random, observation: &observation)
      var state = environment.pose.positions + environment.pose.velocities
      if let height { state[n == k ? 1 : 2] = height }
      states += state
      actions += zip(dynamics.actionBounds.low, dynamics.actionBounds.high).map {
        0.5 * ($0 + ($1 - $0) * Double(random.uniform()))
      }
    }
    var costs = QuadraticCosts(count: count, of: dynamics)
    simulation.quadratize(states: states, actions: actions, into: &costs)
    func cost(_ states: [Double], _ actions: [Double]) -> Double {
      var cost = Double.nan
      simulation.evaluateCosts(count: 1, states: states, actions: actions, costs: &cost)
      return cost
    }
    for row in 0..<count {
      let state = Array(states[row * n..<(row + 1) * n])
      let action = Array(actions[row * m..<(row + 1) * m])
      #expect(costs.values[row] == cost(state, action))
      var worst = 0.0
      func compare(_ slope: Double, _ move: (Double) -> Double) {
        let difference = (move(1e-5) - move(-1e-5)) / 2e-5
        worst = max(worst, abs(difference - slope) / max(1, abs(slope)))
      }
      // positions where they form a vector space
      for column in (n == k ? 0 : environment.model.velocitySize)..<k {
        compare(costs.stateGradients[row * k + column]) { step in
          var moved = state
          moved[column + n - k] += step
          return cost(moved, action)
        }
      }
      for column in 0..<m {
        compare(costs.actionGradients[row * m + column]) { step in
          var moved = action
          moved[column] += step
          return cost(state, moved)
        }
      }
      #expect(worst < 1e-3, "\(environment.name): slopes differ by \(worst)")
    }
    let allocated = allocations { simulation.quadratize(states: states, actions: actions, into: &costs) }
    #expect(allocated == 0, "\(environment.name): heap allocations in quadratize")
  }

  /// The cost of control is 0.1 u'u, and what else the half-cheetah earns is linear in where it gets to.
  @Test func hessiansOfControlCosts() throws {
    var (environment, random) = (try MuJoCoEnvironment<HalfCheetah>(.v5), RandomStream(seed: 22))
    var observation = [Float](repeating: 0, count: environment.spec.observationSize)
    environment.reset(using: &random, observation: &observation)
    var simulation = environment.dynamics.makeSimulation()
    var costs = QuadraticCosts(count: 1, of: environment.dynamics)
    let state = environment.pose.positions + environment.pose.velocities
    simulation.quadratize(states: state, actions: [0.1, -0.2, 0.3, 0, 1, -1], into: &costs)
    for i in 0..<6 {
      for j in 0..<6 { #expect(abs(costs.actionHessians[i * 6 + j] - (i == j ? 0.2 : 0)) < 1e-4) }
    }
    #expect((costs.stateHessians + costs.crossHessians).allSatisfy { abs($0) < 1e-4 })
  }

  /// The guidance of the pendulum is quadratic in the next state, so that Q = A' D A exactly, and P, R likewise.
  @Test func hessiansGoThroughTheStep() throws {
    let dynamics = try MuJoCoEnvironment<InvertedPendulum>(.v5).dynamics
    var simulation = dynamics.makeSimulation()
    var costs = QuadraticCosts(count: 1, of: dynamics)
    var steps = LinearizedTrajectory(count: 1, of: dynamics)
    let (state, action) = ([0.1, 0.05, -0.2, 0.3], [0.7])
    simulation.quadratize(states: state, actions: action, into: &costs)
    simulation.linearize(states: state, actions: action, into: &steps)
    let (a, b) = (steps.stateMatrix(0), steps.actionMatrix(0))
    let weights = [0.02, 50.0, 0, 0]
    func product(_ left: (Int) -> Double, _ right: (Int) -> Double) -> Double {
      weights.indices.reduce(0) { $0 + left($1) * weights[$1] * right($1) }
    }
    for i in 0..<4 {
      for j in 0..<4 {
        let expected = product({ a[$0, i] }, { a[$0, j] })
        #expect(abs(costs.stateHessians[4 * i + j] - expected) < 1e-5 * max(1, abs(expected)))
      }
      let expected = product({ b[$0, 0] }, { a[$0, i] })
      #expect(abs(costs.crossHessians[i] - expected) < 1e-5 * max(1, abs(expected)))
    }
    #expect(abs(costs.actionHessians[0] - product({ b[$0, 0] }, { b[$0, 0] })) < 1e-5)
  }

  /// Plans every action anew from what is observed; the observation after `steps` of them and the sum of rewards.
  private func control<Task: MuJoCoTask>(
    _ made: MuJoCoEnvironment<Task>, horizon: Int, steps: Int, seed: UInt64
  ) throws -> (observation: [Float], total: Float) {
    var (environment, random, total) = (made, RandomStream(seed: seed), Float(0))
    var observation = [Float](repeating: 0, count: environment.spec.observationSize)
    var settings = IterativeLQRSettings()
    settings.horizon = horizon
    var search = IterativeLQR(settings, dynamics: environment.dynamics)
    environment.reset(using: &random, observation: &observation)
    for step in 0..<steps {
      let starts = search.start(fromObservation: observation)
      #expect(starts)
      _ = search.optimize(iterations: step == 0 ? 20 : 3)
      let outcome = try environment.step(
        (0..<environment.spec.action.size).map { Float(search.actions[$0]) }, observation: &observation)
      total += outcome.reward
      if outcome.ending != .none { break }
      search.shift()
    }
    return (observation, total)
  }

  @Test func thePendulumIsBalanced() throws {
    let end = try control(MuJoCoEnvironment<InvertedPendulum>(.v5), horizon: 25, steps: 60, seed: 23)
    #expect(end.total == 60)
    #expect(abs(end.observation[1]) < 0.002 && abs(end.observation[0]) < 0.2, "\(end.observation)")
  }

  @Test func theArmReachesItsTarget() throws {
    let end = try control(MuJoCoEnvironment<Reacher>(.v5), horizon: 15, steps: 40, seed: 24)
    let distance = (end.observation[8] * end.observation[8] + end.observation[9] * end.observation[9]).squareRoot()
    #expect(distance < 0.01, "\(distance) m away, return \(end.total)")
  }
}

#endif
