import Interfaces
import Kernels

/// The point mass under random forces as a model.
struct GustsModel: DynamicsModel {
  private let gusts: PointMassGusts
  private let mass: PointMass

  init(_ gusts: PointMassGusts, _ mass: PointMass) {
    self.gusts = gusts
    self.mass = mass
  }

  var stateSize: Int { mass.spec.observationSize }
  var actionSize: Int { mass.spec.action.size }
  var preferredRows: Int { 64 }

  func makeRollout(capacity: Int, keeping steps: Int) -> Rollout {
    precondition(steps == 0, "the steps of this model have no gradients")
    return Rollout(gusts, mass, capacity: capacity)
  }

  /// Masses that advance together, each in gusts of its own.
  struct Rollout: ModelRollout {
    private let gusts: PointMassGusts
    private let mass: PointMass
    private var simulated: [SIMD4<Double>]
    private var observations: Matrix
    private var random = RandomStream(seed: 0)
    private(set) var count = 0
    private(set) var steps = 0

    init(_ gusts: PointMassGusts, _ mass: PointMass, capacity: Int) {
      (self.gusts, self.mass) = (gusts, mass)
      simulated = Array(repeating: .zero, count: capacity)
      observations = Matrix(rows: capacity, columns: mass.spec.observationSize)
    }

    var states: UnsafePointer<Float> { observations.pointer }

    mutating func reset(_ starts: RolloutStarts, using random: RandomStream) {
      precondition(starts.count <= simulated.count, "\(starts.count) states in a rollout for \(simulated.count)")
      (count, steps, self.random) = (starts.count, 0, random)
      let size = observations.columns
      observations.mutablePointer.update(from: starts.states, count: count * size)
      for row in 0..<count { simulated[row] = mass.state(fromObservation: starts.states + row * size) }
    }

    mutating func advance(_ actions: UnsafePointer<Float>) {
      let (target, size, width) = (observations.mutablePointer, observations.columns, mass.spec.action.size)
      for row in 0..<count {
        let moved = mass.successor(of: simulated[row], under: actions + row * width)
        simulated[row] = gusts.displaced(moved, using: &random)
        mass.observe(simulated[row], into: target + row * size)
      }
      steps += 1
    }
  }
}
