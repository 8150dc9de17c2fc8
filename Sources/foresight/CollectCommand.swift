import Archive
import ArgumentParser
import Catalog
import Configuration
import Experience
import Foundation
import Interfaces
import Laboratory

/// `foresight collect`: a collector in a process of its own.
struct CollectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "collect",
    abstract: "Play episodes with a saved run's agent and write each into a file of a shared folder.",
    discussion: """
      Files are NumPy's NPZ: observations [T + 1, D], actions [T, A], rewards [T], terminated [1] and truncated [1]. A \
      learner takes them in while it runs (qt-opt, agent.log_folder), so that collectors on other machines can share its \
      file system; each needs a seed of its own. The agent is that of the run's newest checkpoint, looked up again every \
      --refresh episodes, and the run itself is not changed.

      Example:
        foresight collect runs/Pendulum-v1/qt-opt/seed-0 --out episodes --episodes 100 --seed 1
      """)

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var folder: String
  @Option(help: "Folder of the episode files.")
  var out: String
  @Option(help: "Episodes to play.")
  var episodes = 10
  @Option(help: "Seed of the episodes, part of their files' names.")
  var seed = 0
  @Option(help: "Probability that an action is uniformly random.")
  var epsilon: Float = 0.2
  @Option(help: "Episodes after which the run's newest checkpoint is looked up again.")
  var refresh = 10
  @OptionGroup var threads: ThreadOptions

  mutating func validate() throws {
    if !(1...100_000_000).contains(episodes) {
      throw ValidationError("episodes = \(episodes): must be in 1...100000000")
    }
    if seed < 0 { throw ValidationError("seed = \(seed): must be at least 0") }
    if !(0...1).contains(epsilon) { throw ValidationError("epsilon = \(epsilon): must be in 0...1") }
    if refresh < 1 { throw ValidationError("refresh = \(refresh): must be at least 1") }
  }

  func run() throws {
    try reportingErrors {
      _ = threads.configure()
      try FileSystem.makeFolder(out)
      var (steps, total) = (0, 0.0)
      for first in stride(from: 0, to: episodes, by: refresh) {
        var saved = try SavedRun(RunFolder(folder), in: Catalog.registry, log: makeLogger())
        saved.explore(epsilon: epsilon)
        for index in first..<min(first + refresh, episodes) {
          let episode = try play(&saved, index)
          try EpisodeFile.write(episode, to: out + "/" + fileName(index))
          steps += episode.length
          total += episode.totalReward
        }
      }
      print(
        "\(episodes) episodes of \(steps) steps in \(out), mean return \(ProgressText.fixed(total / Double(episodes), digits: 2))"
      )
    }
  }

  /// Names sort by seed, then in order of time.
  private func fileName(_ index: Int) -> String {
    "episode-\(seed)-" + String(repeating: "0", count: max(0, 8 - String(index).count)) + "\(index).npz"
  }

  private func play(_ saved: inout SavedRun, _ index: Int) throws -> Trajectories.Episode {
    var trajectories = Trajectories(
      observationSize: saved.spec.observationSize, actionSize: saved.spec.action.size)
    // each episode of a collector has a seed of its own
    _ = try saved.play(
      episodes: 1, seed: seed << 32 | index, observe: { trajectories.append($0, $1, $2, next: $3) })
    guard let episode = trajectories.episodes.last else { throw CollectError.unfinished }
    return episode
  }
}

/// What can go wrong with a collector besides the run and its environment.
enum CollectError: Error, CustomStringConvertible {
  case unfinished

  var description: String { "an episode came without an ending" }
}
