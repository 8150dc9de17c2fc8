import ArgumentParser
import Catalog
import Configuration
import Foundation
import Laboratory

/// `foresight evaluate`.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure a saved run's agent in its environment.",
    discussion: """
      The agent is taken from the run's newest checkpoint and acts without exploration. The run itself is not changed. \
      The interquartile mean is that of the middle half of the returns.

      Example:
        foresight evaluate runs/Pendulum-v1/sac/seed-0 --episodes 100
      """)

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var folder: String
  @Option(parsing: .unconditional, help: "Episodes to play.", transform: wholeNumber)
  var episodes = 20
  @Option(parsing: .unconditional, help: "Seed of the episodes.", transform: wholeNumber)
  var seed = 0
  @Option(
    parsing: .unconditional, help: "Episodes to play at the same time; has no influence on results.",
    transform: wholeNumber)
  var copies = 1
  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "A setting of the environment to measure in, such as environment.starts_anywhere=true. May be repeated.",
      valueName: "key=value"))
  var assignments: [String] = []
  @OptionGroup var threads: ThreadOptions

  mutating func validate() throws {
    if !(1...1_000_000).contains(episodes) {
      throw ValidationError("episodes = \(episodes): must be in 1...1000000")
    }
    if !(1...10_000).contains(copies) { throw ValidationError("copies = \(copies): must be in 1...10000") }
    try refuseEmpty(folder, "run")
    if seed < 0 { throw ValidationError("seed = \(seed): must be at least 0") }
  }

  func run() throws {
    try reportingErrors {
      _ = threads.configure()
      let changes = try assignments.reduce(ConfigurationTree()) { $0.merging(try ConfigurationTree(assignment: $1)) }
      var saved = try SavedRun(
        RunFolder(folder), in: Catalog.registry, changes: changes, copies: min(copies, episodes), log: makeLogger())
      let activity = ActivityPrinter()
      let played = try saved.play(
        episodes: episodes, seed: seed,
        progress: { activity.show("playing \(ProgressText.grouped(episodes)) episodes", "\($0) over") })
      activity.finish()
      let summary = ReturnSummary(played.map(\.total))
      print("\(saved.plan.label) in \(saved.plan.environment.name) after \(ProgressText.grouped(saved.steps)) steps,")
      print("\(ProgressText.grouped(episodes)) episodes with seed \(seed):")
      let rows = [
        ("mean", summary.mean), ("interquartile mean", summary.interquartileMean), ("minimum", summary.minimum),
        ("maximum", summary.maximum),
      ]
      for (name, value) in rows { print("  \(ProgressText.padded(name, 20)) \(ProgressText.fixed(value, digits: 2))") }
      for (index, name) in saved.measureNames.enumerated() {
        let mean = played.reduce(0) { $0 + $1.measures[index] } / Double(played.count)
        print("  \(ProgressText.padded("mean \(name)", 20)) \(ProgressText.fixed(mean, digits: 4))")
      }
    }
  }
}
