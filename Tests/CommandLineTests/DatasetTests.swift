import Foundation
import TestSupport
import Testing

/// `foresight dataset`, and training from what it made.
@Suite struct DatasetTests {
  private let root: ScratchFolder

  init() throws { root = try ScratchFolder() }

  private func run(_ arguments: [String]) throws -> Program.Result { try Program.run(arguments, in: root.path) }

  private func bytes(_ path: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: root.path + "/" + path))
  }

  /// What agents do untrained, trained, and exploring becomes a file, to learn from without stepping the environment.
  @Test func datasetsAreMadeAndLearnedFrom() throws {
    for name in ["random.npz", "again.npz"] {
      let made = try run([
        "dataset", "make", "random", "Pendulum-v1", "--episodes", "2", "--set", "environment.step_limit=20", "--out",
        name,
      ])
      #expect(made.status == 0 && made.output.contains("transitions    40"), "\(made.errors)")
    }
    #expect(try bytes("random.npz") == bytes("again.npz"))
    let trained = try run([
      "train", "iql", "Pendulum-v1", "--dataset", "random.npz", "--steps", "30", "--set", "learner.hidden=[8]", "--set",
      "evaluation.episodes=1", "--set", "environment.step_limit=20",
    ])
    #expect(trained.status == 0, "\(trained.errors)")
    let run = "runs/Pendulum-v1/iql/seed-0"
    let table = try String(decoding: bytes(run + "/evaluations.csv"), as: UTF8.self)
    #expect(table.hasPrefix("gradient_steps,"))
    for (name, options) in [("best.npz", []), ("exploring.npz", ["--explore"]), ("mixed.npz", ["--epsilon", "0.5"])] {
      let made = try self.run(["dataset", "make", run, "--episodes", "2", "--out", name] + options)
      #expect(made.status == 0 && made.output.contains("environment    Pendulum-v1"), "\(made.errors)")
    }
    #expect(try bytes("best.npz") != bytes("exploring.npz") && bytes("best.npz") != bytes("mixed.npz"))
    let facts = try self.run(["dataset", "info", "best.npz"])
    #expect(facts.output.contains("truncated      2") && facts.output.contains("3 numbers"), "\(facts.output)")
  }

  @Test func mistakesAreNamed() throws {
    for (arguments, words) in [
      (["dataset", "make", "random", "--out", "x.npz"], "name the environment"),
      (["dataset", "make", "random", "Pendulum-v1", "--out", "x.hdf5"], "must end in .npz"),
      (["dataset", "make", ".", "Pendulum-v1", "--out", "x.npz"], "neither a run's manifest.json"),
      (["dataset", "info", "none.npz"], "none.npz"), (["dataset", "convert", "a.npz", "b.csv"], "minari:NAME"),
      (["train", "sac", "Pendulum-v1", "--dataset", "none.npz"], "agent.dataset"),
    ] {
      let result = try run(arguments)
      #expect(result.status != 0 && result.errors.contains(words), "\(result.errors)")
    }
  }
}
