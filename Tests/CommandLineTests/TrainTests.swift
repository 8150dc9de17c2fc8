import Foundation
import Laboratory
import Testing
import TestSupport

/// `foresight train` and `foresight evaluate` from end to end.
@Suite struct TrainTests {
  private let root: ScratchFolder
  private static let small = [
    "--set", "learner.hidden=[16,16]", "--set", "agent.batch_size=16", "--set", "agent.random_steps=50", "--set",
    "evaluation.interval=100", "--set", "evaluation.episodes=1",
  ]

  init() throws { root = try ScratchFolder() }

  private func files(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  @Test func aRunLeavesTheFilesOfTheContract() throws {
    let result = try Program.run(["train", "random", "Pendulum-v1", "--steps", "400", "--seed", "2"], in: root.path)
    #expect(result.status == 0, "\(result.errors)")
    let folder = root.path + "/runs/Pendulum-v1/random/seed-2"
    #expect(result.output.contains("runs/Pendulum-v1/random/seed-2"))
    #expect(
      try files(folder) == [
        ".lock", "checkpoint-0.safetensors", "checkpoint-400.safetensors", "episodes.csv", "evaluations.csv",
        "manifest.json", "timing.csv", "training.csv",
      ])
  }

  @Test func theManifestReproducesTheRun() throws {
    let first = try Program.run(
      ["train", "sac", "Pendulum-v1", "--steps", "150", "--seed", "5", "--out", "a"] + Self.small, in: root.path)
    #expect(first.status == 0, "\(first.errors)")
    let manifest = "a/Pendulum-v1/sac/seed-5/manifest.json"
    let second = try Program.run(["train", "--manifest", manifest, "--out", "b"], in: root.path)
    #expect(second.status == 0, "\(second.errors)")
    let (a, b) = (root.path + "/a/Pendulum-v1/sac/seed-5", root.path + "/b/Pendulum-v1/sac/seed-5")
    #expect(reproducibleTables(a) == reproducibleTables(b))
    #expect(try manifestWithoutHost(a) == manifestWithoutHost(b))
  }

  private func manifestWithoutHost(_ folder: String) throws -> Manifest {
    var manifest = try Manifest(contentsOf: folder + "/manifest.json")
    manifest.host = manifest.columns
    return manifest
  }

  @Test(arguments: [
    ("sac", Self.small), ("pets", PlanningSettings.small),
    ("sac", Self.small + ["--set", "run.copies=8", "--set", "evaluation.copies=3"]),
    ("pets", PlanningSettings.small + ["--set", "run.copies=4", "--set", "evaluation.copies=3"]),
  ])
  func threadsHaveNoInfluence(agent: String, settings: [String]) throws {
    for threads in ["1", "2"] {
      let result = try Program.run(
        ["train", agent, "Pendulum-v1", "--steps", "120", "--out", threads, "--threads", threads] + settings,
        in: root.path)
      #expect(result.status == 0, "\(result.errors)")
    }
    let folders = ["1", "2"].map { "\(root.path)/\($0)/Pendulum-v1/\(agent)/seed-0" }
    #expect(reproducibleTables(folders[0]) == reproducibleTables(folders[1]))
    #expect(reproducibleTables(folders[0])["training.csv"]?.count ?? 0 > 100)
  }

  @Test func anotherConfigurationsFolderIsRefusedUnlessForced() throws {
    let command = ["train", "random", "Pendulum-v1", "--steps", "200"]
    #expect(try Program.run(command, in: root.path).status == 0)
    let folder = root.path + "/runs/Pendulum-v1/random/seed-0"
    let before = reproducibleTables(folder)
    let other = command + ["--set", "environment.gravity=3"]
    let refused = try Program.run(other, in: root.path)
    #expect(refused.status == 73)
    #expect(refused.errors.contains("environment.gravity = 10.0, not 3"), "\(refused.errors)")
    #expect(reproducibleTables(folder) == before)
    #expect(try Program.run(other + ["--force"], in: root.path).status == 0)
    #expect(reproducibleTables(folder) != before)
  }

  @Test func aSecondCallHasNothingToDo() throws {
    let command = ["train", "random", "Pendulum-v1", "--steps", "200"]
    #expect(try Program.run(command, in: root.path).status == 0)
    let again = try Program.run(command, in: root.path)
    #expect(again.status == 0 && again.output.contains("nothing to do"), "\(again.output)")
  }

  @Test func aFileThatCannotGrowIsAClearErrorAndDamagesNothing() throws {
    // The shell's file size limit stands for a full disk: 2 blocks of 512 bytes hold the manifest, not the tables.
    let script = """
      ulimit -f 4; exec '\(Program.path)' train random Pendulum-v1 --steps 100000 --set environment.step_limit=10
      """
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-c", script]
    process.currentDirectoryURL = URL(fileURLWithPath: root.path)
    let errors = Pipe()
    process.standardError = errors
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 74)
    #expect(text.contains("cannot write") && text.contains("episodes.csv: File too large"), "\(text)")
    let folder = root.path + "/runs/Pendulum-v1/random/seed-0"
    let episodes = try #require(FileManager.default.contents(atPath: folder + "/episodes.csv"))
    #expect(episodes.suffix(2) == Data("\r\n".utf8))
    // With room again, the same command goes on from the last checkpoint and ends as if nothing had happened.
    let command = [
      "train", "random", "Pendulum-v1", "--steps", "2000", "--set", "environment.step_limit=10", "--out",
    ]
    #expect(try Program.run(command + ["runs"], in: root.path).status == 0)
    #expect(try Program.run(command + ["straight"], in: root.path).status == 0)
    #expect(reproducibleTables(folder) == reproducibleTables(root.path + "/straight/Pendulum-v1/random/seed-0"))
  }

  @Test func evaluateSumsUpASavedRunAndLeavesItAlone() throws {
    #expect(try Program.run(["train", "random", "Pendulum-v1", "--steps", "200"], in: root.path).status == 0)
    let folder = root.path + "/runs/Pendulum-v1/random/seed-0"
    let before = try files(folder).map { FileManager.default.contents(atPath: "\(folder)/\($0)") }
    let results = try ["1", "1", "2"].map {
      try Program.run(["evaluate", folder, "--episodes", "8", "--seed", $0])
    }
    for result in results { #expect(result.status == 0, "\(result.errors)") }
    #expect(results[0].output == results[1].output)
    #expect(results[0].output != results[2].output)
    for name in ["mean", "interquartile mean", "minimum", "maximum"] {
      #expect(results[0].output.contains("  \(name) "))
    }
    #expect(try files(folder).map { FileManager.default.contents(atPath: "\(folder)/\($0)") } == before)
  }

  /// A saved agent in an environment that differs, and what environments measure besides returns.
  @Test func evaluateInAChangedEnvironment() throws {
    #expect(try Program.run(["train", "random", "point-mass-obstacle", "--steps", "60"], in: root.path).status == 0)
    let folder = root.path + "/runs/point-mass-obstacle/random/seed-0"
    let header = try String(contentsOfFile: folder + "/evaluations.csv", encoding: .utf8).prefix { $0 != "\r\n" }
    #expect(
      header == "environment_steps,episode,return,length,predicted_value,discounted_return,final_distance,decisions")
    let arguments = ["evaluate", folder, "--episodes", "5"]
    let usual = try Program.run(arguments)
    let changed = try Program.run(arguments + ["--set", "environment.starts_anywhere=true"])
    #expect(usual.status == 0 && changed.status == 0, "\(usual.errors) \(changed.errors)")
    #expect(usual.output.contains("  mean final_distance ") && usual.output != changed.output)
    for (assignment, word) in [
      ("learner.discount=1", "only settings of the environment"), ("environment.conditons=2", "conditions"),
    ] {
      let refused = try Program.run(arguments + ["--set", assignment])
      #expect(refused.status != 0 && refused.errors.contains(word), "\(refused.errors)")
    }
  }
}

/// Settings that make planning agents small.
enum PlanningSettings {
  static let small = [
    "planner.horizon=4", "planner.population=12", "planner.elites=4", "planner.iterations=2", "agent.particles=5",
    "agent.fit_interval=25", "model.hidden=[16,16]", "model.weight_decay=[1e-4]", "model.epochs=3",
    "environment.step_limit=30", "evaluation.interval=60", "evaluation.episodes=1",
  ].flatMap { ["--set", $0] }
}
