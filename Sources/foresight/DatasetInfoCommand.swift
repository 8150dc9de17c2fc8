import ArgumentParser
import Experience
import Interfaces
import Laboratory

/// `foresight dataset info`.
struct DatasetInfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "Say what a file of transitions holds.",
    discussion: """
      Example:
        foresight dataset info medium.npz
      """)

  @Argument(help: "The file.")
  var file: String

  func run() throws {
    try reportingErrors { DatasetFacts(try TransitionDataset(contentsOf: file)).show(as: file) }
  }
}

/// What a dataset holds, in words.
struct DatasetFacts {
  let rows: [(name: String, value: String)]

  init(_ dataset: TransitionDataset) {
    let episodes = dataset.episodes
    func range(_ numbers: [Float]) -> String {
      "\(ProgressText.fixed(Double(numbers.min() ?? 0), digits: 3)) to "
        + ProgressText.fixed(Double(numbers.max() ?? 0), digits: 3)
    }
    let returns = ReturnSummary(episodes.isEmpty ? [0] : episodes.map(\.total))
    let lengths = episodes.map(\.length)
    rows = [
      ("environment", dataset.environment.isEmpty ? "not known" : dataset.environment),
      ("transitions", ProgressText.grouped(dataset.count)),
      ("episodes", ProgressText.grouped(episodes.count)),
      ("terminated", ProgressText.grouped(dataset.endings.count { $0 == .terminated })),
      ("truncated", ProgressText.grouped(dataset.endings.count { $0 == .truncated })),
      ("length", "\(lengths.min() ?? 0) to \(lengths.max() ?? 0)"),
      ("mean return", ProgressText.fixed(returns.mean, digits: 2)),
      (
        "return",
        "\(ProgressText.fixed(returns.minimum, digits: 2)) to \(ProgressText.fixed(returns.maximum, digits: 2))"
      ),
      ("observations", "\(dataset.observationSize) numbers, \(range(dataset.observations))"),
      ("actions", "\(dataset.actionSize) numbers, \(range(dataset.actions))"),
      ("rewards", range(dataset.rewards)),
      ("checksum", String(dataset.checksum, radix: 16)),
    ]
  }

  /// Prints them below the file's name.
  func show(as file: String) {
    print("\(file):")
    for row in rows { print("  \(ProgressText.padded(row.name, 14)) \(row.value)") }
  }
}
