import Configuration
import Interfaces
import Kernels
import Laboratory

extension AgentEntry {
  /// Why agents that improve local controllers run in one copy.
  static let oneAfterAnother =
    "collects trajectories of its initial conditions one after another, each by the newest controllers: it needs 1 copy"

  /// LQR with fitted local models.
  ///
  /// - Parameter registry: where it finds, for its refusals, the tasks that it can act in.
  public static func localModels(_ registry: @escaping @Sendable () -> Registry) -> AgentEntry {
    AgentEntry(
      "lqr-flm", summary: "LQR with fitted local models: bounded updates of local controllers", secondsPerStep: 0.0005,
      tiny: TinyRun(
        in: "point-mass-obstacle", TinyRun.local + ["agent.update.constraint=step", "agent.initial.kind=pd"]),
      singleCopyReason: oneAfterAnother
    ) { (settings: LQRFLMAgentSettings, environment, random) throws(ConfigurationError) in
      let task = try trajectoryOptimizationTask(environment, for: "lqr-flm", in: registry())
      func agent(_ estimator: some LinearGaussianEstimator) throws(ConfigurationError) -> any Agent {
        try LQRFLMAgent(settings.agent, task: task, estimator: estimator, using: random)
      }
      return try settings.model.withEstimator(for: task, using: random) { estimator throws(ConfigurationError) in
        try agent(estimator)
      }
    }
  }
}
