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
    let key = "wrappers.normalize_observations"
    for settings in [saved.plan.resolved.subtree(at: "environment"), environment.settings] {
      guard settings?.subtree(at: key) != nil, try settings?.bool(at: key) == true else { continue }
      throw refuse("cannot be the expert where observations are normalized by running statistics")
    }
    return saved.agent
  }
}
