import Configuration
import Interfaces
import Kernels
import Laboratory
import Learners
import Models

extension AgentEntry {
  /// Guided policy search by multipliers. `registry` is where it finds, for its refusals, the tasks that it can act in.
  public static func guidedByMultipliers(_ registry: @escaping @Sendable () -> Registry) -> AgentEntry {
    AgentEntry(
      "gps-badmm", summary: "guided policy search: local controllers and a network, coupled by Lagrange multipliers",
      secondsPerStep: 0.002,
      tiny: TinyRun(
        in: "point-mass-obstacle",
        TinyRun.local + ["policy.hidden=[8]", "policy.steps=20", "policy.batch_size=8", "guided.observed=[0,1,2]"]),
      singleCopyReason: oneAfterAnother
    ) { (settings: GuidedMultiplierSettings, environment, random) throws(ConfigurationError) in
      try guidedPolicySearch(
        "gps-badmm", settings.agent, settings.guided, .multipliers(settings.coupling), settings.policy, settings.model,
        settings.linearization, environment, registry(), random)
    }
  }

  /// Guided policy search by mirror descent. `registry` is where it finds, for its refusals, the tasks that it can act
  /// in.
  public static func guidedByMirrorDescent(_ registry: @escaping @Sendable () -> Registry) -> AgentEntry {
    AgentEntry(
      "gps-mirror", summary: "guided policy search: local controllers and a network, coupled by mirror descent",
      secondsPerStep: 0.002,
      tiny: TinyRun(
        in: "point-mass-obstacle",
        TinyRun.local + ["policy.hidden=[8]", "policy.steps=20", "policy.batch_size=8", "guided.sampling=global"]),
      singleCopyReason: oneAfterAnother
    ) { (settings: GuidedMirrorSettings, environment, random) throws(ConfigurationError) in
      try guidedPolicySearch(
        "gps-mirror", settings.agent, settings.guided, .mirror, settings.policy, settings.model, settings.linearization,
        environment, registry(), random)
    }
  }

  private static func guidedPolicySearch(
    _ name: String, _ agent: LQRFLMSettings, _ guided: GuidedSearchSettings, _ coupling: PolicyCoupling,
    _ policy: PolicyRegressionSettings, _ model: FittedDynamicsSettings,
    _ linearization: LinearGaussianRegressionSettings,
    _ environment: EnvironmentInstance, _ registry: Registry, _ random: RandomStream
  ) throws(ConfigurationError) -> any Agent {
    let task = try trajectoryOptimizationTask(environment, for: name, in: registry)
    let (n, m) = (task.stateSize, task.actionSize)
    let global = PolicyRegression(
      policy, observationSize: try guided.components(of: task).count, low: task.low, high: task.high,
      using: random.child("policy"))
    func make(_ estimator: some LinearGaussianEstimator) throws(ConfigurationError) -> any Agent {
      try GuidedPolicySearch(
        guided, agent, coupling: coupling, task: task, estimator: estimator, policy: global,
        linearizer: MixtureRegression(linearization, inputSize: n, outputSize: m), using: random.child("agent"))
    }
    return try model.withEstimator(for: task, using: random) { estimator throws(ConfigurationError) in
      try make(estimator)
    }
  }
}
