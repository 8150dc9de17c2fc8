import Archive
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
      The agent is taken from the run's newest checkpoint, or with --at best from that of its best evaluation, and acts \
      without exploration. The run itself is not changed. The interquartile mean is that of the middle half of the returns.

      Example:
        foresight evaluate runs/Pendulum-v1/sac/seed-0 --episodes 100 --at best --csv episodes.csv
      """)

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var folder: String
  @Option(
    help: ArgumentHelp("Which checkpoint: last, best, or that of a step.", valueName: "moment"), transform: savedMoment)
  var at = SavedRun.Moment.last
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
  @Flag(help: "Print one JSON object instead: what was measured, and every episode.")
  var json = false
  @Option(help: ArgumentHelp("Write a table of the episodes.", valueName: "file"))
  var csv: String?
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
        RunFolder(folder), in: Catalog.registry, at: at, changes: changes, copies: min(copies, episodes),
        log: makeLogger())
      let activity = ActivityPrinter()
      let played = try saved.play(
        episodes: episodes, seed: seed,
        progress: { activity.show("playing \(ProgressText.grouped(episodes)) episodes", "\($0) over") })
      activity.finish()
      if let csv { try FileSystem.replace(csv, with: Self.table(of: played, measures: saved.measureNames)) }
      if json {
        print(report(saved, played).json())
      } else {
        show(saved, played)
      }
    }
  }

  private func show(_ saved: SavedRun, _ played: [EvaluatedEpisode]) {
    let summary = ReturnSummary(played.map(\.total))
    print("\(saved.plan.label) in \(saved.plan.environment.name) after \(ProgressText.grouped(saved.steps)) steps,")
    print("\(ProgressText.grouped(episodes)) episodes with seed \(seed):")
    for (name, value) in Self.rows(summary) {
      print("  \(ProgressText.padded(name, 20)) \(ProgressText.fixed(value, digits: 2))")
    }
    for (name, mean) in Self.means(saved, played) {
      print("  \(ProgressText.padded("mean \(name)", 20)) \(ProgressText.fixed(mean, digits: 4))")
    }
  }

  private static func rows(_ summary: ReturnSummary) -> [(String, Double)] {
    [
      ("mean", summary.mean), ("interquartile mean", summary.interquartileMean), ("minimum", summary.minimum),
      ("maximum", summary.maximum),
    ]
  }

  private static func means(_ saved: SavedRun, _ played: [EvaluatedEpisode]) -> [(String, Double)] {
    saved.measureNames.enumerated().map { index, name in
      (name, played.reduce(0) { $0 + $1.measures[index] } / Double(played.count))
    }
  }

  private func report(_ saved: SavedRun, _ played: [EvaluatedEpisode]) -> ConfigurationTree {
    let summary = Self.rows(ReturnSummary(played.map(\.total))).map {
      ($0.0.replacing(" ", with: "_"), ConfigurationTree.number($0.1))
    }
    let rows = played.map { episode in
      ConfigurationTree.mapping(
        [
          ("return", .number(episode.total)), ("length", .integer(episode.length)), ("cut", .bool(episode.isCut)),
          ("predicted_value", episode.predictedValue.map { .number($0) } ?? .null),
          ("discounted_return", episode.discountedReturn.map { .number($0) } ?? .null),
        ] + zip(saved.measureNames, episode.measures).map { ($0, .number($1)) })
    }
    return .mapping([
      ("agent", .string(saved.plan.label)), ("environment", .string(saved.plan.environment.name)),
      ("run_seed", .integer(saved.plan.seed)), ("environment_steps", .integer(saved.steps)), ("seed", .integer(seed)),
      ("returns", .mapping(summary)),
      ("measures", .mapping(Self.means(saved, played).map { ($0.0, .number($0.1)) })), ("episodes", .list(rows)),
    ])
  }

  private static func table(of played: [EvaluatedEpisode], measures: [String]) -> [UInt8] {
    let header = ["episode", "return", "length", "predicted_value", "discounted_return"] + measures
    return CSV.line(header.map { .text($0) })
      + played.enumerated().flatMap { index, episode in
        CSV.line(
          [
            .integer(index), .number(episode.total), .integer(episode.length),
            episode.predictedValue.map { .number($0) } ?? .empty,
            episode.discountedReturn.map { .number($0) } ?? .empty,
          ] + episode.measures.map { .number($0) })
      }
  }
}

/// The moment of a run that an option's text names.
private func savedMoment(_ text: String) throws -> SavedRun.Moment {
  switch text {
  case "last": .last
  case "best": .best
  default: .step(try wholeNumber(text))
  }
}
