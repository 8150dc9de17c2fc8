import Configuration
import Interfaces
import Laboratory
import Learners

extension PolicySettings {
  /// Throws where the policy cannot act in `environment`; `path` leads to these settings.
  func check(in environment: EnvironmentInstance, path: String) throws(ConfigurationError) {
    guard squashed, case .box(let low, let high) = environment.spec.action else { return }
    guard (low + high).allSatisfy(\.isFinite) else {
      throw ConfigurationError(
        kind: .relation, key: "\(path).squashed", value: "true",
        problem: "needs bounds of the actions; those of \(environment.name) are infinite")
    }
  }
}
