import Archive
import Configuration
import Interfaces
import Kernels

/// Settings of `CarOnHill`.
public struct CarOnHillSettings: Configuration {
  /// Where episodes start.
  public enum Starts: String, CaseIterable, SettingValue {
    /// At rest in the valley, at -0.5.
    case valley
    /// Anywhere: position in [-1, 1], velocity in [-3, 3].
    case anywhere
  }

  /// Where episodes start.
  @Setting("Starts: at rest in the valley, or any position and velocity") public var starts: Starts = .anywhere
  /// Steps after which an episode is cut off.
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 100

  /// From anywhere; in the published task batches are collected from the valley.
  public init() {}
}

/// Drive an underpowered car up a hill without leaving the valley on the other side or arriving too fast: the car on
/// the hill of Moore and Atkeson (1995) as Ernst, Geurts and Wehenkel have it, "Tree-based batch mode reinforcement
/// learning" (2005), section 6.1.
///
/// State and observation (position p, velocity s); actions 0 and 1 push by -4 and 4. On the hill
/// H(p) = p^2 + p for p < 0, p / sqrt(1 + 5 p^2) otherwise, with m = 1 and g = 9.81,
///
///     s' = (u / m - g H'(p) - s^2 H'(p) H''(p)) / (1 + H'(p)^2)
///
/// for 0.1 s in 100 steps of Euler. Reward -1 and the end where p < -1 or |s| > 3, 1 and the end where p > 1 otherwise,
/// 0 before. With a discount of 0.95 the value of a start is what the earliest arrival is worth.
public struct CarOnHill: StateSpaceTask {
  /// The name users type.
  public static let name = "car-on-hill"
  /// What the task asks for.
  public static let summary = "drive a weak car up a hill, not too fast (discrete, 100 steps)"

  /// Shapes, bounds and step limit.
  public let spec: EnvironmentSpec
  /// The episode under way.
  public var episode = Episode<SIMD2<Double>>()
  private let starts: CarOnHillSettings.Starts

  /// Reward and termination on observations.
  public var objective: CarOnHillObjective { CarOnHillObjective() }

  /// A task that has not been reset yet.
  public init(_ settings: CarOnHillSettings) {
    starts = settings.starts
    spec = EnvironmentSpec(
      observationSize: 2, action: .discrete(count: 2), timeStep: 0.1, stepLimit: settings.stepLimit,
      rewardRange: -1...1)
  }

  /// Draws a start state.
  public func startState(using random: inout RandomStream) -> SIMD2<Double> {
    switch starts {
    case .valley: SIMD2(-0.5, 0)
    case .anywhere: SIMD2(Double(random.uniform(-1, 1)), Double(random.uniform(-3, 3)))
    }
  }

  /// The state one step after `state`.
  public func successor(of state: SIMD2<Double>, under action: UnsafePointer<Float>) -> SIMD2<Double> {
    let push: Double = choice(action[0], of: 2) < 0.5 ? -4 : 4
    var (position, speed) = (state[0], state[1])
    for _ in 0..<100 {
      let (slope, bend): (Double, Double)
      if position < 0 {
        (slope, bend) = (2 * position + 1, 2)
      } else {
        let root = 1 + 5 * position * position
        slope = 1 / (root * root.squareRoot())
        bend = -15 * position / (root * root * root.squareRoot())
      }
      let acceleration = (push - 9.81 * slope - speed * speed * slope * bend) / (1 + slope * slope)
      (position, speed) = (position + 0.001 * speed, speed + 0.001 * acceleration)
    }
    return SIMD2(position, speed)
  }

  /// Reward and termination of the step from `state` to `next`.
  public func score(
    _ state: SIMD2<Double>, _ action: UnsafePointer<Float>, next: SIMD2<Double>
  ) -> (reward: Float, terminated: Bool) {
    CarOnHillObjective.score(next[0], next[1])
  }

  /// Writes the observation of `state`.
  public func observe(_ state: SIMD2<Double>, into observation: UnsafeMutablePointer<Float>) {
    observation[0] = Float(state[0])
    observation[1] = Float(state[1])
  }

  /// The state that `observation` shows.
  public func state(fromObservation observation: UnsafePointer<Float>) -> SIMD2<Double> {
    SIMD2(Double(observation[0]), Double(observation[1]))
  }
}

/// Reward and termination of `CarOnHill` on observations; what is not finite counts as leaving the valley.
public struct CarOnHillObjective: Objective {
  static func score(_ position: Double, _ speed: Double) -> (reward: Float, terminated: Bool) {
    if !(position >= -1 && abs(speed) <= 3) { return (-1, true) }
    return position > 1 ? (1, true) : (0, false)
  }

  /// Scores `count` transitions, as `Objective` says.
  public func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    for row in 0..<count {
      (rewards[row], terminated[row]) = Self.score(Double(next[2 * row]), Double(next[2 * row + 1]))
    }
  }
}
