import Configuration
import Foundation
import Interfaces
import Kernels
import Laboratory
import Learners

extension AgentEntry {
  /// QT-Opt: Q-learning that maximizes by the cross-entropy method, its processes apart.
  public static let qtOpt = AgentEntry(
    "qt-opt", summary: "QT-Opt: Q maximized by CEM; collectors, Bellman updaters and training workers apart",
    secondsPerStep: 0.012,
    tiny: TinyRun(
      in: "Pendulum-v1",
      [
        "learner.hidden=[16,16]", "learner.search.samples=8", "learner.search.elites=3", "learner.lag=7",
        "agent.random_steps=20", "agent.batch_size=16", "agent.label_batch=16", "agent.labels_per_step=24",
        "agent.updates_per_label=0.05", "agent.train_capacity=50", "agent.online_capacity=30",
        "agent.log_capacity=40", "agent.updater_interval=3", "agent.collector_interval=5",
      ]),
    defaults: QTOptAgentSettings(),
    resolve: { settings, environment throws(ConfigurationError) in
      try refuse("qt-opt", MaximizedQLearning.objection(to: environment.spec.action), in: environment)
      if let folder = settings.agent.logFolder {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
          throw ConfigurationError(
            kind: .relation, key: "agent.log_folder", value: folder, problem: "must be a folder that exists")
        }
      }
    },
    make: { settings, environment, random throws(ConfigurationError) in
      QTOptAgent(
        settings.agent,
        learner: MaximizedQLearning(settings.learner, for: environment.spec, using: random.child("learner")),
        spec: environment.spec, using: random.child("agent"))
    })
}
