import Configuration
import Interfaces
import Kernels

/// Which of a family's tasks there are, and whether they can be told apart.
public struct FamilySettings: Configuration {
  @Setting("Whether observations end with a one-hot code of the task") public var shown: Bool = true
  @Setting("The only task that episodes are of; auto draws one for each episode", in: 0...63) public var only: Int? =
    nil

  /// All tasks, shown.
  public init() {}
}

/// Settings of a family of tasks.
public protocol VariantSettings: Configuration {
  /// Steps after which an episode is cut off.
  var stepLimit: Int { get }
  /// Which tasks there are, and whether they are shown.
  var tasks: FamilySettings { get }
  /// Number of tasks that the settings describe.
  var taskCount: Int { get }
}

extension VariantSettings {
  /// Refuses a task that there is not.
  func checkTasks() throws(ConfigurationError) {
    if let only = tasks.only, only >= taskCount {
      throw ConfigurationError("tasks.only", "must be less than the number of tasks, \(taskCount), or auto")
    }
  }
}

/// The physics of several tasks that share their states, observations and actions: what `VariedTask` makes a family of.
public protocol TaskVariants: Sendable {
  /// What can be changed about the family.
  associatedtype Settings: VariantSettings

  /// The name users type.
  static var name: String { get }
  /// What the tasks ask for, in one line.
  static var summary: String { get }

  /// The tasks that `settings` describe.
  init(_ settings: Settings)

  /// Number of tasks, K.
  var count: Int { get }
  /// Floats that show a state.
  var observationSize: Int { get }
  /// What the tasks take.
  var action: ActionSpace { get }
  /// Seconds that a step lasts.
  var timeStep: Float { get }
  /// Bounds of the reward of a step of any task.
  var rewardRange: ClosedRange<Float>? { get }

  /// Draws a start state of a task.
  func startState(of task: Int, using random: inout RandomStream) -> SIMD4<Double>

  /// The state one step after `state`; a state that is not finite gives another.
  func successor(of state: SIMD4<Double>, under action: UnsafePointer<Float>, task: Int) -> SIMD4<Double>

  /// Reward and termination of a step. Of states that are not finite the reward is not, or the step terminates.
  func score(
    _ state: SIMD4<Double>, _ action: UnsafePointer<Float>, next: SIMD4<Double>, task: Int
  ) -> (reward: Float, terminated: Bool)

  /// Writes what shows `state`, `observationSize` floats.
  func observe(_ state: SIMD4<Double>, into observation: UnsafeMutablePointer<Float>)

  /// The state that is shown so.
  func state(fromObservation observation: UnsafePointer<Float>) -> SIMD4<Double>
}
