import Foundation
import TestSupport
import Testing

/// `foresight collect`.
@Suite struct CollectTests {
  private let root: ScratchFolder

  init() throws { root = try ScratchFolder() }

  private static let small = [
    "learner.hidden=[8]", "learner.search.samples=4", "learner.search.elites=2", "agent.random_steps=10",
    "agent.labels_per_step=4", "agent.label_batch=4", "agent.batch_size=8", "environment.step_limit=20",
  ]

  private func train(_ settings: [String], seed: Int) throws {
    let options = (Self.small + settings).flatMap { ["--set", $0] }
    let trained = try Program.run(
      ["train", "qt-opt", "Pendulum-v1", "--steps", "60", "--seed", "\(seed)", "--out", "runs"] + options,
      in: root.path)
    #expect(trained.status == 0, "\(trained.errors)")
  }

  /// A learner takes in what collectors of another run's agent wrote; the files are a function of agent and seed.
  @Test func collectedEpisodesReachALearner() throws {
    try train([], seed: 0)
    let run = "runs/Pendulum-v1/qt-opt/seed-0"
    for (folder, seed) in [("episodes", 1), ("again", 1), ("episodes", 2)] {
      let collected = try Program.run(
        ["collect", run, "--out", folder, "--episodes", "3", "--seed", "\(seed)"], in: root.path)
      #expect(collected.status == 0 && collected.output.contains("3 episodes of 60 steps"), "\(collected.errors)")
    }
    let files = try FileManager.default.contentsOfDirectory(atPath: root.path + "/episodes").sorted()
    #expect(files.count == 6 && files.first == "episode-1-00000000.npz")
    func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: root.path + "/" + path)) }
    let first = try bytes("episodes/episode-1-00000000.npz")
    #expect(try first == bytes("again/episode-1-00000000.npz"))
    #expect(try first != bytes("episodes/episode-1-00000001.npz"))

    try train(["agent.log_folder=episodes", "log.interval=20"], seed: 5)
    let table = try String(contentsOfFile: root.path + "/runs/Pendulum-v1/qt-opt/seed-5/training.csv", encoding: .utf8)
    let lines = table.split(whereSeparator: \.isNewline).map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    let column = try #require(lines.first?.firstIndex(of: "log_files"))
    #expect(lines.last?[column].hasPrefix("6") == true, "\(table)")
  }

  @Test func mistakesAreNamed() throws {
    let nothing = try Program.run(["collect", "runs/none", "--out", "episodes"], in: root.path)
    #expect(nothing.status != 0 && nothing.errors.contains("runs/none"), "\(nothing.errors)")
    let folder = try Program.run(
      ["train", "qt-opt", "Pendulum-v1", "--steps", "60", "--set", "agent.log_folder=nowhere"], in: root.path)
    #expect(folder.status == 64 && folder.errors.contains("agent.log_folder"), "\(folder.errors)")
  }
}
