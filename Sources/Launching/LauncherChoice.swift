/// Which launcher a submission went to, with what is needed to ask it again.
public struct LauncherChoice: Codable, Sendable, Equatable {
  /// `slurm`, `local` or `command`.
  public var name: String
  /// Of `command`: the command that submits.
  public var template: String?
  /// Of `command`: the variable with a task's number.
  public var indexVariable: String?
  /// Of `command`: the command that asks.
  public var statusTemplate: String?
  /// Of `command`: the command that ends a job.
  public var cancelTemplate: String?

  /// A launcher without settings.
  public init(name: String) { self.name = name }

  /// The launcher. Throws `LaunchError` for a name that is none.
  public func make() throws(LaunchError) -> any Launcher {
    switch name {
    case "slurm": return SlurmLauncher()
    case "local": return LocalLauncher()
    case "command":
      return try CommandLauncher(
        template: template ?? "", indexVariable: indexVariable, statusTemplate: statusTemplate,
        cancelTemplate: cancelTemplate)
    default: throw .settings("'\(name)' is no launcher: slurm, local or command")
    }
  }
}
