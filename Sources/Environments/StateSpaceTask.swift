import Archive
import Interfaces
import Kernels

/// A task whose dynamics are a pure function of a small state that every observation determines.
///
/// A conforming structure states the physics: where episodes start, which state follows, what it is worth, and how
/// states and observations correspond. It gets from the extension the rest of `Environment` (action checks, step limit,
/// save and restore) and batched stepping, on which `TrueModel` stands.
public protocol StateSpaceTask: NativeTask, ImaginableEnvironment {
  /// The physical state, in the precision the task is integrated in.
  associatedtype State: SIMD & Sendable where State.Scalar: TensorElement

  /// The episode under way.
  var episode: Episode<State> { get set }

  /// Draws a start state.
  func startState(using random: inout RandomStream) -> State

  /// The state one step after `state`. `action` has `spec.action.size` floats; reals are clipped to the bounds, choices
  /// rounded and clipped, NaN gives a state that is not finite or the effect of some allowed choice.
  func successor(of state: State, under action: UnsafePointer<Float>) -> State

  /// Reward and termination of the step from `state` to `next`.
  func score(_ state: State, _ action: UnsafePointer<Float>, next: State) -> (reward: Float, terminated: Bool)

  /// Writes the observation of `state`, `spec.observationSize` floats.
  func observe(_ state: State, into observation: UnsafeMutablePointer<Float>)

  /// The state that `observe` shows as `observation`; angles come back in [-pi, pi].
  func state(fromObservation observation: UnsafePointer<Float>) -> State

  /// Sets `count` states from observations [N, D]. Does not allocate.
  func setStates(_ states: UnsafeMutablePointer<State>, count: Int, fromObservations observations: UnsafePointer<Float>)

  /// Replaces `count` states by their successors under `actions` [N, A] and writes their observations [N, D]. Does not
  /// allocate.
  func advance(
    _ states: UnsafeMutablePointer<State>, count: Int, actions: UnsafePointer<Float>,
    observations: UnsafeMutablePointer<Float>)
}

extension StateSpaceTask {
  public var trueWorld: any LearnedWorld { TrueWorld(KnownRewards(TrueModel(self), objective)) }

  /// Starts an episode at a drawn state.
  public mutating func reset(using random: inout RandomStream, observation: inout [Float]) {
    start(at: startState(using: &random), observation: &observation)
  }

  /// Starts an episode at a given state and writes its observation.
  public mutating func start(at state: State, observation: inout [Float]) {
    episode = Episode(startingAt: state)
    write(&observation)
  }

  /// Applies `action`; throws `EnvironmentError` for an action that means nothing.
  public mutating func step(_ action: [Float], observation: inout [Float]) throws(EnvironmentError) -> StepOutcome {
    guard episode.isRunning else { throw EnvironmentError.outsideEpisode(environment: Self.name) }
    try spec.action.check(action, of: Self.name)
    let before = episode.state
    let (next, score) = action.withUnsafeBufferPointer { buffer in
      guard let action = buffer.baseAddress else { preconditionFailure("empty action") }
      let next = successor(of: before, under: action)
      return (next, self.score(before, action, next: next))
    }
    let ending = episode.advance(to: next, terminated: score.terminated, stepLimit: spec.stepLimit)
    write(&observation)
    return StepOutcome(reward: score.reward, ending: ending)
  }

  /// Writes the episode under way.
  public func save(to writer: inout StateWriter) { writer.write("episode", episode) }

  /// Restores the episode that was under way.
  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try reader.read("episode", into: &episode)
  }

  /// Sets the states one by one.
  public func setStates(
    _ states: UnsafeMutablePointer<State>, count: Int, fromObservations observations: UnsafePointer<Float>
  ) {
    let size = spec.observationSize
    for row in 0..<count { states[row] = state(fromObservation: observations + row * size) }
  }

  /// Advances the states one by one.
  public func advance(
    _ states: UnsafeMutablePointer<State>, count: Int, actions: UnsafePointer<Float>,
    observations: UnsafeMutablePointer<Float>
  ) {
    let (stateSize, actionSize) = (spec.observationSize, spec.action.size)
    for row in 0..<count {
      let next = successor(of: states[row], under: actions + row * actionSize)
      states[row] = next
      observe(next, into: observations + row * stateSize)
    }
  }

  private func write(_ observation: inout [Float]) {
    precondition(
      observation.count == spec.observationSize,
      "\(Self.name) observes \(spec.observationSize) floats, not \(observation.count)")
    observation.withUnsafeMutableBufferPointer { buffer in
      if let target = buffer.baseAddress { observe(episode.state, into: target) }
    }
  }
}
