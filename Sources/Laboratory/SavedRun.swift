public import Configuration
public import Interfaces
internal import Kernels
public import Logging

/// A run's agent as a checkpoint has it, to be measured; the run itself stays as it is.
public struct SavedRun {
  /// Which checkpoint.
  public enum Moment: Sendable, Equatable {
    /// The newest.
    case last
    /// That of the best evaluation.
    case best
    /// That of a step.
    case step(Int)
  }

  /// What the run does.
  public let plan: RunPlan
  /// Environment steps the agent has learned from.
  public var steps: Int { state.interaction.steps }

  private let environmentNames: [String]
  private var state: RunState
  private var evaluator: Evaluator
  private let log: Logger

  /// Loads the agent from a run's folder, to be measured in its environment, or with `changes` in one whose settings
  /// (`environment.*`) differ in that, playing `copies` episodes at a time.
  ///
  /// - Throws: `RunError.nothingSaved` when there is no run or no checkpoint, `RunError.noCheckpoint` when there is
  ///   none of that moment, and `ArchiveError` or `ConfigurationError`
  ///   when they cannot be read.
  public init(
    _ folder: RunFolder, in registry: Registry, at moment: Moment = .last,
    changes: ConfigurationTree = ConfigurationTree(), copies: Int = 1, log: Logger
  ) throws {
    precondition(copies > 0, "\(copies) copies")
    guard folder.hasManifest else { throw RunError.nothingSaved(folder: folder.path) }
    let manifest = try Manifest(contentsOf: folder.manifest)
    plan = try RunPlan(
      agent: manifest.agent, environment: manifest.environment, label: manifest.label, seed: manifest.seed,
      steps: manifest.steps, settings: manifest.settings, in: registry, trial: false)
    let store = CheckpointStore(folder: folder, plan: plan)
    guard let newest = try store.newestState(for: plan, log: log) else {
      throw RunError.nothingSaved(folder: folder.path)
    }
    let wanted: Int? =
      switch moment {
      case .last: newest.interaction.steps
      case .best: newest.best?.step
      case .step(let step): step
      }
    if let wanted, wanted == newest.interaction.steps {
      state = newest
    } else {
      let kept = folder.checkpoints()
      guard let wanted, kept.contains(wanted) else {
        throw RunError.noCheckpoint(folder: folder.path, step: wanted, kept: kept.reversed())
      }
      state = try store.state(at: wanted, for: plan)
    }
    self.log = log
    self.state.interaction.agent.prepare(copies: copies, for: .evaluate)
    let environments = try Self.environment(of: plan, changes: changes, in: registry).makeSeparate(count: copies)
    environmentNames = environments[0].observationNames
    evaluator = Evaluator(environments: environments, maxSteps: plan.settings.evaluation.maxSteps)
    try evaluator.adoptStatistics(of: state.interaction.environment)
  }

  /// An untrained agent, to be measured: what `plan` starts from. Throws `ConfigurationError` if it cannot be made.
  public init(untrained plan: RunPlan, log: Logger) throws(ConfigurationError) {
    self.plan = plan
    self.log = log
    state = try RunState(plan)
    let environment = try plan.makeEnvironment()
    environmentNames = environment.environment.observationNames
    evaluator = Evaluator(
      environments: [environment.environment], maxSteps: plan.settings.evaluation.maxSteps)
  }

  /// The agent as it was saved.
  public var agent: any Agent { state.interaction.agent }

  /// The environment of `plan` with some settings changed, which must show and take as many numbers as it.
  private static func environment(
    of plan: RunPlan, changes: ConfigurationTree, in registry: Registry
  ) throws(ConfigurationError) -> EnvironmentInstance {
    if let other = changes.keys.first(where: { $0 != "environment" }) {
      throw ConfigurationError(
        kind: .unknownKey, key: other, problem: "only settings of the environment can differ in a measurement")
    }
    let changed = try RunPlan(
      agent: plan.agent.name, environment: plan.environment.name, label: plan.label, seed: plan.seed, steps: plan.steps,
      settings: plan.resolved.merging(changes), in: registry, trial: false)
    let environment = try changed.makeEnvironment()
    let own = try plan.makeEnvironment().spec
    guard environment.spec.observationSize == own.observationSize, environment.spec.action == own.action else {
      throw ConfigurationError(
        kind: .relation, key: "environment", problem: "the agent was trained with other observations or actions")
    }
    return environment
  }

  /// What its environment measures besides returns.
  public var measureNames: [String] { state.measureNames }

  /// The environment that it trained in, with all its copies, as the checkpoint has it; stepping it changes nothing
  /// saved.
  public var trainingEnvironment: any VectorEnvironment { state.interaction.environment }

  /// What each float of an observation is; numbers of the components where that is not known.
  public var observationNames: [String] {
    let names = environmentNames
    return names.count == spec.observationSize ? names : (0..<spec.observationSize).map { "observation \($0)" }
  }

  /// Shapes and limits of its environment.
  public var spec: EnvironmentSpec { state.interaction.environment.spec }

  /// Makes it explore: from now on each of its actions is uniformly random with probability `epsilon`.
  public mutating func explore(epsilon: Float) {
    precondition(epsilon >= 0 && epsilon <= 1, "a probability of \(epsilon)")
    state.interaction.agent = RandomizedAgent(
      state.interaction.agent, epsilon: epsilon, space: spec.action, copies: evaluator.count)
  }

  /// Makes it explore as it did in training, with random streams of its own: from now on `play` explores. Throws
  /// `ConfigurationError` where it trained in several copies of the environment, which it explores together.
  public mutating func exploreAsInTraining() throws(ConfigurationError) {
    let copies = plan.settings.run.copies
    guard copies == 1, evaluator.count == 1 else {
      throw ConfigurationError(
        kind: .relation, key: "run.copies", value: "\(copies)", problem: "an agent explores one copy only here")
    }
    state.interaction.agent = ExploringAgent(state.interaction.agent)
  }

  /// Plays `episodes` episodes without exploration, unless it was made to explore, a function of the saved agent and `seed`, showing `watch` the
  /// environment after each reset and step, telling `observe` of each step (observation, action, outcome and next
  /// observation) and, before each step, `progress` of how many episodes are over.
  public mutating func play(
    episodes: Int, seed: Int, watch: ((inout any Environment) throws -> Void)? = nil,
    observe: (([Float], [Float], StepOutcome, [Float]) -> Void)? = nil, progress: (Int) -> Void = { _ in }
  ) throws -> [EvaluatedEpisode] {
    let random = RandomStream(seed: UInt64(seed)).child("measurement")
    let played = try evaluator.episodes(
      episodes, of: &state.interaction.agent, using: random,
      isCancelled: { finished in
        progress(finished)
        return false
      }, watch: watch, observe: observe)
    if let remark = evaluator.remark(on: played ?? []) { log.warning("\(remark)") }
    return played ?? []
  }
}

/// Location and spread of some returns.
public struct ReturnSummary: Sendable, Equatable {
  /// Arithmetic mean.
  public let mean: Double
  /// Mean of what is left when the lowest and the highest quarter, rounded down to whole returns, are cut off.
  public let interquartileMean: Double
  /// Least.
  public let minimum: Double
  /// Greatest.
  public let maximum: Double

  /// Sums up `returns`, at least one.
  public init(_ returns: [Double]) {
    let sorted = returns.sorted()
    guard let least = sorted.first, let greatest = sorted.last else { preconditionFailure("no returns to sum up") }
    let middle = sorted.dropFirst(sorted.count / 4).dropLast(sorted.count / 4)
    mean = sorted.reduce(0, +) / Double(sorted.count)
    interquartileMean = middle.reduce(0, +) / Double(middle.count)
    minimum = least
    maximum = greatest
  }
}
