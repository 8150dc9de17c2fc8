import Configuration
import Interfaces
import Kernels

/// Settings of `CartPoleVariants`.
public struct CartPoleVariantsSettings: VariantSettings {
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 500
  @Setting("Mass of each task's pole, in kg", in: 0.001...100) public var masses: [Double] = [0.1, 0.1, 1, 1]
  @Setting("Length of each task's pole from the hinge to its center of mass, in m", in: 0.01...10)
  public var halfLengths: [Double] = [0.25, 1, 0.25, 1]
  @SettingGroup("Tasks of the family") public var tasks = FamilySettings()

  /// Light and heavy, short and long poles.
  public init() {}

  public var taskCount: Int { masses.count }

  public func validate() throws(ConfigurationError) {
    guard masses.count == halfLengths.count, (1...64).contains(masses.count) else {
      throw ConfigurationError("half_lengths", "must be as many as masses, of which there must be 1 to 64")
    }
    try checkTasks()
  }
}

/// Balance poles of different masses and lengths: `CartPole` with other poles. The pole that an episode has cannot be seen
/// but by its motion where the code is hidden.
public struct CartPoleVariants: TaskVariants {
  public static let name = "cartpole-poles"
  public static let summary = "balance poles of different masses and lengths (family, discrete, 500 steps)"

  private let dynamics: [CartPoleDynamics]
  private let standard = CartPole(CartPoleSettings())

  public init(_ settings: CartPoleVariantsSettings) {
    dynamics = zip(settings.masses, settings.halfLengths).map { CartPoleDynamics(poleMass: $0, halfPoleLength: $1) }
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
    dynamics[task].successor(of: state, under: action)
  }

  public func score(
    _ state: SIMD4<Double>, _ action: UnsafePointer<Float>, next: SIMD4<Double>, task: Int
  ) -> (reward: Float, terminated: Bool) { standard.score(state, action, next: next) }

  public func observe(_ state: SIMD4<Double>, into observation: UnsafeMutablePointer<Float>) {
    standard.observe(state, into: observation)
  }

  public func state(fromObservation observation: UnsafePointer<Float>) -> SIMD4<Double> {
    standard.state(fromObservation: observation)
  }
}
