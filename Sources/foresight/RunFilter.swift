import ArgumentParser
import Foundation
import Laboratory
import Launching

/// Chooses runs of a study.
struct RunFilter: ParsableArguments {
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Only runs of this environment, agent or seed ('sac', 'seed-3'), or with such a name ('Pendulum-v1/sac/*'). May be "
        + "repeated.", valueName: "pattern"))
  var only: [String] = []

  /// Whether a run is meant: always, unless there are patterns.
  func matches(_ entry: StudyFolder.Entry) -> Bool {
    let names: [String] = [entry.environment, entry.agent, "seed-\(entry.seed)", entry.title]
    return only.isEmpty || only.contains { pattern in names.contains { name in fnmatch(pattern, name, 0) == 0 } }
  }

  /// Refuses patterns that no run matches.
  func check(_ entries: [StudyFolder.Entry]) throws {
    guard !entries.contains(where: matches) else { return }
    let agents = Set(entries.map(\.agent)).sorted().joined(separator: ", ")
    throw LaunchError.settings("--only \(only.joined(separator: ", ")): no run of the study; its agents are \(agents)")
  }
}
