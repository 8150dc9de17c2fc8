#if MuJoCo

import CMuJoCo
import Interfaces
import Kernels

/// The integration steps of a recorded course and nothing else: no observations, rewards or checks. The limit that
/// benchmarks measure environments against.
package final class BareStepping {
  private let simulation: Simulation
  private let frameSkip: Int
  private let controls: [Double]
  /// Steps at which an episode starts, with its positions and velocities.
  private var starts: [(step: Int, positions: [Double], velocities: [Double])] = []
  /// Steps in the course.
  package let count: Int

  /// Records the course of `actions` from the stream `random`, as `run(_:actions:random:)` of an environment takes it.
  package init<Task: MuJoCoTask>(
    _ environment: MuJoCoEnvironment<Task>, actions: [[Float]], random: RandomStream
  ) throws {
    var (environment, random) = (environment, random)
    var observation = [Float](repeating: 0, count: environment.spec.observationSize)
    simulation = environment.makeSimulation()
    frameSkip = environment.frameSkip
    count = actions.count
    controls = actions.joined().map { Double($0) }
    var isOver = true
    for (step, action) in actions.enumerated() {
      if isOver {
        environment.reset(using: &random, observation: &observation)
        let (positions, velocities) = environment.pose
        starts.append((step, positions, velocities))
      }
      isOver = try environment.step(action, observation: &observation).ending != .none
    }
  }

  /// Repeats the course.
  package func run() {
    let (model, data) = (simulation.model.pointer, simulation.data)
    let size = simulation.model.controlSize
    var next = 0
    controls.withUnsafeBufferPointer { controls in
      guard let controls = controls.baseAddress else { return }
      for step in 0..<count {
        if next < starts.count, starts[next].step == step {
          mj_resetData(model, data)
          data.pointee.qpos.update(from: starts[next].positions, count: starts[next].positions.count)
          data.pointee.qvel.update(from: starts[next].velocities, count: starts[next].velocities.count)
          mj_forward(model, data)
          next += 1
        }
        data.pointee.ctrl.update(from: controls + step * size, count: size)
        for _ in 0..<frameSkip { mj_step(model, data) }
      }
    }
  }
}

#endif
