#if MuJoCo

import Archive
import Interfaces
import Kernels

/// A task in a simulated world.
///
/// Copies are independent and share the model. Actions outside the bounds are clipped, before rewards too (Gymnasium
/// clips the controls but charges for what was asked); actions that are not a number are refused. A simulation that
/// becomes unstable, which MuJoCo itself would silently start anew, ends the episode with an error. `step` does not
/// allocate and costs `frameSkip` times MuJoCo's own step.
public struct MuJoCoEnvironment<Task: MuJoCoTask>: Environment {
  /// Shapes, bounds and step limit.
  public let spec: EnvironmentSpec
  /// The task.
  public let task: Task
  /// The version of the library that steps it.
  public var provenance: [(name: String, value: String)] { [(name: "mujoco", value: MuJoCoLibrary.version)] }
  /// The name users type, such as `Hopper-v5`.
  public let name: String
  /// Integration steps for each action.
  public let frameSkip: Int
  let low: [Float]
  let high: [Float]
  private var simulation: Simulation
  private var mark = 0.0
  private var elapsedSteps = 0
  private var startedEpisodes = 0
  /// Whether `step` may be called: after a reset and before the ending.
  package private(set) var isRunning = false
  /// The last reward before rounding to single precision.
  package private(set) var exactReward = 0.0

  /// An environment that has not been reset yet. `settings` default to the edition's own.
  ///
  /// - Throws: `MuJoCoError` when the model cannot be loaded or does not fit the task.
  public init(_ edition: Edition, _ settings: Task.Settings? = nil) throws(MuJoCoError) {
    let settings = settings ?? Task.defaults(edition)
    guard let name = Task.editions.first(where: { $0.edition == edition })?.name else {
      preconditionFailure("\(Task.self) has no edition \(edition)")
    }
    let model = try MuJoCoModel.load(
      settings.xmlFile ?? Task.modelFile(edition), ownNumbers: Task.ownNumberCount)
    (low, high) = try model.controlBounds()
    task = try Task(settings, edition: edition, model: model)
    simulation = try Simulation(model, observationSize: task.observationSize)
    self.name = name
    frameSkip = settings.frameSkip
    spec = EnvironmentSpec(
      observationSize: task.observationSize, action: .box(low: low, high: high),
      timeStep: Float(model.timeStep * Double(settings.frameSkip)), stepLimit: settings.stepLimit,
      rewardRange: task.rewardRange)
  }

  /// The model that is simulated.
  public var model: MuJoCoModel { simulation.model }

  /// What is known of reward and termination as functions of observations and actions; nil if nothing.
  public var objective: (any Objective)? { task.objective(low: low, high: high) }

  /// Starts an episode at the model's pose with the task's noise.
  public mutating func reset(using random: inout RandomStream, observation: inout [Float]) {
    own()
    simulation.reset()
    task.perturb(simulation.physics, episode: startedEpisodes, using: &random)
    startedEpisodes += 1
    begin(&observation)
  }

  /// Starts an episode at given positions [nq], velocities [nv] and numbers of the episode's own.
  package mutating func start(
    positions: [Double], velocities: [Double], ownNumbers: [Double] = [], observation: inout [Float]
  ) {
    precondition(
      positions.count == model.positionSize && velocities.count == model.velocitySize
        && ownNumbers.count <= Task.ownNumberCount,
      "\(name) has \(model.positionSize) positions and \(model.velocitySize) velocities")
    own()
    simulation.reset()
    let physics = simulation.physics
    for (index, value) in positions.enumerated() { physics.positions[index] = value }
    for (index, value) in velocities.enumerated() { physics.velocities[index] = value }
    for (index, value) in ownNumbers.enumerated() { physics.ownNumbers[index] = value }
    begin(&observation)
  }

  /// Starts an episode in the state that an observation shows, as far as it does.
  package mutating func start(at shown: [Float], observation: inout [Float]) {
    precondition(shown.count == spec.observationSize, "\(name) observes \(spec.observationSize) floats")
    own()
    simulation.reset()
    shown.withUnsafeBufferPointer { if let base = $0.baseAddress { task.pose(simulation.physics, from: base) } }
    begin(&observation)
  }

  /// Applies `action`; throws `MuJoCoError` for one that is not a number, and when the simulation diverges.
  public mutating func step(_ action: [Float], observation: inout [Float]) throws -> StepOutcome {
    guard isRunning else { throw EnvironmentError.outsideEpisode(environment: name) }
    try take(action)
    simulation.step(
      frames: frameSkip, contactForces: task.readsContactForces, refreshing: Task.refreshesDerived)
    if simulation.hasDiverged {
      isRunning = false
      throw MuJoCoError.diverged(environment: name, found: simulation.divergence ?? "")
    }
    let physics = simulation.physics
    let (before, after) = (mark, task.mark(physics))
    let score = task.score(physics, before: before, after: after, action: simulation.action)
    mark = after
    write(&observation, before: before)
    elapsedSteps += 1
    let ending: Ending = score.terminated ? .terminated : elapsedSteps >= spec.stepLimit ? .truncated : .none
    isRunning = ending == .none
    exactReward = score.reward
    return StepOutcome(reward: Float(score.reward), ending: ending)
  }

  /// Another simulation of the same model.
  func makeSimulation() -> Simulation { Simulation(copying: simulation) }

  /// Copies the simulation if another environment shares it.
  private mutating func own() {
    if !isKnownUniquelyReferenced(&simulation) { simulation = Simulation(copying: simulation) }
  }

  private mutating func begin(_ observation: inout [Float]) {
    simulation.forward()
    mark = task.mark(simulation.physics)
    elapsedSteps = 0
    isRunning = true
    write(&observation, before: mark)
  }

  /// Checks and clips.
  private mutating func take(_ action: [Float]) throws {
    precondition(action.count == low.count, "\(name) takes \(low.count) floats, not \(action.count)")
    for component in action where component.isNaN {
      throw MuJoCoError.actionIsNotANumber(environment: name, action: action)
    }
    own()
    for index in low.indices {
      simulation.action[index] = Double(min(max(action[index], low[index]), high[index]))
    }
  }

  private func write(_ observation: inout [Float], before: Double) {
    let size = simulation.observationSize
    precondition(observation.count == size, "\(name) observes \(size) floats, not \(observation.count)")
    task.observe(simulation.physics, before: before, into: simulation.observation)
    for index in 0..<size { observation[index] = Float(simulation.observation[index]) }
  }
}

extension MuJoCoEnvironment {
  /// Writes what the next steps follow from.
  public func save(to writer: inout StateWriter) {
    var state = [Double](repeating: 0, count: simulation.stateSize)
    state.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { simulation.read(into: base) } }
    writer.write("state", state)
    writer.write("mark", mark)
    writer.write("elapsed_steps", elapsedSteps)
    writer.write("is_running", isRunning)
    writer.write("started_episodes", startedEpisodes)
  }

  /// Reads what `save` wrote, for the same model and settings.
  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    let state = try reader.read("state", as: Double.self, shape: [simulation.stateSize])
    own()
    simulation.reset()
    state.withUnsafeBufferPointer { if let base = $0.baseAddress { simulation.write(base) } }
    mark = try reader.value("mark")
    elapsedSteps = try reader.count("elapsed_steps")
    isRunning = try reader.bool("is_running")
    startedEpisodes = try reader.count("started_episodes")
  }

  /// Present positions [nq] and velocities [nv], to draw or to repeat elsewhere.
  package var pose: (positions: [Double], velocities: [Double]) {
    let physics = simulation.physics
    return (
      Array(UnsafeBufferPointer(start: physics.positions, count: physics.positionSize)),
      Array(UnsafeBufferPointer(start: physics.velocities, count: physics.velocitySize))
    )
  }

  /// Counts episodes anew, so that each evaluation begins with the first start of the tasks that have several.
  public mutating func beginMeasurement(with statistics: StateReader) throws(ArchiveError) { startedEpisodes = 0 }

  public mutating func skipEpisodes(_ episodes: Int) { startedEpisodes += episodes }

  public var measureNames: [String] { task.measureNames }

  public var measures: [Double] { task.measures(simulation.physics) }

  /// The present pose, for MuJoCo's renderer.
  public func picture() -> Picture? { .pose(modelFile: model.file, positions: pose.positions) }

  /// The last observation before rounding to single precision.
  package var exactObservation: [Double] {
    Array(UnsafeBufferPointer(start: simulation.observation, count: simulation.observationSize))
  }
}

#endif
