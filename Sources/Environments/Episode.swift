import Archive
import Interfaces

/// Where an episode stands: everything that changes while a task is stepped.
public struct Episode<State: SIMD & Sendable>: Sendable where State.Scalar: TensorElement {
  /// The current physical state; zeros before the first reset.
  public private(set) var state: State
  /// Steps since the reset.
  public private(set) var elapsedSteps: Int
  /// Whether `step` may be called: after a reset and before the ending.
  public private(set) var isRunning: Bool

  /// Before the first reset.
  public init() {
    state = State()
    elapsedSteps = 0
    isRunning = false
  }

  /// An episode that starts at `state`.
  public init(startingAt state: State) {
    self.state = state
    elapsedSteps = 0
    isRunning = true
  }

  /// Replaces the state after a step, for tasks that disturb it.
  mutating func displace(to next: State) { state = next }

  /// Takes a step to `next` and says whether the episode ends there. Termination goes before truncation.
  mutating func advance(to next: State, terminated: Bool, stepLimit: Int) -> Ending {
    state = next
    elapsedSteps += 1
    let ending: Ending = terminated ? .terminated : elapsedSteps >= stepLimit ? .truncated : .none
    isRunning = ending == .none
    return ending
  }
}

extension Episode: Checkpointable {
  /// Writes state, steps and whether it runs.
  public func save(to writer: inout StateWriter) {
    writer.write("state", state.indices.map { state[$0] })
    writer.write("elapsed_steps", elapsedSteps)
    writer.write("is_running", isRunning)
  }

  /// Reads what `save` wrote.
  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    let scalars = try reader.read("state", as: State.Scalar.self, shape: [State.scalarCount])
    for index in state.indices { state[index] = scalars[index] }
    elapsedSteps = try reader.count("elapsed_steps")
    isRunning = try reader.bool("is_running")
  }
}
