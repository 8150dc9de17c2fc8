public import Configuration
internal import Interfaces
public import Kernels

/// What a run will do, fully decoded and checked: everything its results depend on.
public struct RunPlan: Sendable {
  /// Where the agent acts.
  public let environment: EnvironmentEntry
  /// What learns.
  public let agent: AgentEntry
  /// Name of the agent's folder and of its rows in a study: the agent's own, or a variant's.
  public let label: String
  /// Root of every random stream.
  public private(set) var seed: Int
  /// Environment steps to take in all.
  public let steps: Int
  /// Settings of the loop.
  public let settings: RunSettings
  /// Every setting of loop, agent and environment with its value, as in the manifest.
  public let resolved: ConfigurationTree
  /// What of `resolved` results depend on.
  let influential: ConfigurationTree
  /// What the environment is made of besides this program, by name: the user's module, packages.
  public let provenance: [String: String]
  /// Decisions after which an episode is cut off; nil where none is.
  let stepLimit: Int?

  /// Decodes and checks everything, the agent's fitness for the environment included unless told otherwise.
  ///
  /// - Parameters:
  ///   - agent: name of the agent.
  ///   - environment: name of the environment.
  ///   - label: name of the agent's folder; the agent's name if nil.
  ///   - seed: at least 0.
  ///   - steps: at least 1.
  ///   - tree: settings that differ from the defaults: the loop's and the agent's by their own keys, the environment's
  ///     under `environment.`.
  ///   - trial: whether to make the agent, to find out if it can act in the environment. Whoever opens the run at once
  ///     finds out then.
  /// - Throws: `ConfigurationError` naming the setting at fault.
  public init(
    agent: String, environment: String, label: String? = nil, seed: Int, steps: Int,
    settings tree: ConfigurationTree = ConfigurationTree(), in registry: Registry,
    trial: Bool = true
  ) throws(ConfigurationError) {
    self.agent = try registry.agent(agent)
    self.environment = try registry.environment(environment)
    self.label = label ?? agent
    guard isEntryName(self.label) else {
      throw ConfigurationError(
        kind: .outOfRange, key: "label", value: self.label,
        problem: "must consist of letters, digits, '.', '_' and '-', not starting with '.'")
    }
    guard seed >= 0 else {
      throw ConfigurationError(kind: .outOfRange, key: "seed", value: "\(seed)", problem: "must be at least 0")
    }
    guard steps >= 1 else {
      throw ConfigurationError(kind: .outOfRange, key: "steps", value: "\(steps)", problem: "must be at least 1")
    }
    self.seed = seed
    self.steps = steps
    let asksForEpisodeSteps = tree.subtree(at: "run.episode_steps") != nil
    let tree = try self.agent.runPreset(in: environment).merging(tree)
    let owners = try SettingOwners(tree, agent: self.agent, environment: self.environment)
    var settings = try RunSettings.decode(owners.run)
    let made = try self.environment.make(owners.environment)
    if settings.run.copies > 1, let reason = self.agent.singleCopyReason {
      throw ConfigurationError(
        kind: .relation, key: "run.copies", value: "\(settings.run.copies)", problem: "\(agent) \(reason)")
    }
    if let steps = settings.run.episodeSteps, steps > made.spec.stepLimit {
      guard !asksForEpisodeSteps else {
        throw ConfigurationError(
          kind: .relation, key: "run.episode_steps", value: "\(steps)",
          problem: "must be at most \(made.spec.stepLimit), after which episodes end anyway")
      }
      settings.run.episodeSteps = nil  // a preset's, in a task whose episodes were made shorter
    }
    self.settings = settings
    provenance = Dictionary(made.environment.provenance.map { ($0.name, $0.value) }) { $1 }
    stepLimit = made.spec.stepLimit == EnvironmentSpec.unlimited ? nil : made.spec.stepLimit
    var tried: AgentInstance?
    if trial { tried = try self.agent.make(owners.agent, for: made, using: Self.root(seed).child("agent")) }
    let agentSettings: ConfigurationTree
    if let tried {
      agentSettings = tried.settings
    } else {
      agentSettings = try self.agent.resolve(owners.agent, for: made)
    }
    resolved = settings.resolved().merging(agentSettings)
      .merging(.mapping([(SettingOwners.environmentGroup, made.settings)]))
    influential = resolved.influential
    if let tried { try checkMemory(of: tried.agent) }
  }

  /// The same run with another seed, at least 0.
  func with(seed: Int) -> RunPlan {
    precondition(seed >= 0, "a seed of \(seed)")
    var plan = self
    plan.seed = seed
    return plan
  }

  /// The stream that every other one of the run derives from.
  public var random: RandomStream { Self.root(seed) }

  private static func root(_ seed: Int) -> RandomStream { RandomStream(seed: UInt64(seed)) }

  /// A new environment to train in, whose episodes end after `run.episode_steps`, and a new untrained agent for the task
  /// with room for the copies of training and of evaluations.
  func makeParticipants() throws(ConfigurationError) -> (environment: EnvironmentInstance, agent: any Agent) {
    let owners = try SettingOwners(resolved, agent: agent, environment: environment)
    let made = try environment.make(owners.environment)
    var player = try agent.make(owners.agent, for: made, using: random.child("agent")).agent
    player.prepare(copies: settings.run.copies, for: .collect)
    player.prepare(copies: settings.evaluation.playedAtOnce, for: .evaluate)
    guard let steps = settings.run.episodeSteps else { return (made, player) }
    let limit = try ConfigurationTree(assignment: "wrappers.time_limit=\(steps)")
    return (try environment.make(owners.environment.merging(limit)), player)
  }

  /// A new environment.
  func makeEnvironment() throws(ConfigurationError) -> EnvironmentInstance {
    try environment.make(SettingOwners(resolved, agent: agent, environment: environment).environment)
  }
}
