import Configuration
import Environments
import Interfaces
import Laboratory

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
