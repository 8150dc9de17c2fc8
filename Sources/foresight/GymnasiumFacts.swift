import GymnasiumEnvironments
import Interfaces
import Kernels

/// Whether Gymnasium environments work here, tried out.
enum GymnasiumFacts {
  /// The environment that is tried.
  static let probe = "gymnasium:CartPole-v1"

  /// What keeps it from working; nil when a step comes back.
  static func failure() -> String? {
    do {
      var environment = try GymnasiumEnvironment(GymnasiumTask(probe))
      var (random, observation) = (
        RandomStream(seed: 0), [Float](repeating: 0, count: environment.spec.observationSize)
      )
      try environment.reset(using: &random, observation: &observation)
      _ = try environment.step([0], observation: &observation)
      return nil
    } catch {
      return "\(error)"
    }
  }
}
