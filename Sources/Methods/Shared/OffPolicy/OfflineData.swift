import Archive
import Configuration
import Experience
import Interfaces
import Laboratory

extension TransitionDataset {
  /// The dataset in the file `path`, checked against `environment`.
  ///
  /// - Throws: `ConfigurationError` naming `key` where it cannot be read, is of another environment or of other sizes, or holds
  ///   numbers that are not finite or actions that there are not.
  init(
    contentsOf path: String, for environment: EnvironmentInstance, key: String = "agent.dataset"
  ) throws(ConfigurationError) {
    func refuse(_ problem: String) -> ConfigurationError {
      ConfigurationError(kind: .relation, key: key, value: path, problem: problem)
    }
    do throws(ArchiveError) {
      try self.init(contentsOf: path)
    } catch {
      throw refuse("cannot be read: \(error)")
    }
    let spec = environment.spec
    guard observationSize == spec.observationSize, actionSize == spec.action.size else {
      throw refuse(
        "has observations of \(observationSize) numbers and actions of \(actionSize); those of \(environment.name) have "
          + "\(spec.observationSize) and \(spec.action.size)")
    }
    guard self.environment.isEmpty || self.environment == environment.name else {
      throw refuse("is of \(self.environment), not of \(environment.name)")
    }
    for (name, numbers) in [
      ("observations", observations), ("actions", actions), ("rewards", rewards),
      ("next_observations", nextObservations),
    ] where !numbers.allSatisfy(\.isFinite) {
      throw refuse("'\(name)' holds a number that is not finite")
    }
    if case .box = spec.action { return }
    let high = spec.action.bounds.high
    for (index, choice) in actions.enumerated() {
      guard choice >= 0, choice <= high[index % high.count], choice == choice.rounded() else {
        throw refuse("holds the action \(choice), which is none of 0...\(Int(high[index % high.count]))")
      }
    }
  }
}

extension OffPolicySettings {
  /// Throws if there is a dataset: agent `name` learns from its own steps.
  func refuseDataset(_ name: String) throws(ConfigurationError) {
    guard let dataset else { return }
    throw ConfigurationError(
      kind: .relation, key: "agent.dataset", value: dataset, problem: "\(name) learns from its own steps alone")
  }

  /// The dataset to learn from alone; nil where the agent learns from its own steps. Throws as reading it does.
  func readDataset(for environment: EnvironmentInstance) throws(ConfigurationError) -> TransitionDataset? {
    guard let dataset else { return nil }
    return try TransitionDataset(contentsOf: dataset, for: environment)
  }
}
