import Archive
import ArgumentParser
import Catalog
import Configuration
import Experience
import Foundation
import Interfaces
import Laboratory

/// `foresight dataset make`.
struct DatasetMakeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "make",
    abstract:
      "Play episodes with a saved run's agent, or with an untrained one, and write their transitions into a file.",
    discussion: """
      The source is a run's folder, whose newest checkpoint acts; or an agent such as 'random', with the environment; or a folder \
      of episodes that 'foresight collect' wrote. The run itself is not changed. Equal arguments give equal bytes.

      Example:
        foresight dataset make runs/Pendulum-v1/sac/seed-0 --episodes 200 --explore --out medium.npz
        foresight dataset make random Pendulum-v1 --episodes 200 --out random.npz
      """)

  @Argument(help: "A run's folder, an agent, or a folder of episode files.")
  var source: String
  @Argument(help: "The environment: of an agent, or of a folder of episode files.")
  var environment: String?
  @Option(help: ArgumentHelp("The file, .npz.", valueName: "file"))
  var out: String
  @Option(parsing: .unconditional, help: "Episodes to play.", transform: wholeNumber)
  var episodes = 100
  @Option(parsing: .unconditional, help: "Seed of the episodes.", transform: wholeNumber)
  var seed = 0
  @Flag(help: "Explore as in training, with a policy's own draws or noise, instead of acting at the best.")
  var explore = false
  @Option(help: "Probability that an action is uniformly random.")
  var epsilon: Float = 0
  @OptionGroup var settings: SettingOptions
  @OptionGroup var threads: ThreadOptions

  mutating func validate() throws {
    try refuseEmpty(source, "source")
    if !out.hasSuffix(".npz") { throw ValidationError("out = \(out): must end in .npz") }
    if !(1...1_000_000).contains(episodes) {
      throw ValidationError("episodes = \(episodes): must be in 1...1000000")
    }
    if seed < 0 { throw ValidationError("seed = \(seed): must be at least 0") }
    if !(0...1).contains(epsilon) { throw ValidationError("epsilon = \(epsilon): must be in 0...1") }
  }

  func run() throws {
    try reportingErrors {
      _ = threads.configure()
      let dataset = isFolderOfEpisodes ? try joined() : try played()
      try dataset.write(to: out)
      DatasetFacts(dataset).show(as: out)
    }
  }

  private var isFolderOfEpisodes: Bool {
    !RunFolder(source).hasManifest && FileManager.default.fileExists(atPath: source)
  }

  private func played() throws -> TransitionDataset {
    var saved: SavedRun
    if RunFolder(source).hasManifest {
      saved = try SavedRun(RunFolder(source), in: Catalog.registry, changes: settings.tree(), log: makeLogger())
    } else {
      guard let environment else { throw DatasetError.noEnvironment(source) }
      let plan = try RunPlan(
        agent: source, environment: environment, seed: seed, steps: 1, settings: settings.tree(), in: Catalog.registry,
        trial: false)
      saved = try SavedRun(untrained: plan, log: makeLogger())
    }
    if explore { try saved.exploreAsInTraining() }
    if epsilon > 0 { saved.explore(epsilon: epsilon) }
    var dataset = TransitionDataset(
      environment: saved.plan.environment.name, observationSize: saved.spec.observationSize,
      actionSize: saved.spec.action.size)
    let activity = ActivityPrinter()
    _ = try saved.play(
      episodes: episodes, seed: seed, observe: { dataset.append($0, $1, $2, next: $3) },
      progress: { activity.show("playing \(ProgressText.grouped(episodes)) episodes", "\($0) over") })
    activity.finish()
    return dataset
  }

  private func joined() throws -> TransitionDataset {
    guard let environment else { throw DatasetError.noEnvironment(source) }
    let spec = try Catalog.registry.environment(environment).make().spec
    var dataset = TransitionDataset(
      environment: environment, observationSize: spec.observationSize, actionSize: spec.action.size)
    let names = try FileManager.default.contentsOfDirectory(atPath: source).filter { $0.hasSuffix(".npz") }.sorted()
    guard !names.isEmpty else { throw DatasetError.noEpisodes(source) }
    for name in names {
      let path = source + "/" + name
      dataset.append(
        try EpisodeFile.decode(
          FileSystem.read(path), observationSize: spec.observationSize, actionSize: spec.action.size, path: path))
    }
    return dataset
  }
}

/// Why there is no dataset.
enum DatasetError: Error, CustomStringConvertible {
  case noEnvironment(String)
  case noEpisodes(String)
  case unknownFormat(String)

  var description: String {
    switch self {
    case .noEnvironment(let source): "\(source) is no run's folder: name the environment after it"
    case .noEpisodes(let folder): "\(folder) has neither a run's manifest.json nor files .npz of episodes"
    case .unknownFormat(let path): "\(path): give .npz, .hdf5 or .h5, or minari:NAME for one of Minari's datasets"
    }
  }
}
