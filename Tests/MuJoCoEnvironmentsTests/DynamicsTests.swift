#if MuJoCo

import Interfaces
import Kernels
import MuJoCoEnvironments
import TestSupport
import Testing

/// Physical states, their steps and their linearizations.
@Suite struct DynamicsTests {
  /// From a start, where the solver is as cold, the step is the environment's.
  @Test func stepsAreTheEnvironments() throws {
    try checkStep(MuJoCoEnvironment<InvertedDoublePendulum>(.v5))
    try checkStep(MuJoCoEnvironment<Hopper>(.v5))
    try checkStep(MuJoCoEnvironment<Ant>(.v5))
  }

  @Test func linearizationsAreTheDerivatives() throws {
    try checkDerivatives(MuJoCoEnvironment<InvertedPendulum>(.v5), tolerance: 1e-4)
    try checkDerivatives(MuJoCoEnvironment<InvertedDoublePendulum>(.v5), tolerance: 1e-4)
    try checkDerivatives(MuJoCoEnvironment<Swimmer>(.v5), tolerance: 1e-4)
    try checkDerivatives(MuJoCoEnvironment<Reacher>(.v5), tolerance: 1e-4)
    // MuJoCo's own derivatives, chained; in the air
    try checkDerivatives(MuJoCoEnvironment<HalfCheetah>(.v5), tolerance: 1e-3, height: 5)
    // high above the ground, where nothing touches: 15 positions, 14 degrees of freedom
    try checkDerivatives(MuJoCoEnvironment<Ant>(.v5), tolerance: 1e-3, height: 5)
  }

  private func checkStep<Task: MuJoCoTask>(_ made: MuJoCoEnvironment<Task>) throws {
    var (environment, random) = (made, RandomStream(seed: 9))
    let dynamics = MuJoCoDynamics(environment)
    var simulation = dynamics.makeSimulation()
    var observation = [Float](repeating: 0, count: dynamics.observationSize)
    environment.reset(using: &random, observation: &observation)
    let state = environment.pose.positions + environment.pose.velocities
    #expect(state.count == dynamics.stateSize)
    let (low, high) = environment.spec.action.bounds
    let action = zip(low, high).map { random.uniform($0, $1) }
    var next = state
    simulation.step(state, action.map { Double($0) }, next: &next)
    _ = try environment.step(action, observation: &observation)
    #expect(next == environment.pose.positions + environment.pose.velocities, "\(environment.name)")
    // beyond the bounds as at them
    var (beyond, at) = (state, state)
    simulation.step(state, high.map { Double($0) + 1 }, next: &beyond)
    simulation.step(state, dynamics.actionBounds.high, next: &at)
    #expect(beyond == at && at != next)
  }

  private func checkDerivatives<Task: MuJoCoTask>(
    _ made: MuJoCoEnvironment<Task>, tolerance: Double, height: Double? = nil
  ) throws {
    var (environment, random) = (made, RandomStream(seed: 10))
    let dynamics = MuJoCoDynamics(environment)
    let (n, k, m, count) = (dynamics.stateSize, dynamics.tangentSize, dynamics.actionSize, 3)
    var simulation = dynamics.makeSimulation()
    var observation = [Float](repeating: 0, count: dynamics.observationSize)
    var (states, actions): ([Double], [Double]) = ([], [])
    for _ in 0..<count {
      environment.reset(using: &random, observation: &observation)
      var state = environment.pose.positions + environment.pose.velocities
      if let height { state[environment.model.positionSize == environment.model.velocitySize ? 1 : 2] = height }
      states += state
      actions += zip(dynamics.actionBounds.low, dynamics.actionBounds.high).map {
        0.5 * ($0 + ($1 - $0) * Double(random.uniform()))
      }
    }
    var trajectory = LinearizedTrajectory(count: count, of: dynamics)
    simulation.linearize(states: states, actions: actions, into: &trajectory)
    let positions = environment.model.positionSize
    for row in 0..<count {
      let state = Array(states[row * n..<(row + 1) * n])
      let action = Array(actions[row * m..<(row + 1) * m])
      var worst = 0.0
      // changes of velocities and actions; of positions too where they form a vector space
      let columns = n == k ? Array(0..<k) : Array(positions - (n - k)..<k)
      for column in columns {
        let index = column + n - k
        let (forward, backward) = ([1e-5, -1e-5]).map { step in
          var (moved, next) = (state, state)
          moved[index] += step
          simulation.step(moved, action, next: &next)
          return next
        }.pair
        worst = max(worst, difference(dynamics, backward, forward, trajectory.stateMatrix(row), column))
      }
      for column in 0..<m {
        let (forward, backward) = ([1e-5, -1e-5]).map { step in
          var (moved, next) = (action, state)
          moved[column] += step
          simulation.step(state, moved, next: &next)
          return next
        }.pair
        worst = max(worst, difference(dynamics, backward, forward, trajectory.actionMatrix(row), column))
      }
      #expect(worst < tolerance, "\(environment.name): derivatives differ by \(worst)")
    }
    let allocated = allocations { simulation.linearize(states: states, actions: actions, into: &trajectory) }
    #expect(allocated == 0, "\(environment.name): heap allocations in linearize")
  }

  private func difference<Task: MuJoCoTask>(
    _ dynamics: MuJoCoDynamics<Task>, _ backward: [Double], _ forward: [Double], _ matrix: DoubleMatrix, _ column: Int
  ) -> Double {
    var change = [Double](repeating: 0, count: dynamics.tangentSize)
    dynamics.difference(from: backward, to: forward, into: &change)
    return change.indices.map { row in
      abs(change[row] / 2e-5 - matrix[row, column]) / max(1, abs(matrix[row, column]))
    }.max() ?? .infinity
  }

  /// A state set from an observation shows that observation.
  @Test func observationsGiveStates() throws {
    try checkObservation(MuJoCoEnvironment<HalfCheetah>(.v5))
    try checkObservation(MuJoCoEnvironment<Reacher>(.v5))
    try checkObservation(MuJoCoEnvironment<InvertedDoublePendulum>(.v5))
  }

  private func checkObservation<Task: MuJoCoTask>(_ made: MuJoCoEnvironment<Task>) throws {
    var (environment, random) = (made, RandomStream(seed: 12))
    let dynamics = MuJoCoDynamics(environment)
    var simulation = dynamics.makeSimulation()
    var observation = [Float](repeating: 0, count: dynamics.observationSize)
    environment.reset(using: &random, observation: &observation)
    var (state, seen) = (
      [Double](repeating: 0, count: dynamics.stateSize), [Double](repeating: 0, count: dynamics.observationSize)
    )
    simulation.setState(&state, fromObservation: observation)
    simulation.observe(state, into: &seen)
    for (a, b) in zip(seen, observation) { #expect(abs(a - Double(b)) < 1e-6 * max(1, abs(a))) }
  }
}

extension Array {
  fileprivate var pair: (Element, Element) { (self[0], self[1]) }
}

#endif
