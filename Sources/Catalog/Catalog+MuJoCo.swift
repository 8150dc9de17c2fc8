import Configuration
import Interfaces
import Laboratory

#if MuJoCo
import MuJoCoEnvironments

extension Catalog {
  /// The MuJoCo tasks, each in all its editions.
  static let mujocoEnvironments: [EnvironmentEntry] =
    entries(HalfCheetah.self) + entries(HalfCheetahPETS.self) + entries(Hopper.self) + entries(Walker2d.self)
    + entries(Ant.self) + entries(Humanoid.self) + entries(HumanoidStandup.self) + entries(Swimmer.self)
    + entries(Reacher.self) + entries(Pusher.self) + entries(InvertedPendulum.self)
    + entries(InvertedDoublePendulum.self) + entries(ConditionedArm<PegInsertion>.self)
    + entries(ConditionedArm<ReacherConditions>.self) + entries(ConditionedArm<PusherConditions>.self)
    + entries(SuiteCartPole.self) + entries(SuitePendulum.self) + entries(SuiteReacher.self)
    + entries(SuiteCheetah.self) + entries(SuiteWalker.self) + entries(SuiteAcrobot.self) + entries(SuiteHopper.self)

  private static func entries<Task: MuJoCoTask>(_: Task.Type) -> [EnvironmentEntry] {
    Task.editions.map { edition, name in
      EnvironmentEntry(name, summary: Task.summary, defaults: Task.defaults(edition)) {
        (settings: Task.Settings) throws(ConfigurationError) in
        do {
          let environment = try MuJoCoEnvironment<Task>(edition, settings)
          return (environment: environment, objective: environment.objective)
        } catch {
          throw ConfigurationError(
            kind: .relation, key: settings.xmlFile == nil ? nil : "environment.xml_file", value: settings.xmlFile,
            problem: "\(error)")
        }
      }
    }
  }
}
#else
extension Catalog {
  /// None: the package was built without MuJoCo.
  static let mujocoEnvironments: [EnvironmentEntry] = []
}
#endif
