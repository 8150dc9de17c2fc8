import Configuration
import Foundation
import Interfaces
import Kernels

/// Settings of `SwingUpVariants`.
public struct SwingUpVariantsSettings: VariantSettings {
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 200
  @Setting("Length of each task's pole, in m", in: 0.05...2) public var lengths: [Double] = [0.4, 0.6, 0.9, 0.6]
  @Setting("Density of each task's pole, in kg/m³", in: 10...10_000) public var densities: [Double] = [
    1000, 1000, 1000, 3000,
  ]
  @Setting("Cost of a squared unit of action", in: 0...1) public var actionCost: Float = 0.01
  @SettingGroup("Tasks of the family") public var tasks = FamilySettings()

  /// Short, usual, long and heavy poles.
  public init() {}

  public var taskCount: Int { lengths.count }

  public func validate() throws(ConfigurationError) {
    guard lengths.count == densities.count, (1...64).contains(lengths.count) else {
      throw ConfigurationError("densities", "must be as many as lengths, of which there must be 1 to 64")
    }
    try checkTasks()
  }
}

/// Swing up poles of different lengths and masses: `CartPoleSwingUp` with other poles, the reward that of each pole's
/// own length l, exp(-|p - (0, l)|² / l²) - action cost.
public struct SwingUpVariants: TaskVariants {
  public static let name = "swingup-poles"
  public static let summary = "swing up poles of different lengths and masses (family, continuous, 200 steps)"

  private let lengths: [Double]
  private let dynamics: [CartPoleSwingUpDynamics]
  private let standard: CartPoleSwingUp
  private let actionCost: Float

  public init(_ settings: SwingUpVariantsSettings) {
    lengths = settings.lengths
    dynamics = zip(settings.lengths, settings.densities).map {
      CartPoleSwingUpDynamics(damping: 1, poleLength: $0, poleDensity: $1)
    }
    actionCost = settings.actionCost
    var single = CartPoleSwingUpSettings()
    single.actionCost = settings.actionCost
    standard = CartPoleSwingUp(single)
  }

  public var count: Int { dynamics.count }
  public var observationSize: Int { standard.spec.observationSize }
  public var action: ActionSpace { standard.spec.action }
  public var timeStep: Float { standard.spec.timeStep }
  public var rewardRange: ClosedRange<Float>? { standard.spec.rewardRange }

  public func startState(of task: Int, using random: inout RandomStream) -> SIMD4<Double> {
    standard.startState(using: &random)
  }

  public func successor(of state: SIMD4<Double>, under action: UnsafePointer<Float>, task: Int) -> SIMD4<Double> {
    dynamics[task].successor(of: state, force: CartPoleSwingUp.force(action[0]))
  }

  public func score(
    _ state: SIMD4<Double>, _ action: UnsafePointer<Float>, next: SIMD4<Double>, task: Int
  ) -> (reward: Float, terminated: Bool) {
    let acted = clip(action[0], -CartPoleSwingUp.maximalAction, CartPoleSwingUp.maximalAction)
    let closeness = CartPoleSwingUp.closeness(
      position: next[0], sine: sin(next[2]), cosine: cos(next[2]), poleLength: lengths[task])
    return (Float(closeness) - actionCost * acted * acted, false)
  }

  public func observe(_ state: SIMD4<Double>, into observation: UnsafeMutablePointer<Float>) {
    standard.observe(state, into: observation)
  }

  public func state(fromObservation observation: UnsafePointer<Float>) -> SIMD4<Double> {
    standard.state(fromObservation: observation)
  }
}
