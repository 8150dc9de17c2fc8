import Agents
import Configuration
import Interfaces
import Kernels
import Laboratory
import Learners

/// What can be set of distillation from learners of a kind.
struct DistillationAgentSettings<Learner: OffPolicyLearner>: Configuration {
  init() {}
  @SettingGroup("Schedule and replay of each teacher") var agent = OffPolicySettings()
  @SettingGroup("Teachers and lessons") var distillation = DistillationScheduleSettings()
  @SettingGroup("Student's error") var loss = DistillationSettings()
  @SettingGroup("Student") var student = StudentSettings()
  @SettingGroup("Teachers") var learner = Learner.Settings()

  func validate() throws(ConfigurationError) {
    if loss.featureWeight > 0 && distillation.teachers == .ensemble && distillation.members > 1 {
      throw ConfigurationError(
        "loss.feature_weight", "must be 0 for an ensemble, whose members have features of their own")
    }
  }
}

/// What can be set of divide and conquer.
struct DivideAndConquerSettings: Configuration {
  init() {}
  @SettingGroup("Schedule and replay of each part") var agent = OffPolicySettings()
  @SettingGroup("Parts") var parts = PartSettings()
  @SettingGroup("Distillation into the global policy") var shared = SharedPolicySettings()
  @SettingGroup("Global policy") var student = StudentSettings()
  @SettingGroup("Learners of the parts") var learner = SoftActorCriticSettings()

  func validate() throws(ConfigurationError) {
    if parts.episodes < parts.count {
      throw ConfigurationError("parts.episodes", "must be at least parts.count, \(parts.count)")
    }
  }
}

/// Who is evaluated where several learners share a policy.
enum SharedPolicyActor: String, CaseIterable, SettingValue {
  case shared
  case parts
}

/// How divide and conquer divides.
struct PartSettings: Configuration {
  init() {}
  @Setting("Clusters of start observations, each with a policy of its own", in: 1...64) var count: Int = 4
  @Setting("Episodes whose starts are clustered; until then they are dealt to the parts in turns", in: 1...100_000)
  var episodes: Int = 20
  @Setting("Cost of a nat of divergence of a part's policy from the global one", in: 0...1e4)
  var divergence: Float = 0.1
  @Setting("Who is evaluated: the shared global policy or the parts' own") var evaluated: SharedPolicyActor = .shared
}

/// What can be set of Distral.
struct DistralAgentSettings: Configuration {
  init() {}
  @SettingGroup("Schedule and replay of each task") var agent = OffPolicySettings()
  @SettingGroup("Pull towards the shared policy") var tasks = DistralSettings()
  @SettingGroup("Distillation into the shared policy") var shared = SharedPolicySettings()
  @SettingGroup("Shared policy") var student = StudentSettings()
  @SettingGroup("Learners of the tasks, 1/beta being their entropy temperature") var learner =
    SoftActorCriticSettings()
}

/// Distral's own settings.
struct DistralSettings: Configuration {
  init() {}
  @Setting("Distral's alpha: 0 leaves entropy alone, 1 the divergence from the shared policy alone", in: 0...1)
  var alpha: Float = 0.5
  @Setting("Who is evaluated: the shared policy or the tasks' own") var evaluated: SharedPolicyActor = .parts
}

extension AgentEntry {
  /// Distillation of SAC policies.
  static let distill = AgentEntry(
    "distill", summary: "distills an ensemble, or one policy a task, of soft actor-critic into one network",
    secondsPerStep: 0.008
  ) { (settings: DistillationAgentSettings<SoftActorCritic>, environment, random) throws(ConfigurationError) in
    let (low, high) = try continuous(environment, for: "distill").action.bounds
    return try distillation(
      "distill", settings, GaussianStudent(low: low, high: high, settings.loss.kind), environment, random)
  }

  /// Distillation of deep Q-networks.
  static let distillDeepQ = AgentEntry(
    "distill-dqn", summary: "distills an ensemble, or one network a task, of deep Q-networks into one policy",
    secondsPerStep: 0.002
  ) { (settings: DistillationAgentSettings<DeepQNetwork>, environment, random) throws(ConfigurationError) in
    guard case .discrete(let actions) = environment.spec.action else {
      throw ConfigurationError(
        kind: .relation,
        problem: "distill-dqn needs one choice among discrete actions; \(environment.name) has other actions")
    }
    return try distillation(
      "distill-dqn", settings, CategoricalStudent(actions: actions, settings.loss), environment, random)
  }

  private static func distillation<Learner: OffPolicyLearner>(
    _ name: String, _ settings: DistillationAgentSettings<Learner>, _ head: some StudentHead,
    _ environment: EnvironmentInstance, _ random: RandomStream
  ) throws(ConfigurationError) -> any Agent where Learner: TeachingLearner {
    let isFamily = settings.distillation.teachers == .tasks
    let code = isFamily ? try taskCode(of: environment, for: "\(name) with distillation.teachers=tasks") : nil
    let learners = (0..<(code?.count ?? settings.distillation.members)).map {
      Learner(settings.learner, for: environment.spec, using: random.child("learner").child($0))
    }
    let student = DistilledPolicy(
      settings.student, head: head, observationSize: environment.spec.observationSize, teachers: learners.count,
      featureSize: learners[0].teacher.featureSize, featureWeight: settings.loss.featureWeight,
      using: random.child("student"))
    return DistillationAgent(
      settings.distillation, settings.agent, learners: learners, student: student,
      rule: code.map { .tasks(code: $0) } ?? .turns, spec: environment.spec, using: random.child("agent"))
  }

  /// Divide and conquer.
  static let divideAndConquer = AgentEntry(
    "divide-and-conquer",
    summary: "divide and conquer: soft actor-critics for clusters of starts, drawn to one global policy",
    secondsPerStep: 0.012
  ) { (settings: DivideAndConquerSettings, environment, random) throws(ConfigurationError) in
    let spec = try continuous(environment, for: "divide-and-conquer")
    return sharedPolicy(
      settings.shared, settings.agent, settings.student, settings.learner, parts: settings.parts.count,
      pull: PriorPull(divergence: settings.parts.divergence), rule: .starts(episodes: settings.parts.episodes),
      seenSize: spec.observationSize, evaluated: settings.parts.evaluated, spec, random)
  }

  /// Distral.
  static let distral = AgentEntry(
    "distral", summary: "Distral: a soft actor-critic for each task of a family, drawn to a shared policy",
    secondsPerStep: 0.012
  ) { (settings: DistralAgentSettings, environment, random) throws(ConfigurationError) in
    let spec = try continuous(environment, for: "distral")
    let code = try taskCode(of: environment, for: "distral")
    return sharedPolicy(
      settings.shared, settings.agent, settings.student, settings.learner, parts: code.count,
      pull: PriorPull(share: settings.tasks.alpha), rule: .tasks(code: code), seenSize: code.lowerBound,
      evaluated: settings.tasks.evaluated, spec, random)
  }

  private static func sharedPolicy(
    _ shared: SharedPolicySettings, _ schedule: OffPolicySettings, _ student: StudentSettings,
    _ learner: SoftActorCriticSettings, parts: Int, pull: PriorPull, rule: PartRule, seenSize: Int,
    evaluated: SharedPolicyActor, _ spec: EnvironmentSpec, _ random: RandomStream
  ) -> any Agent {
    let (low, high) = spec.action.bounds
    return SharedPolicyAgent(
      shared, schedule, pull: pull,
      learners: (0..<parts).map {
        SoftActorCritic(
          learner, observationSize: seenSize, low: low, high: high, using: random.child("learner").child($0))
      },
      shared: DistilledPolicy(
        student, head: GaussianStudent(low: low, high: high, .divergence), observationSize: seenSize,
        using: random.child("student")),
      rule: rule, seenSize: seenSize, evaluatesShared: evaluated == .shared, spec: spec, using: random.child("agent"))
  }
}

/// Where observations of a family of tasks show their task.
private func taskCode(
  of environment: EnvironmentInstance, for agent: String
) throws(ConfigurationError) -> Range<Int> {
  guard let code = (environment.environment as? any TaskFamily)?.taskCode else {
    throw ConfigurationError(
      kind: .relation,
      problem: "\(agent) needs a family of tasks whose observations show which task it is, such as point-mass-goals; "
        + "\(environment.name) is none, or its settings or wrappers hide it")
  }
  return code
}
