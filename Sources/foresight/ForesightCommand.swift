import Archive
import ArgumentParser
import Kernels
import Laboratory

/// The command line: one subcommand a file.
@main
struct ForesightCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "foresight",
    abstract: "Model-based reinforcement learning, with every real sample counted.",
    discussion: """
      Example:
        foresight train random Pendulum-v1 --steps 2000 --out runs

      Exit status: 0 success; 1 a run failed (a number that is not finite, an environment's error); 64 a mistake in the \
      command line or in a settings file; 65 a damaged file; 69 a \
      program built for another processor; 73 an output folder that is taken; 74 a file that cannot be \
      read or written; 129, 130, 143 saved and left at SIGHUP, SIGINT, SIGTERM.
      """,
    version: Foresight.version,
    subcommands: [
      TrainCommand.self, StudyCommand.self, TuneCommand.self, EvaluateCommand.self, CollectCommand.self,
      DatasetCommand.self, RecordCommand.self, DiffCommand.self, ListCommand.self, DescribeCommand.self,
      DiagnoseCommand.self, PlotCommand.self, ReportCommand.self, WatchCommand.self, ExportCommand.self,
      ServeCommand.self, BenchCommand.self, DoctorCommand.self, GradientVarianceCommand.self, CompletionsCommand.self,
    ])

  static func main() {
    StandardStreams.prepare()
    // until a run starts, what there is no memory for is a mistake in its settings
    Memory.configure(exitStatus: FailureStatus.usage, most: MemoryLimit.most().map { Int($0) })
    main(nil)
  }
}
