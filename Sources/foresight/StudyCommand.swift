import ArgumentParser

/// `foresight study`: many runs.
struct StudyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "study",
    abstract: "Run every agent x environment x seed of a study file, here or on a cluster, or see how far that is.",
    discussion: """
      Example:
        foresight study run Experiments/demo/study.yaml
        foresight study status Experiments/demo/results
      """,
    subcommands: [
      StudyRunCommand.self, StudySubmitCommand.self, StudyStatusCommand.self, StudyCancelCommand.self,
      StudyGatherCommand.self, StudyTaskCommand.self,
    ])
}
