import Configuration
import GymnasiumEnvironments
import Interfaces
import Laboratory

extension Catalog {
  static let families: [EnvironmentFamily] = [.gymnasium, .collections]
}

extension EnvironmentFamily {
  /// Whatever Gymnasium can make, in a Python process.
  static let gymnasium = EnvironmentFamily(
    prefix: GymnasiumTask.prefix, pattern: "gymnasium:ID",
    summary: "any Gymnasium environment, in a Python process; gymnasium:MODULE:ID imports a module or a .py file first"
  ) { name throws(ConfigurationError) in
    _ = try GymnasiumTask(name)
    return EnvironmentEntry(name, summary: "Gymnasium's \(name.dropFirst(GymnasiumTask.prefix.count))") {
      (settings: GymnasiumSettings) throws(ConfigurationError) in
      let environment = try GymnasiumEnvironment(GymnasiumTask(name, settings))
      let objective: (any Objective)? = environment.objective
      return (environment: environment, objective: objective)
    }
  }
}
