import Archive
import ControlTasks
import Interfaces
import Kernels

/// A task for local models and trajectory optimizers: the state is observed as it is, steps cost what a `CostSum` says,
/// and episodes start from conditions.
///
/// A conforming structure states the physics over any kind of number, the cost and the starts. It gets from the
/// extension the rest: conditions in turn, rewards, observations, objective, and with `dynamics` what iLQR needs.
/// States have at most eight components, of which the first `cost.stateSize` are in use, and actions at most eight.
public protocol ControlTask: StateSpaceTask, ConditionedEnvironment
where State == SIMD8<Double>, Score == CostObjective {
  /// What states and actions cost.
  var cost: CostSum { get }
  /// Where episodes start.
  var starts: StartRegion { get }
  /// Episodes started so far.
  var startedEpisodes: Int { get set }
  /// Bounds of the actions.
  var actionBounds: (low: [Float], high: [Float]) { get }

  /// The state one step after `state` under `action`, which lies within the bounds. Implementations name the kinds of
  /// numbers that the package uses with `@_specialize`.
  func transition<Vector: StateVector>(from state: Vector, under action: Vector) -> Vector
}

extension ControlTask {
  public var trajectoryCost: any TrajectoryCost { cost }

  public var conditions: [[Float]] { starts.conditions.map { $0.map { Float($0) } } }

  public var objective: CostObjective {
    CostObjective(cost, low: actionBounds.low, high: actionBounds.high)
  }

  /// With exact derivatives.
  public var dynamics: ControlTaskDynamics<Self> { ControlTaskDynamics(self) }

  public var trueWorld: any LearnedWorld {
    TrueWorld(KnownRewards(TrueModel(self), objective), dynamics: SharedDynamics(dynamics))
  }

  /// Starts an episode at the next condition.
  public mutating func reset(using random: inout RandomStream, observation: inout [Float]) {
    let state = startState(using: &random)
    startedEpisodes += 1
    start(at: state, observation: &observation)
  }

  /// A start of the episode that comes next.
  public func startState(using random: inout RandomStream) -> SIMD8<Double> {
    var state = SIMD8<Double>.zero
    starts.draw(episode: startedEpisodes, using: &random) { state[$0] = $1 }
    return state
  }

  /// Counts episodes anew, so that each evaluation begins with the first condition.
  public mutating func beginMeasurement(with statistics: StateReader) throws(ArchiveError) { startedEpisodes = 0 }

  public mutating func skipEpisodes(_ episodes: Int) { startedEpisodes += episodes }

  public func successor(of state: SIMD8<Double>, under action: UnsafePointer<Float>) -> SIMD8<Double> {
    transition(from: state, under: clipped(action))
  }

  public func score(
    _ state: SIMD8<Double>, _ action: UnsafePointer<Float>, next: SIMD8<Double>
  ) -> (reward: Float, terminated: Bool) {
    let (cost, clipped) = (cost, clipped(action))
    let total = withUnsafePointer(to: next) { next in
      withUnsafePointer(to: clipped) { action in
        next.withMemoryRebound(to: Double.self, capacity: 8) { next in
          action.withMemoryRebound(to: Double.self, capacity: 8) { action in
            cost.stateCost(next, step: 0, horizon: 0) + cost.actionCost(action)
          }
        }
      }
    }
    return (Float(-total), false)
  }

  @inline(__always)
  private func clipped(_ action: UnsafePointer<Float>) -> SIMD8<Double> {
    var clipped = SIMD8<Double>.zero
    let (low, high) = actionBounds
    for index in low.indices { clipped[index] = Double(clip(action[index], low[index], high[index])) }
    return clipped
  }

  public func observe(_ state: SIMD8<Double>, into observation: UnsafeMutablePointer<Float>) {
    for index in 0..<cost.stateSize { observation[index] = Float(state[index]) }
  }

  public func state(fromObservation observation: UnsafePointer<Float>) -> SIMD8<Double> {
    var state = SIMD8<Double>.zero
    for index in 0..<cost.stateSize { state[index] = Double(observation[index]) }
    return state
  }

  /// Writes the episode under way, and how many there have been.
  public func save(to writer: inout StateWriter) {
    writer.write("episode", episode)
    writer.write("started_episodes", startedEpisodes)
  }

  /// Restores what `save` wrote.
  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try reader.read("episode", into: &episode)
    startedEpisodes = try reader.count("started_episodes")
  }
}
