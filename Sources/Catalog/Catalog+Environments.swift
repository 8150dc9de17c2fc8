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
    EnvironmentEntry(CarOnHill.self),
    EnvironmentEntry(PointMass.self),
    EnvironmentEntry(PointMassGusts.self),
    EnvironmentEntry(PointMassObstacle.self),
    EnvironmentEntry(PlanarArm.self),
    EnvironmentEntry(PointMassReach.self),
    EnvironmentEntry(ReacherReach.self),
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
    EnvironmentEntry(FrozenLake.self),
    EnvironmentEntry(
      FrozenLake.self, named: "FrozenLake8x8-v1", defaults: .large,
      summary: "cross slippery ice past its holes, 8 x 8 cells (tabular, discrete, 200 steps)"),
    EnvironmentEntry(CliffWalking.self),
    EnvironmentEntry(
      CliffWalking.self, named: "CliffWalkingSlippery-v1", defaults: .slippery,
      summary: "walk along a slippery cliff without falling (tabular, discrete)"),
    EnvironmentEntry(Taxi.self),
    EnvironmentEntry(RandomWalk.self),
    EnvironmentEntry(DeepSea.self),
    EnvironmentEntry(MaximizationBias.self),
  ]
}

extension EnvironmentEntry {
  /// A task written as a `NativeTask`, under its own name.
  public init<Task: NativeTask>(_ type: Task.Type) {
    self.init(type, named: Task.name, defaults: Task.Settings(), summary: Task.summary)
  }

  /// The same with other defaults, under the name `name`.
  init<Task: NativeTask>(_: Task.Type, named name: String, defaults: Task.Settings, summary: String) {
    self.init(name, summary: summary, defaults: defaults) { (settings: Task.Settings) throws(ConfigurationError) in
      let task = Task(settings)
      return (environment: task, objective: task.objective)
    }
  }
}
