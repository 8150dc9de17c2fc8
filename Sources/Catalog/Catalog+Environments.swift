import Configuration
public import Environments
import Interfaces
public import Laboratory

extension Catalog {
  static let environments: [EnvironmentEntry] =
    nativeEnvironments + taskFamilies + tabularEnvironments + pixelEnvironments + mujocoEnvironments

  /// The tasks written in this package.
  package static let nativeEnvironments: [EnvironmentEntry] = [
    EnvironmentEntry(Pendulum.self),
    EnvironmentEntry(CartPoleSwingUp.self),
    EnvironmentEntry(CartPole.self),
    EnvironmentEntry(MountainCar.self),
    EnvironmentEntry(MountainCarContinuous.self),
    EnvironmentEntry(Acrobot.self),
    EnvironmentEntry(PointMass.self),
    EnvironmentEntry(PointMassGusts.self),
    EnvironmentEntry(PointMassObstacle.self),
    EnvironmentEntry(PlanarArm.self),
    EnvironmentEntry(SwingUpConditions.self),
  ]

  /// Tasks whose observations are images.
  static let pixelEnvironments: [EnvironmentEntry] = [
    EnvironmentEntry(Catch.self),
    EnvironmentEntry(PixelMaze.self),
  ]

  /// Tasks with numbered states.
  static let tabularEnvironments: [EnvironmentEntry] = [
    EnvironmentEntry(DynaMaze.self),
    EnvironmentEntry(BlockingMaze.self),
    EnvironmentEntry(ShortcutMaze.self),
    EnvironmentEntry(Chain.self),
    EnvironmentEntry(FourByThree.self),
    EnvironmentEntry(RandomProcess.self),
  ]
}

extension EnvironmentEntry {
  /// A task written as a `NativeTask`, under its own name.
  public init<Task: NativeTask>(_ type: Task.Type) {
    self.init(Task.name, summary: Task.summary) { (settings: Task.Settings) throws(ConfigurationError) in
      let task = Task(settings)
      return (environment: task, objective: task.objective)
    }
  }
}
