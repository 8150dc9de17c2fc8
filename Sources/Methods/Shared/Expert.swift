import Configuration
import Interfaces
import Kernels
import Laboratory
import Logging

/// Who is imitated.
public struct ExpertSettings: Configuration {
  public init() {}
  @Setting("Folder of a saved run whose agent, without exploration, is the expert; auto for none")
  public var run: String? = nil
  @Setting("Name of an agent that needs no training, such as ilqr, as the expert; auto for none")
  public var agent: String? = nil
}

extension ExpertSettings {
  /// The expert; nil where none is set.
  ///
  /// - Parameter registry: where agents are looked up.
  /// - Throws: `ConfigurationError` where there is no such run or agent, where it acts on other observations or actions
  ///   than those of `environment`, or where both are set.
  func make(
    in environment: EnvironmentInstance, from registry: Registry, using random: RandomStream
  ) throws(ConfigurationError) -> (any Agent)? {
    guard let run else {
      guard let agent else { return nil }
      do throws(ConfigurationError) {
        return try registry.agent(agent).make(for: environment, using: random).agent
      } catch {
        throw ConfigurationError(
          kind: .relation, key: "expert.agent", value: agent, problem: "cannot be the expert: \(error)")
      }
    }
    func refuse(_ problem: String) -> ConfigurationError {
      ConfigurationError(kind: .relation, key: "expert.run", value: run, problem: problem)
    }
    guard agent == nil else { throw refuse("cannot be the expert together with expert.agent") }
    let saved: SavedRun
    do {
      saved = try SavedRun(RunFolder(run), in: registry, log: Logger(label: "foresight"))
    } catch {
      throw refuse("cannot be the expert: \(error)")
    }
    let (own, spec) = (saved.spec, environment.spec)
    guard own.observationSize == spec.observationSize && own.action == spec.action else {
      throw refuse(
        "was trained in \(saved.plan.environment.name), whose observations or actions are not those of "
          + environment.name)
    }
    guard try !isNormalized(environment.settings) else {
      throw refuse("cannot be the expert where the learner's observations are normalized by running statistics")
    }
    guard let settings = saved.plan.resolved.subtree(at: "environment"), try isNormalized(settings) else {
      return saved.agent
    }
    do {
      return try NormalizedExpert(saved, limit: settings.float(at: "wrappers.normalized_limit"))
    } catch {
      throw refuse("cannot be the expert: \(error)")
    }
  }

  /// Whether observations are normalized by the statistics of training, by an environment's settings.
  private func isNormalized(_ settings: ConfigurationTree?) throws(ConfigurationError) -> Bool {
    let key = "wrappers.normalize_observations"
    guard let settings, settings.subtree(at: key) != nil else { return false }
    return try settings.bool(at: key)
  }
}
