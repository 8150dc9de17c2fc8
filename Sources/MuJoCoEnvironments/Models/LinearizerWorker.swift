#if MuJoCo

import CMuJoCo

/// One thread's simulation and scratch for steps and linearizations from given states.
final class LinearizerWorker {
  let simulation: Simulation
  private let frameSkip: Int
  private let low: [Double]
  private let high: [Double]
  private let states: Int
  private let tangents: Int
  private let actions: Int
  /// Derivatives of one integration step, [k, k] and [k, m], and room for a product of each.
  private var stepA: [Double]
  private var stepB: [Double]
  private var product: [Double]
  /// A state and its neighbors, [n] each, and a change, [k].
  private var base: [Double]
  private var shifted: [Double]
  private var forward: [Double]
  private var backward: [Double]
  private var change: [Double]

  /// Size of the finite differences.
  private static let epsilon = 1e-6

  init(_ simulation: Simulation, frameSkip: Int, bounds: (low: [Double], high: [Double])) {
    self.simulation = simulation
    self.frameSkip = frameSkip
    (low, high) = bounds
    let model = simulation.model
    states = model.positionSize + model.velocitySize + model.activationSize
    tangents = 2 * model.velocitySize + model.activationSize
    actions = model.controlSize
    stepA = Array(repeating: 0, count: tangents * tangents)
    stepB = Array(repeating: 0, count: tangents * actions)
    product = Array(repeating: 0, count: tangents * max(tangents, actions))
    base = Array(repeating: 0, count: states)
    (shifted, forward, backward) = (base, base, base)
    change = Array(repeating: 0, count: tangents)
  }

  /// Writes the successor [n] of a state [n] under an action [m].
  func step(_ state: UnsafePointer<Double>, _ action: UnsafePointer<Double>, next: UnsafeMutablePointer<Double>) {
    start(state, action)
    simulation.step(frames: frameSkip, contactForces: false)
    simulation.readPhysics(into: next)
    if simulation.hasDiverged { next.update(repeating: .nan, count: states) }
  }

  /// Writes A [k, k] and B [k, m] of the step from a state [n] under an action [m].
  func linearize(
    _ state: UnsafePointer<Double>, _ action: UnsafePointer<Double>, a: UnsafeMutablePointer<Double>,
    b: UnsafeMutablePointer<Double>
  ) {
    start(state, action)
    linearize(a, b)
  }

  /// Sets state and action, the latter within the bounds.
  func start(_ state: UnsafePointer<Double>, _ action: UnsafePointer<Double>) {
    simulation.reset()
    simulation.writePhysics(state)
    for index in 0..<actions { simulation.action[index] = min(max(action[index], low[index]), high[index]) }
  }

  private func linearize(_ a: UnsafeMutablePointer<Double>, _ b: UnsafeMutablePointer<Double>) {
    let (k, m) = (tangents, actions)
    if simulation.model.pointer.pointee.opt.integrator == Int32(mjINT_RK4.rawValue) {
      difference(a, b)
    } else {
      chain(a, b)
    }
    if simulation.hasDiverged {
      a.update(repeating: .nan, count: k * k)
      b.update(repeating: .nan, count: k * m)
    }
  }

  /// A = A_f ... A_1 and B = Σ_i A_f ... A_{i+1} B_i of the integration steps.
  private func chain(_ a: UnsafeMutablePointer<Double>, _ b: UnsafeMutablePointer<Double>) {
    let (k, m) = (tangents, actions)
    let (model, data) = (simulation.model.pointer, simulation.data)
    data.pointee.ctrl.update(from: simulation.action, count: m)
    for frame in 0..<frameSkip {
      if frame == 0 {
        mjd_transitionFD(model, data, Self.epsilon, true, a, b, nil, nil)
      } else {
        mjd_transitionFD(model, data, Self.epsilon, true, &stepA, &stepB, nil, nil)
        multiply(stepA, a, columns: k)  // A = A_f A
        for index in 0..<k * k { a[index] = product[index] }
        multiply(stepA, b, columns: m)  // B = A_f B + B_f
        for index in 0..<k * m { b[index] = product[index] + stepB[index] }
      }
      if frame + 1 < frameSkip { mj_step(model, data) }
    }
  }

  /// Centered differences over all integration steps at once, one-sided for actions at a bound.
  private func difference(_ a: UnsafeMutablePointer<Double>, _ b: UnsafeMutablePointer<Double>) {
    let (k, m, epsilon) = (tangents, actions, Self.epsilon)
    simulation.readPhysics(into: &base)
    for column in 0..<k {
      shift(column, by: epsilon, to: &forward)
      shift(column, by: -epsilon, to: &backward)
      store(to: a + column, stride: k, distance: 2 * epsilon)
    }
    for column in 0..<m {
      let action = simulation.action[column]
      let (up, down) = (min(action + epsilon, high[column]), max(action - epsilon, low[column]))
      simulation.action[column] = up
      advance(base, to: &forward)
      simulation.action[column] = down
      advance(base, to: &backward)
      simulation.action[column] = action
      store(to: b + column, stride: m, distance: up - down)
    }
  }

  /// The successor of `base` with tangent coordinate `column` changed by `step`.
  private func shift(_ column: Int, by step: Double, to result: inout [Double]) {
    let model = simulation.model
    for index in 0..<states { shifted[index] = base[index] }
    if column < model.velocitySize {
      for index in 0..<model.velocitySize { change[index] = 0 }
      change[column] = 1
      mj_integratePos(model.pointer, &shifted, change, step)
    } else {
      shifted[column + states - tangents] += step
    }
    advance(shifted, to: &result)
  }

  private func advance(_ state: [Double], to result: inout [Double]) {
    simulation.reset()
    simulation.writePhysics(state)
    simulation.step(frames: frameSkip, contactForces: false)
    simulation.readPhysics(into: &result)
    if simulation.hasDiverged { for index in result.indices { result[index] = .nan } }
  }

  /// Writes the change from `backward` to `forward`, divided by `distance`, to a column.
  private func store(to column: UnsafeMutablePointer<Double>, stride: Int, distance: Double) {
    simulation.model.difference(from: backward, to: forward, into: &change)
    for row in 0..<tangents { column[row * stride] = change[row] / distance }
  }

  /// product = left [k, k] right [k, columns].
  private func multiply(_ left: [Double], _ right: UnsafePointer<Double>, columns: Int) {
    let k = tangents
    for row in 0..<k {
      for column in 0..<columns { product[row * columns + column] = 0 }
      for inner in 0..<k {
        let factor = left[row * k + inner]
        guard factor != 0 else { continue }
        for column in 0..<columns { product[row * columns + column] += factor * right[inner * columns + column] }
      }
    }
  }
}

#endif
