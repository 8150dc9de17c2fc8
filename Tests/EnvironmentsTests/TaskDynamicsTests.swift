import Environments
import Interfaces
import Kernels
import TestSupport
import Testing

/// Exact derivatives of native tasks.
@Suite struct TaskDynamicsTests {
  @Test func pendulum() throws { try check(Pendulum(PendulumSettings())) }
  @Test func cartPoleSwingUp() throws { try check(CartPoleSwingUp(CartPoleSwingUpSettings())) }
  @Test func pointMass() throws { try check(PointMass(PointMassSettings())) }

  @Test func mountainCarContinuous() throws {
    try check(MountainCarContinuous(MountainCarContinuousSettings()), precision: 2e-6)
  }

  /// Along episodes of random actions: steps and rewards are the environment's (in whose precision `precision` lies),
  /// derivatives those of central differences.
  private func check<Task: DifferentiableTask>(_ task: Task, precision: Double = 1e-6) throws {
    let dynamics = TaskDynamics(task)
    var simulation = dynamics.makeSimulation()
    let (n, m, count) = (dynamics.stateSize, dynamics.actionSize, 30)
    let (states, actions, next, rewards) = try course(task, count, precision)
    var linear = LinearizedTrajectory(count: count, of: dynamics)
    var quadratic = QuadraticCosts(count: count, of: dynamics)
    simulation.linearize(states: states, actions: actions, into: &linear)
    simulation.quadratize(states: states, actions: actions, into: &quadratic)

    // plain numbers agree with the environment
    var stepped = [Double](repeating: 0, count: count * n)
    var costs = [Double](repeating: 0, count: count)
    simulation.step(count: count, states: states, actions: actions, next: &stepped)
    simulation.evaluateCosts(count: count, states: states, actions: actions, costs: &costs)
    for index in stepped.indices { #expect(abs(stepped[index] - next[index]) <= precision) }
    for index in costs.indices {
      #expect(abs(costs[index] + rewards[index]) <= 1e-5 * max(1, abs(rewards[index])))
      #expect(quadratic.values[index] == costs[index])
    }

    // derivatives agree with central differences of the steps, of the costs and of their gradients
    var worst = (jacobian: 0.0, gradient: 0.0, hessian: 0.0)
    for row in 0..<count {
      let x = Array(states[row * n..<(row + 1) * n])
      let u = Array(actions[row * m..<(row + 1) * m])
      for direction in 0..<n + m {
        let h = 1e-5
        func moved(_ by: Double) -> (next: [Double], costs: QuadraticCosts) {
          var (x, u) = (x, u)
          if direction < n { x[direction] += by } else { u[direction - n] += by }
          var (next, expansion) = ([Double](repeating: 0, count: n), QuadraticCosts(count: 1, of: dynamics))
          simulation.step(x, u, next: &next)
          simulation.quadratize(states: x, actions: u, into: &expansion)
          return (next, expansion)
        }
        let (up, down) = (moved(h), moved(-h))
        for i in 0..<n {
          let slope = (up.next[i] - down.next[i]) / (2 * h)
          let exact =
            direction < n
            ? linear.stateJacobians[(row * n + i) * n + direction]
            : linear.actionJacobians[(row * n + i) * m + direction - n]
          worst.jacobian = max(worst.jacobian, abs(slope - exact))
        }
        let slope = (up.costs.values[0] - down.costs.values[0]) / (2 * h)
        let exact =
          direction < n
          ? quadratic.stateGradients[row * n + direction] : quadratic.actionGradients[row * m + direction - n]
        worst.gradient = max(worst.gradient, abs(slope - exact))
        for i in 0..<n {
          let slope = (up.costs.stateGradients[i] - down.costs.stateGradients[i]) / (2 * h)
          let exact =
            direction < n
            ? quadratic.stateHessians[(row * n + i) * n + direction]
            : quadratic.crossHessians[(row * m + direction - n) * n + i]
          worst.hessian = max(worst.hessian, abs(slope - exact))
        }
        for i in 0..<m {
          let slope = (up.costs.actionGradients[i] - down.costs.actionGradients[i]) / (2 * h)
          let exact =
            direction < n
            ? quadratic.crossHessians[(row * m + i) * n + direction]
            : quadratic.actionHessians[(row * m + i) * m + direction - n]
          worst.hessian = max(worst.hessian, abs(slope - exact))
        }
      }
    }
    #expect(worst.jacobian < 1e-8, "\(Task.name): Jacobians are off by up to \(worst.jacobian)")
    #expect(worst.gradient < 1e-8, "\(Task.name): gradients are off by up to \(worst.gradient)")
    #expect(worst.hessian < 1e-8, "\(Task.name): Hessians are off by up to \(worst.hessian)")
  }

  /// States, actions, next states and rewards of episodes of random actions away from kinks and bounds.
  private func course<Task: DifferentiableTask>(
    _ task: Task, _ count: Int, _ precision: Double
  ) throws -> (states: [Double], actions: [Double], next: [Double], rewards: [Double]) {
    var (task, random) = (task, RandomStream(seed: 3))
    var observation = [Float](repeating: 0, count: task.spec.observationSize)
    guard case .box(let low, let high) = task.spec.action else { preconditionFailure("choices") }
    var (states, actions, next, rewards) = ([Double](), [Double](), [Double](), [Double]())
    func numbers(_ state: Task.State) -> [Double] { (0..<Task.State.scalarCount).map { Double(state[$0]) } }
    try task.reset(using: &random, observation: &observation)
    for step in 0..<count {
      if step % 10 == 0 { try task.reset(using: &random, observation: &observation) }
      let action = zip(low, high).map { 0.9 * random.uniform($0, $1) }
      states += numbers(task.episode.state)
      actions += action.map { Double($0) }
      rewards.append(Double(try task.step(action, observation: &observation).reward))
      next += numbers(task.episode.state)
    }
    return (states, actions, next, rewards)
  }

  /// The linear-quadratic task's own matrices come out.
  @Test func pointMassIsLinearQuadratic() {
    let task = PointMass(PointMassSettings())
    let dynamics = TaskDynamics(task)
    var simulation = dynamics.makeSimulation()
    var linear = LinearizedTrajectory(count: 1, of: dynamics)
    var costs = QuadraticCosts(count: 1, of: dynamics)
    let (x, u) = ([0.3, -2, 1.5, 0.7], [4.0, -1.0])
    simulation.linearize(states: x, actions: u, into: &linear)
    simulation.quadratize(states: x, actions: u, into: &costs)
    #expect(linear.stateMatrix(0).elements == task.stateMatrix.elements)
    #expect(linear.actionMatrix(0).elements == task.inputMatrix.elements)
    #expect(costs.stateHessians == task.stateCost.elements.map { 2 * $0 })
    #expect(costs.actionHessians == task.inputCost.elements.map { 2 * $0 })
    #expect(costs.crossHessians == [Double](repeating: 0, count: 8))
  }

  /// Actions beyond the bounds act as the bounds do; there the derivative is the one from within.
  @Test func actionsAreClippedWithOneSidedDerivatives() {
    let dynamics = TaskDynamics(Pendulum(PendulumSettings()))
    var simulation = dynamics.makeSimulation()
    var linear = LinearizedTrajectory(count: 3, of: dynamics)
    let states = [0.5, 1.0, 0.5, 1.0, 0.5, 1.0]
    simulation.linearize(states: states, actions: [1.9, 2, 50], into: &linear)
    #expect(linear.actionMatrix(2).elements == linear.actionMatrix(1).elements)
    #expect(linear.actionMatrix(0).elements == linear.actionMatrix(1).elements)
    #expect(abs(linear.actionMatrix(0)[1, 0] - 0.15) < 1e-15)
    var (at, beyond) = ([0.0, 0.0], [0.0, 0.0])
    simulation.step([0.5, 1], [2], next: &at)
    simulation.step([0.5, 1], [50], next: &beyond)
    #expect(at == beyond)
  }

  /// A speed at its limit, a cart at its stop: nothing more follows there from what would push it beyond.
  @Test func kinksHaveTheDerivativesOfTheirBranch() {
    let pendulum = TaskDynamics(Pendulum(PendulumSettings()))
    var simulation = pendulum.makeSimulation()
    var linear = LinearizedTrajectory(count: 1, of: pendulum)
    simulation.linearize(states: [1.5, 7.9], actions: [2], into: &linear)
    #expect(linear.stateMatrix(0).elements == [1, 0, 0, 0] && linear.actionMatrix(0).elements == [0, 0])
    let cart = TaskDynamics(CartPoleSwingUp(CartPoleSwingUpSettings()))
    var stops = cart.makeSimulation()
    var stopped = LinearizedTrajectory(count: 1, of: cart)
    stops.linearize(states: [2.499, 3, 0, 0], actions: [3], into: &stopped)
    #expect(stopped.stateMatrix(0).elements[0..<8].allSatisfy { $0 == 0 })
    #expect(stopped.actionMatrix(0)[0, 0] == 0 && stopped.actionMatrix(0)[1, 0] == 0)
  }

  @Test func observationsAndStatesCorrespond() {
    let dynamics = TaskDynamics(CartPoleSwingUp(CartPoleSwingUpSettings()))
    var simulation = dynamics.makeSimulation()
    var (observation, state) = ([Double](repeating: 0, count: 5), [Double](repeating: 0, count: 4))
    simulation.observe([0.5, -1, 2, 3], into: &observation)
    let rounded = observation.map { Float($0) }
    simulation.setState(&state, fromObservation: rounded)
    for (shown, expected) in zip(state, [0.5, -1, 2, 3]) { #expect(abs(shown - expected) < 1e-6) }
  }

  @Test func nothingAllocates() {
    let dynamics = TaskDynamics(CartPoleSwingUp(CartPoleSwingUpSettings()))
    var simulation = dynamics.makeSimulation()
    let count = 20
    var linear = LinearizedTrajectory(count: count, of: dynamics)
    var costs = QuadraticCosts(count: count, of: dynamics)
    let (states, actions) = ([Double](repeating: 0.1, count: 4 * count), [Double](repeating: 0.2, count: count))
    var next = states
    let allocated = allocations {
      simulation.step(count: count, states: states, actions: actions, next: &next)
      simulation.linearize(states: states, actions: actions, into: &linear)
      simulation.quadratize(states: states, actions: actions, into: &costs)
    }
    #expect(allocated == 0)
  }

  /// In a process of its own: the pool belongs to all tests.
  @Test func threadsDoNotChangeABit() async {
    await #expect(processExitsWith: .success) {
      func derivatives() -> [[Double]] {
        let dynamics = TaskDynamics(CartPoleSwingUp(CartPoleSwingUpSettings()))
        var simulation = dynamics.makeSimulation()
        let count = 37
        var linear = LinearizedTrajectory(count: count, of: dynamics)
        var costs = QuadraticCosts(count: count, of: dynamics)
        let (states, actions) = ((0..<4 * count).map { Double($0 % 7) / 5 }, (0..<count).map { Double($0 % 5) - 2 })
        simulation.linearize(states: states, actions: actions, into: &linear)
        simulation.quadratize(states: states, actions: actions, into: &costs)
        return [linear.stateJacobians, linear.actionJacobians, costs.values, costs.stateHessians, costs.crossHessians]
      }
      let one = derivatives()
      for threads in [2, 3] {
        WorkerPool.configure(threads: threads)
        #expect(derivatives() == one)
      }
    }
  }
}
