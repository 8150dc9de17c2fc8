import ArgumentParser

/// `foresight dataset`: files of transitions to learn from offline.
struct DatasetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dataset",
    abstract: "Make, describe and convert files of transitions, to learn from offline.",
    discussion: """
      Files are NumPy's NPZ: observations [N, D], actions [N, A], rewards [N], next_observations [N, D], terminated [N], \
      truncated [N] and environment, the bytes of its name. 'foresight train AGENT ENVIRONMENT --dataset FILE' learns from one.
      """,
    subcommands: [DatasetMakeCommand.self, DatasetInfoCommand.self, DatasetConvertCommand.self])
}
