import Configuration
import Environments
import Interfaces
import Laboratory
import Wrappers

extension Catalog {
  /// Families of tasks.
  static let taskFamilies: [EnvironmentEntry] = [
    EnvironmentEntry(family: PointMassGoals.self),
    EnvironmentEntry(family: CartPoleVariants.self),
    EnvironmentEntry(family: SwingUpVariants.self),
    EnvironmentEntry(family: ReacherGoals.self),
  ]
}

extension EnvironmentEntry {
  /// A family of tasks; imagined steps can be scored where observations show their task.
  init<Variants: TaskVariants>(family: Variants.Type) {
    self.init(Variants.name, summary: Variants.summary) { (settings: Variants.Settings) throws(ConfigurationError) in
      let task = VariedTask<Variants>(settings)
      return (environment: task, objective: settings.tasks.shown ? task.objective : nil)
    }
  }
}

/// Settings of `TaskCollection`.
struct TaskCollectionSettings: Configuration {
  @Setting("Settings of each task, a list of mappings such as [{gravity: 5}, {gravity: 10}]")
  var members: [SettingMapping] = []
  @SettingGroup("Tasks of the family") var tasks = FamilySettings()

  init() {}

  func validate() throws(ConfigurationError) {
    guard (1...64).contains(members.count) else {
      throw ConfigurationError(
        "members",
        "must be a list of 1 to 64 mappings, the settings of each task, such as "
          + "--set 'environment.members=[{step_limit: 100}, {step_limit: 100}]'; it has \(members.count)")
    }
    if let only = tasks.only, only >= members.count {
      throw ConfigurationError("tasks.only", "must be less than the number of tasks, \(members.count), or auto")
    }
  }
}

extension EnvironmentFamily {
  /// Several tasks of any one environment that differ in its settings.
  static let collections = EnvironmentFamily(
    prefix: "tasks:", pattern: "tasks:NAME",
    summary: "a family of several tasks of the environment NAME, each with settings of its own (environment.members)",
    needsSettings: true
  ) { name throws(ConfigurationError) in
    // the pattern itself stands for all of them, and can only be described
    let base = name == "tasks:NAME" ? nil : try Catalog.registry.environment(String(name.dropFirst("tasks:".count)))
    return EnvironmentEntry(name, summary: base.map { "a family: \($0.summary)" } ?? "families of tasks") {
      (settings: TaskCollectionSettings) throws(ConfigurationError) in
      guard let base else {
        throw ConfigurationError(
          kind: .outOfRange, problem: "NAME in tasks:NAME is that of an environment, such as tasks:Pendulum-v1")
      }
      var (environments, objectives): ([any Environment], [any Objective]) = ([], [])
      for (index, member) in settings.members.enumerated() {
        do throws(ConfigurationError) {
          if member.tree["wrappers"] != nil {
            throw ConfigurationError("wrappers", "wrap the family as a whole, by environment.wrappers")
          }
          let made = try base.make(member.tree)
          environments.append(made.environment)
          if let objective = made.objective { objectives.append(objective) }
        } catch {
          var error = error
          let key = error.key.map { $0.hasPrefix("environment.") ? String($0.dropFirst("environment.".count)) : $0 }
          error.key = "environment.members[\(index)]" + (key.map { ".\($0)" } ?? "")
          throw error
        }
      }
      do throws(WrapperError) {
        let family = try TaskCollection(environments, shown: settings.tasks.shown, only: settings.tasks.only)
        let isKnown = settings.tasks.shown && objectives.count == environments.count
        return (
          environment: family, objective: isKnown ? TaskCollectionObjective(objectives, spec: family.spec) : nil
        )
      } catch {
        throw ConfigurationError(kind: .relation, key: "environment.members", problem: error.description)
      }
    }
  }
}
