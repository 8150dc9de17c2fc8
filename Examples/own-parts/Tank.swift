import Configuration
import Environments
import Interfaces
import Kernels

/// Settings of `Tank`, as `--set environment.outlet=0.5` would change them.
struct TankSettings: Configuration {
  init() {}
  @Setting("Outflow at a level of 1 m, in m/s of level", in: 0.01...1) var outlet: Float = 0.3
}

/// Hold the level of a leaking tank at a target that each episode draws anew.
///
/// State and observation: (level h, target h*) in m. Action: the inlet valve u in [0, 1]. Torricelli's law empties the
/// tank: h' = h + dt (u - c sqrt(h)), dt = 0.2 s, c the outlet. Reward -(h' - h*)^2; 50 steps.
struct Tank: StateSpaceTask {
  static let name = "tank"
  static let summary = "hold the level of a leaking tank (continuous, 50 steps)"

  let spec = EnvironmentSpec(
    observationSize: 2, action: .box(low: [0], high: [1]), timeStep: 0.2, stepLimit: 50, rewardRange: -4...0)
  let objective = TankObjective()
  var episode = Episode<SIMD2<Float>>()
  private let outlet: Float

  init(_ settings: TankSettings) { outlet = settings.outlet }

  func startState(using random: inout RandomStream) -> SIMD2<Float> {
    SIMD2(random.uniform(0, 2), random.uniform(0.5, 1.5))
  }

  func successor(of state: SIMD2<Float>, under action: UnsafePointer<Float>) -> SIMD2<Float> {
    let valve = min(max(action[0], 0), 1)
    let level = state[0] + spec.timeStep * (valve - outlet * state[0].squareRoot())
    return SIMD2(min(max(level, 0), 2), state[1])
  }

  func score(_ state: SIMD2<Float>, _ action: UnsafePointer<Float>, next: SIMD2<Float>) -> (
    reward: Float, terminated: Bool
  ) {
    (TankObjective.reward(level: next[0], target: next[1]), false)
  }

  func observe(_ state: SIMD2<Float>, into observation: UnsafeMutablePointer<Float>) {
    observation[0] = state[0]
    observation[1] = state[1]
  }

  func state(fromObservation observation: UnsafePointer<Float>) -> SIMD2<Float> {
    SIMD2(observation[0], observation[1])
  }
}

/// The reward of `Tank` as a function of observations, which planners give imagined steps.
struct TankObjective: Objective {
  static func reward(level: Float, target: Float) -> Float { -(level - target) * (level - target) }

  func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    for row in 0..<count {
      rewards[row] = Self.reward(level: next[2 * row], target: next[2 * row + 1])
      terminated[row] = false
    }
  }
}
