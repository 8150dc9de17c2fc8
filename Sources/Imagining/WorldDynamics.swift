public import Interfaces
import Kernels

/// The expected steps of a world as dynamics for iLQR: states are observations, costs are minus the rewards. Terminations
/// play no part.
///
/// Jacobians of steps and gradients of costs are exact, by backpropagation. Hessians of costs are centered differences of
/// these gradients and so have the steps' curvature in them. All is computed in single precision, as learned models are:
/// gradients are good to some 1e-6 of their size, and so are Hessians to some 1e-4.
public final class WorldDynamics<W: World>: PlannedDynamics {
  let world: W
  /// Numbers in an observation, D.
  public let observationSize: Int
  /// Numbers in an action, A.
  public let actionSize: Int
  /// States are observations: D.
  public var stateSize: Int { observationSize }
  /// None, [A] infinities each: the planner that searches knows the actions' bounds.
  public var actionBounds: (low: [Double], high: [Double]) {
    (Array(repeating: -.infinity, count: actionSize), Array(repeating: .infinity, count: actionSize))
  }

  /// Of the expectation of `world`, whose steps must have gradients.
  public init(_ world: W) {
    precondition(world.gradients >= .pathwise, "a world whose steps have no gradients cannot be linearized")
    self.world = world.expectation
    (observationSize, actionSize) = (world.stateSize, world.actionSize)
  }

  /// A simulation with scratch of its own, which grows to the most rows it is asked for.
  public func makeSimulation() -> WorldSimulation<W> { WorldSimulation(self) }
}

/// Steps, linearizes and scores in a world, all N rows of a call in one pass: O(D) passes back for Jacobians,
/// O(D + A) passes there and back for Hessians.
public final class WorldSimulation<W: World>: CostSimulation {
  /// Numbers in a state, D.
  public let stateSize: Int
  /// Numbers in an action, A.
  public let actionSize: Int
  /// Changes of states are differences of observations: D.
  public var tangentSize: Int { stateSize }

  /// Changes of states and actions for differences of gradients.
  private static var change: Float { 1e-2 }

  private let dynamics: WorldDynamics<W>
  private var rollout: W.Rollout
  private var capacity = 0
  private var (states, actions): (Vector, Vector)
  /// Ones, the gradients of the rewards' sum by the rewards.
  private var ones: Vector
  private var nextGradients: Vector
  private var (stateGradients, actionGradients): (Vector, Vector)

  init(_ dynamics: WorldDynamics<W>) {
    self.dynamics = dynamics
    (stateSize, actionSize) = (dynamics.observationSize, dynamics.actionSize)
    rollout = dynamics.world.makeRollout(capacity: 1, keeping: 1)
    (states, actions, ones) = (Vector(count: 0), Vector(count: 0), Vector(count: 0))
    (stateGradients, actionGradients, nextGradients) = (states, states, states)
    grow(to: 1)
  }

  private func grow(to count: Int) {
    guard count > capacity else { return }
    capacity = count
    let (n, m) = (count * stateSize, count * actionSize)
    rollout = dynamics.world.makeRollout(capacity: count, keeping: 1)
    (states, stateGradients, nextGradients) = (Vector(count: n), Vector(count: n), Vector(count: n))
    (actions, actionGradients) = (Vector(count: m), Vector(count: m))
    ones = Vector(count: count)
    ones.fill(1)
  }

  // MARK: - Imagining

  private func take(_ count: Int, _ states: UnsafePointer<Double>, _ actions: UnsafePointer<Double>) {
    grow(to: count)
    let (x, u) = (self.states.mutablePointer, self.actions.mutablePointer)
    for i in 0..<count * stateSize { x[i] = Float(states[i]) }
    for i in 0..<count * actionSize { u[i] = Float(actions[i]) }
  }

  @discardableResult
  private func imagine(_ count: Int) -> PredictedStep {
    // an expectation draws nothing
    rollout.reset(
      RolloutStarts(count: count, states: states.pointer, rowsPerParticle: count), using: RandomStream(seed: 0))
    return rollout.step(actions.pointer)
  }

  private func write(_ step: PredictedStep, _ count: Int, _ costs: UnsafeMutablePointer<Double>) {
    for row in 0..<count { costs[row] = -Double(step.rewards[row]) }
  }

  /// Gradients of the rewards of the steps imagined last, in `stateGradients` and `actionGradients`.
  private func differentiateRewards(_ count: Int) {
    rollout.pullBack(
      step: 0, nextGradients: nil, rewardGradients: ones.pointer, scoreWeights: nil,
      stateGradients: stateGradients.mutablePointer, actionGradients: actionGradients.mutablePointer)
  }

  // MARK: - Simulation

  public func setState(_ state: UnsafeMutablePointer<Double>, fromObservation observation: UnsafePointer<Float>) {
    for i in 0..<stateSize { state[i] = Double(observation[i]) }
  }

  public func observe(_ state: UnsafePointer<Double>, into observation: UnsafeMutablePointer<Double>) {
    observation.update(from: state, count: stateSize)
  }

  public func step(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, next: UnsafeMutablePointer<Double>
  ) {
    take(count, states, actions)
    imagine(count)
    for i in 0..<count * stateSize { next[i] = Double(rollout.states[i]) }
  }

  public func linearize(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>,
    stateJacobians: UnsafeMutablePointer<Double>, actionJacobians: UnsafeMutablePointer<Double>
  ) {
    let (n, m) = (stateSize, actionSize)
    take(count, states, actions)
    imagine(count)
    let (unit, x, u) = (nextGradients.mutablePointer, stateGradients.mutablePointer, actionGradients.mutablePointer)
    for i in 0..<n {
      for row in 0..<count { for j in 0..<n { unit[row * n + j] = i == j ? 1 : 0 } }
      rollout.pullBack(
        step: 0, nextGradients: unit, rewardGradients: nil, scoreWeights: nil, stateGradients: x, actionGradients: u)
      for row in 0..<count {
        for j in 0..<n { stateJacobians[(row * n + i) * n + j] = Double(x[row * n + j]) }
        for j in 0..<m { actionJacobians[(row * n + i) * m + j] = Double(u[row * m + j]) }
      }
    }
  }

  public func evaluateCosts(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, costs: UnsafeMutablePointer<Double>
  ) {
    take(count, states, actions)
    write(imagine(count), count, costs)
  }

  public func quadratize(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, into costs: inout QuadraticCosts
  ) {
    precondition(count <= costs.count, "\(count) steps in an expansion for \(costs.count)")
    precondition(costs.tangentSize == tangentSize && costs.actionSize == actionSize, "an expansion of other costs")
    let (n, m) = (stateSize, actionSize)
    take(count, states, actions)
    let step = imagine(count)
    costs.withUnsafePointers { target in
      write(step, count, target.values)
      differentiateRewards(count)
      let (x, u) = (stateGradients.pointer, actionGradients.pointer)
      for i in 0..<count * n { target.stateGradients[i] = -Double(x[i]) }
      for i in 0..<count * m { target.actionGradients[i] = -Double(u[i]) }
      target.stateHessians.update(repeating: 0, count: count * n * n)
      target.crossHessians.update(repeating: 0, count: count * m * n)
      target.actionHessians.update(repeating: 0, count: count * m * m)
      for direction in 0..<n + m {
        for side: Float in [1, -1] { addDifferences(count, along: direction, side, to: target) }
      }
    }
  }

  /// Adds what gradients at a change along a component of (x, u) say of the Hessians; both triangles get half of it.
  private func addDifferences(_ count: Int, along direction: Int, _ side: Float, to target: QuadraticCosts.Pointers) {
    let (n, m) = (stateSize, actionSize)
    func move(_ by: Float) {
      let (values, stride, index) =
        direction < n ? (states.mutablePointer, n, direction) : (actions.mutablePointer, m, direction - n)
      for row in 0..<count { values[row * stride + index] += by }
    }
    move(side * Self.change)
    imagine(count)
    differentiateRewards(count)
    let scale = -Double(side / (2 * Self.change))
    let (x, u) = (stateGradients.pointer, actionGradients.pointer)
    for row in 0..<count {
      for j in 0..<n {
        let value = scale * Double(x[row * n + j]) / 2
        if direction < n {
          target.stateHessians[(row * n + direction) * n + j] += value
          target.stateHessians[(row * n + j) * n + direction] += value
        } else {
          target.crossHessians[(row * m + direction - n) * n + j] += value
        }
      }
      for j in 0..<m {
        let value = scale * Double(u[row * m + j]) / 2
        if direction < n {
          target.crossHessians[(row * m + j) * n + direction] += value
        } else {
          target.actionHessians[(row * m + direction - n) * m + j] += value
          target.actionHessians[(row * m + j) * m + direction - n] += value
        }
      }
    }
    move(-side * Self.change)
  }
}
