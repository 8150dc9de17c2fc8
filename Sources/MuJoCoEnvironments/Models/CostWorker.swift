#if MuJoCo

import CMuJoCo
import Interfaces

/// One thread's scratch for the costs of a task's steps and their expansions.
///
/// The cost of a step is c(x', u, b): minus the task's score of the state x' that it leads to, under action u, after a mark
/// b = mark(x) of the state that it left, plus the task's guidance. c needs no simulation but positions of bodies, so that
/// its derivatives are differences of cheap evaluations; those of the step itself are the linearized dynamics
/// δx' = A δx + B δu, whose curvature is left out, as iLQR leaves it out of the dynamics.
final class CostWorker<Task: MuJoCoTask> {
  let linearizer: LinearizerWorker
  private let task: Task
  private let frameSkip: Int
  private let velocities: Int
  private let states: Int
  private let tangents: Int
  private let actions: Int
  /// Numbers that c depends on, w = k + m + 1, in this order: changes of x', u, b.
  private let variables: Int

  /// Where c is expanded: the state [n], action [m], mark, and the value there.
  private var next: [Double]
  private var action: [Double]
  private var before = 0.0
  private var center = 0.0
  /// The mark that c is evaluated with.
  private var mark = 0.0
  private var isOver = false
  /// Values with one variable moved up or down, [w] each.
  private var up: [Double]
  private var down: [Double]
  /// Gradient [w] and Hessian [w, w] of c.
  private var gradient: [Double]
  private var hessian: [Double]
  /// Gradient [nv] and Hessian [nv, nv] of the mark.
  private var markGradient: [Double]
  private var markHessian: [Double]
  /// A move of the positions, [nv].
  private var move: [Double]
  /// The variables' derivatives with respect to (δx, δu), [w, k + m], and a product of that size.
  private var chain: [Double]
  private var product: [Double]

  /// Size of the finite differences: second ones of double precision, of numbers that are about 1.
  private static var step: Double { 1e-4 }

  init(_ task: Task, _ linearizer: LinearizerWorker, frameSkip: Int) {
    self.task = task
    self.linearizer = linearizer
    self.frameSkip = frameSkip
    let model = linearizer.simulation.model
    velocities = model.velocitySize
    states = model.positionSize + model.velocitySize + model.activationSize
    tangents = 2 * model.velocitySize + model.activationSize
    actions = model.controlSize
    variables = tangents + actions + 1
    next = Array(repeating: 0, count: states)
    action = Array(repeating: 0, count: actions)
    up = Array(repeating: 0, count: variables)
    down = up
    gradient = up
    hessian = Array(repeating: 0, count: variables * variables)
    markGradient = Array(repeating: 0, count: velocities)
    markHessian = Array(repeating: 0, count: velocities * velocities)
    move = markGradient
    chain = Array(repeating: 0, count: variables * (tangents + actions))
    product = chain
  }

  private var simulation: Simulation { linearizer.simulation }

  /// The cost of a step; NaN where it diverges.
  func cost(_ state: UnsafePointer<Double>, _ action: UnsafePointer<Double>) -> Double {
    take(state, action) ? center : .nan
  }

  /// Expands the cost of a step whose linearization is `a` [k, k] and `b` [k, m] into row `row` of `target`.
  func expand(
    _ state: UnsafePointer<Double>, _ action: UnsafePointer<Double>, a: UnsafePointer<Double>,
    b: UnsafePointer<Double>, into target: QuadraticCosts.Pointers, row: Int
  ) {
    expandMark(state)
    if take(state, action) { expandScore() } else { spoil() }
    link(a, b)
    write(to: target, row: row)
  }

  // MARK: - Values

  /// Takes the step and evaluates c where it leads; false if it diverges.
  private func take(_ state: UnsafePointer<Double>, _ action: UnsafePointer<Double>) -> Bool {
    let (model, data) = (simulation.model.pointer, simulation.data)
    linearizer.start(state, action)
    mj_kinematics(model, data)
    before = task.mark(simulation.physics)
    mark = before
    for index in 0..<actions { self.action[index] = simulation.action[index] }
    // contact forces stay as the step leaves them: the expansion takes them as constant
    simulation.step(
      frames: frameSkip, contactForces: task.readsContactForces, refreshing: Task.refreshesDerived)
    simulation.readPhysics(into: &next)
    guard !simulation.hasDiverged else { return false }
    mj_kinematics(model, data)
    (center, isOver) = evaluate()
    return true
  }

  /// c of the simulation's present positions, velocities and action and of `mark`, and whether the task is over there.
  private func evaluate() -> (cost: Double, isOver: Bool) {
    let physics = simulation.physics
    let score = task.score(physics, before: mark, after: task.mark(physics), action: simulation.action)
    return (task.guidance(physics) - score.reward, score.terminated)
  }

  /// c near the center. Beyond an end, where rewards may jump, it is taken as constant.
  private var value: Double {
    let (cost, isOver) = evaluate()
    return isOver == self.isOver ? cost : center
  }

  /// Moves the positions from those of state `origin` by `distance` along one or two directions.
  private func place(
    _ origin: UnsafePointer<Double>, _ distance: Double, _ first: Int, _ second: Int? = nil
  ) {
    for index in 0..<velocities { move[index] = 0 }
    move[first] = 1
    if let second { move[second] += 1 }
    let physics = simulation.physics
    physics.positions.update(from: origin, count: physics.positionSize)
    mj_integratePos(simulation.model.pointer, physics.positions, move, distance)
    mj_kinematics(simulation.model.pointer, simulation.data)
  }

  /// Moves variable `index`, which is not a position, to `distance` from the center. Rewards do not look at activations.
  private func shift(_ index: Int, _ distance: Double) {
    if index == variables - 1 {
      mark = before + distance
    } else if index >= tangents {
      simulation.action[index - tangents] = action[index - tangents] + distance
    } else if index < 2 * velocities {
      simulation.physics.velocities[index - velocities] =
        next[states - tangents + index] + distance
    }
  }

  // MARK: - Differences

  /// Gradient and Hessian of c at the center, by centered differences.
  private func expandScore() {
    let (w, h) = (variables, Self.step)
    for index in 0..<w * w { hessian[index] = 0 }
    next.withUnsafeBufferPointer { next in
      guard let next = next.baseAddress else { return }
      up.withUnsafeMutableBufferPointer { sweep(next, h, into: $0) }
      down.withUnsafeMutableBufferPointer { sweep(next, -h, into: $0) }
    }
    for i in 0..<w {
      gradient[i] = (up[i] - down[i]) / (2 * h)
      hessian[i * w + i] = (up[i] - 2 * center + down[i]) / (h * h)
      for j in 0..<i {
        let singles = up[i] + down[i] + up[j] + down[j] - 2 * center
        let second = (hessian[i * w + j] - singles) / (2 * h * h)
        hessian[i * w + j] = second
        hessian[j * w + i] = second
      }
    }
  }

  /// Values with each variable moved by `distance`, and added to the Hessian's lower triangle those with two moved.
  private func sweep(_ next: UnsafePointer<Double>, _ distance: Double, into single: UnsafeMutableBufferPointer<Double>)
  {
    let (w, v) = (variables, velocities)
    // positions are the center's here
    mj_kinematics(simulation.model.pointer, simulation.data)
    for i in v..<w {
      shift(i, distance)
      single[i] = value
      for j in v..<i {
        shift(j, distance)
        hessian[i * w + j] += value
        shift(j, 0)
      }
      shift(i, 0)
    }
    for i in 0..<v {
      for j in 0..<i {
        place(next, distance, i, j)
        hessian[i * w + j] += value
      }
      place(next, distance, i)
      single[i] = value
      for j in v..<w {
        shift(j, distance)
        hessian[j * w + i] += value
        shift(j, 0)
      }
    }
    simulation.physics.positions.update(from: next, count: simulation.model.positionSize)
  }

  /// Gradient and Hessian of the mark at `state`.
  private func expandMark(_ state: UnsafePointer<Double>) {
    let (v, h) = (velocities, Self.step)
    simulation.reset()
    simulation.writePhysics(state)
    mj_kinematics(simulation.model.pointer, simulation.data)
    let middle = task.mark(simulation.physics)
    for i in 0..<v {
      up[i] = markValue(at: state, h, i)
      down[i] = markValue(at: state, -h, i)
      markGradient[i] = (up[i] - down[i]) / (2 * h)
      markHessian[i * v + i] = (up[i] - 2 * middle + down[i]) / (h * h)
      for j in 0..<i {
        let pairs = markValue(at: state, h, i, j) + markValue(at: state, -h, i, j)
        let second = (pairs - up[i] - down[i] - up[j] - down[j] + 2 * middle) / (2 * h * h)
        markHessian[i * v + j] = second
        markHessian[j * v + i] = second
      }
    }
  }

  private func markValue(at state: UnsafePointer<Double>, _ distance: Double, _ i: Int, _ j: Int? = nil) -> Double {
    place(state, distance, i, j)
    return task.mark(simulation.physics)
  }

  /// A step that diverges has no expansion.
  private func spoil() {
    center = .nan
    for index in gradient.indices { gradient[index] = .nan }
    for index in hessian.indices { hessian[index] = .nan }
  }

  // MARK: - Chain rule

  /// The variables' derivatives J = [A B; 0 I; ∂b/∂x 0] with respect to (δx, δu), and H J.
  private func link(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>) {
    let (w, k, m) = (variables, tangents, actions)
    let width = k + m
    for index in chain.indices { chain[index] = 0 }
    for row in 0..<k {
      for column in 0..<k { chain[row * width + column] = a[row * k + column] }
      for column in 0..<m { chain[row * width + k + column] = b[row * m + column] }
    }
    for row in 0..<m { chain[(k + row) * width + k + row] = 1 }
    for column in 0..<velocities { chain[(w - 1) * width + column] = markGradient[column] }
    for row in 0..<w {
      for column in 0..<width { product[row * width + column] = 0 }
      for inner in 0..<w {
        let factor = hessian[row * w + inner]
        guard factor != 0 else { continue }
        for column in 0..<width { product[row * width + column] += factor * chain[inner * width + column] }
      }
    }
  }

  /// Writes the value, Jᵀ ∇c and Jᵀ H J, with ∂c/∂b times the mark's Hessian added.
  private func write(to target: QuadraticCosts.Pointers, row: Int) {
    let (w, k, m) = (variables, tangents, actions)
    let width = k + m
    target.values[row] = center
    for column in 0..<width {
      var slope = 0.0
      for inner in 0..<w { slope += chain[inner * width + column] * gradient[inner] }
      if column < k {
        target.stateGradients[row * k + column] = slope
      } else {
        target.actionGradients[row * m + column - k] = slope
      }
    }
    for i in 0..<width {
      for j in 0...i {
        var second = 0.0
        for inner in 0..<w { second += chain[inner * width + i] * product[inner * width + j] }
        if i < velocities, j < velocities { second += gradient[w - 1] * markHessian[i * velocities + j] }
        if i < k {
          target.stateHessians[(row * k + i) * k + j] = second
          target.stateHessians[(row * k + j) * k + i] = second
        } else if j < k {
          target.crossHessians[(row * m + i - k) * k + j] = second
        } else {
          target.actionHessians[(row * m + i - k) * m + j - k] = second
          target.actionHessians[(row * m + j - k) * m + i - k] = second
        }
      }
    }
  }
}

#endif
