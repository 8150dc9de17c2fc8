#if MuJoCo

import Configuration
import Interfaces
import Kernels

/// Which published definition of a task holds.
public enum Edition: String, Sendable, CaseIterable {
  /// Gymnasium's `-v4`, on which most results of 2016 to 2024 were published (`-v2` and `-v3` agree with it but for
  /// contact forces).
  case v4
  /// Gymnasium's `-v5`.
  case v5
  /// The truncated observations of MBPO's authors.
  case mbpo
  /// Observation and reward of PETS's authors.
  case pets
  /// Our own, from fixed initial conditions.
  case conditioned
  /// DeepMind's control suite, as dm_control 1.0.50 has it.
  case suite
}

/// Settings that every MuJoCo task has.
public protocol MuJoCoSettings: Configuration {
  /// The model: one of Gymnasium's files, or a path; nil for the task's own.
  var xmlFile: String? { get }
  /// Integration steps for each action.
  var frameSkip: Int { get }
  /// Steps after which an episode is cut off.
  var stepLimit: Int { get }
}

/// What makes a task of a simulated model: where episodes start, what is observed, what it is worth and when it is
/// over.
///
/// A conforming structure is small and immutable; `MuJoCoEnvironment` does the rest. Functions here do not allocate.
public protocol MuJoCoTask: Sendable {
  /// What can be changed about the task; the defaults are the published task.
  associatedtype Settings: MuJoCoSettings

  /// What the task asks for, in one line.
  static var summary: String { get }
  /// The definitions that there are, with the names users type.
  static var editions: [(edition: Edition, name: String)] { get }
  /// The model file of an edition.
  static func modelFile(_ edition: Edition) -> String
  /// The defaults of an edition.
  static func defaults(_ edition: Edition) -> Settings

  /// The task on `model`; throws if the model lacks what the task reads.
  init(_ settings: Settings, edition: Edition, model: MuJoCoModel) throws(MuJoCoError)

  /// Doubles per observation.
  var observationSize: Int { get }
  /// Whether `Physics.contactForces` must be computed after each step.
  var readsContactForces: Bool { get }
  /// Whether what follows from positions and velocities is computed anew after each step, so that it belongs to its
  /// end.
  static var refreshesDerived: Bool { get }
  /// Numbers of an episode's own that the simulation keeps with its state, `Physics.ownNumbers`.
  static var ownNumberCount: Int { get }

  /// Adds the noise of a start to `physics`, which has the model's own pose.
  func perturb(_ physics: Physics, using random: inout RandomStream)

  /// The same at the start of the episode of number `episode`, counted from 0, for tasks that have several starts.
  func perturb(_ physics: Physics, episode: Int, using random: inout RandomStream)

  /// What episodes come to besides their returns, as `Environment.measureNames` says.
  var measureNames: [String] { get }

  /// The numbers of `measureNames` now.
  func measures(_ physics: Physics) -> [Double]

  /// A number that observation or reward compare before and after a step, such as a position.
  func mark(_ physics: Physics) -> Double

  /// Writes the observation; `before` is the mark before the step, and after a reset the present one.
  func observe(_ physics: Physics, before: Double, into observation: UnsafeMutablePointer<Double>)

  /// Reward and termination of the step under `action` (within the bounds, [nu]) that ended at `physics` and changed
  /// the mark from `before` to `after`.
  func score(
    _ physics: Physics, before: Double, after: Double, action: UnsafePointer<Double>
  ) -> (reward: Double, terminated: Bool)

  /// Bounds of the reward of a step, where they are known.
  var rewardRange: ClosedRange<Float>? { get }

  /// What is known of reward and termination as functions of observations, and of actions with the bounds `low` and
  /// `high`.
  func objective(low: [Float], high: [Float]) -> (any Objective)?

  /// What the costs that planners descend have beyond minus the reward, at the end of a step: a slope where rewards are
  /// constant as long as all is well. 0 for most.
  func guidance(_ physics: Physics) -> Double

  /// Sets positions and velocities to what `observation` shows. What it does not show is set to 0 and changes neither
  /// observations nor rewards, unless the task says otherwise.
  func pose(_ physics: Physics, from observation: UnsafePointer<Float>)
}

extension MuJoCoTask {
  public static func defaults(_ edition: Edition) -> Settings { Settings() }
  public var readsContactForces: Bool { false }
  public static var refreshesDerived: Bool { false }
  public static var ownNumberCount: Int { 0 }
  public func mark(_ physics: Physics) -> Double { 0 }
  public func perturb(_ physics: Physics, episode: Int, using random: inout RandomStream) {
    perturb(physics, using: &random)
  }
  public var measureNames: [String] { [] }
  public func measures(_ physics: Physics) -> [Double] { [] }
  public var rewardRange: ClosedRange<Float>? { nil }
  public func guidance(_ physics: Physics) -> Double { 0 }
}

extension Physics {
  /// Adds uniform noise in ±`scale` to every position and velocity.
  func addUniformNoise(_ scale: Double, using random: inout RandomStream) {
    for index in 0..<positionSize { positions[index] += random.uniformDouble(-scale, scale) }
    for index in 0..<velocitySize { velocities[index] += random.uniformDouble(-scale, scale) }
  }

  /// Adds uniform noise in ±`scale` to every position, and normal noise of standard deviation `scale` to every
  /// velocity.
  func addMixedNoise(_ scale: Double, using random: inout RandomStream) {
    for index in 0..<positionSize { positions[index] += random.uniformDouble(-scale, scale) }
    for index in 0..<velocitySize { velocities[index] += scale * Double(random.normal()) }
  }
}

extension RandomStream {
  /// Uniform in [low, high), on a grid of 2^24 points.
  mutating func uniformDouble(_ low: Double, _ high: Double) -> Double { low + (high - low) * Double(uniform()) }
}

/// Sum of the squares of `count` numbers.
@inline(__always)
func sumOfSquares(_ values: UnsafePointer<Double>, _ count: Int) -> Double {
  var sum = 0.0
  for index in 0..<count { sum += values[index] * values[index] }
  return sum
}

#endif
