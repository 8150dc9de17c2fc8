import Interfaces
import Kernels
import Laboratory
import Learners

extension AgentEntry {
  /// Soft actor-critics, each for a part of the episodes, drawn to a shared policy.
  static func sharedPolicy(
    _ shared: SharedPolicySettings, _ schedule: OffPolicySettings, _ student: StudentSettings,
    _ learner: SoftActorCriticSettings, parts: Int, regularization: KLRegularization, rule: PartitionRule,
    seenSize: Int,
    evaluated: SharedPolicyActor, _ spec: EnvironmentSpec, _ random: RandomStream
  ) -> any Agent {
    let (low, high) = spec.action.bounds
    return SharedPolicyAgent(
      shared, schedule, regularization: regularization,
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
