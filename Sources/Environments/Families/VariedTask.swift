import Archive
import Interfaces
import Kernels

/// A family of tasks as one environment: every episode is of a task drawn uniformly, and observations end with its
/// one-hot code unless it is hidden.
///
/// A state has the task's number beside its physical state, so that planners may imagine steps of the right task. Where
/// the code is hidden, observations do not determine the state: `state(fromObservation:)` then takes them for task 0's.
public struct VariedTask<Variants: TaskVariants>: StateSpaceTask, TaskFamily {
  public static var name: String { Variants.name }
  public static var summary: String { Variants.summary }

  /// Shapes, bounds and step limit.
  public let spec: EnvironmentSpec
  /// Physical state, task and zeros.
  public var episode = Episode<SIMD8<Double>>()
  let variants: Variants
  private let shown: Bool
  private let only: Int?

  /// A family that has not been reset yet.
  public init(_ settings: Variants.Settings) {
    variants = Variants(settings)
    (shown, only) = (settings.tasks.shown, settings.tasks.only)
    spec = EnvironmentSpec(
      observationSize: variants.observationSize + (shown ? variants.count : 0), action: variants.action,
      timeStep: variants.timeStep, stepLimit: settings.stepLimit, rewardRange: variants.rewardRange)
  }

  public var taskCount: Int { variants.count }
  public var currentTask: Int { Self.task(of: episode.state) }
  public var taskCode: Range<Int>? { shown ? variants.observationSize..<spec.observationSize : nil }
  public var objective: VariedObjective<Variants> { VariedObjective(task: self) }

  private static func task(of state: SIMD8<Double>) -> Int { Int(state[4]) }

  private static func state(_ physical: SIMD4<Double>, task: Int) -> SIMD8<Double> {
    SIMD8(lowHalf: physical, highHalf: SIMD4(Double(task), 0, 0, 0))
  }

  public func startState(using random: inout RandomStream) -> SIMD8<Double> {
    let drawn = random.index(below: variants.count)
    let task = only ?? drawn
    return Self.state(variants.startState(of: task, using: &random), task: task)
  }

  public func successor(of state: SIMD8<Double>, under action: UnsafePointer<Float>) -> SIMD8<Double> {
    let task = Self.task(of: state)
    return Self.state(variants.successor(of: state.lowHalf, under: action, task: task), task: task)
  }

  public func score(
    _ state: SIMD8<Double>, _ action: UnsafePointer<Float>, next: SIMD8<Double>
  ) -> (reward: Float, terminated: Bool) {
    variants.score(state.lowHalf, action, next: next.lowHalf, task: Self.task(of: state))
  }

  public func observe(_ state: SIMD8<Double>, into observation: UnsafeMutablePointer<Float>) {
    variants.observe(state.lowHalf, into: observation)
    if shown {
      OneHot.write(Self.task(of: state), count: variants.count, into: observation + variants.observationSize)
    }
  }

  /// The task is the largest component of the code: predictions of it need not be exact. A code that is not finite
  /// gives a state that is not.
  public func state(fromObservation observation: UnsafePointer<Float>) -> SIMD8<Double> {
    var physical = variants.state(fromObservation: observation)
    guard shown else { return Self.state(physical, task: only ?? 0) }
    let code = observation + variants.observationSize
    var task = 0
    for index in 0..<variants.count {
      if !code[index].isFinite { physical = SIMD4(repeating: .nan) }
      if code[index] > code[task] { task = index }
    }
    return Self.state(physical, task: task)
  }
}

/// Reward and termination of a family's steps on observations that show their task.
public struct VariedObjective<Variants: TaskVariants>: TaskObjective {
  public let task: VariedTask<Variants>
}
