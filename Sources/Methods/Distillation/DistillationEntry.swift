import Configuration
import Interfaces
import Kernels
import Laboratory
import Learners

extension AgentEntry {
  /// Distillation of SAC policies.
  public static let distill = AgentEntry(
    "distill", summary: "distills an ensemble, or one policy a task, of soft actor-critic into one network",
    secondsPerStep: 0.008,
    tiny: TinyRun(
      in: "point-mass-goals",
      TinyRun.teaching + [
        "distillation.teaching_steps=60", "distillation.lesson_size=16", "distillation.teachers=tasks",
        "loss.feature_weight=0.1",
      ])
  ) { (settings: DistillationAgentSettings<SoftActorCritic>, environment, random) throws(ConfigurationError) in
    let (low, high) = try continuous(environment, for: "distill").action.bounds
    return try distillation(
      "distill", settings, GaussianStudent(low: low, high: high, settings.loss.kind), environment, random)
  }

  /// Distillation of deep Q-networks.
  public static let distillDeepQ = AgentEntry(
    "distill-dqn", summary: "distills an ensemble, or one network a task, of deep Q-networks into one policy",
    secondsPerStep: 0.002,
    tiny: TinyRun(
      in: "cartpole-poles",
      TinyRun.teaching + [
        "distillation.teaching_steps=70", "distillation.lesson_size=16", "distillation.members=2",
      ])
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
    try Learner.check(settings.learner, for: environment.spec)
    try settings.agent.refuseDataset(name)
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
}
