import Foundation
import Laboratory
import Testing
import TestSupport

/// Real processes, killed at random instants and started again.
@Suite struct InterruptionTests {
  private let root: ScratchFolder

  init() throws { root = try ScratchFolder() }

  /// A run of one to three seconds with checkpoints, evaluations and rows close together.
  private static let commands: [String: [String]] = [
    "sac": [
      "train", "sac", "Pendulum-v1", "--steps", "2000", "--threads", "1", "--set", "learner.hidden=[32,32]", "--set",
      "agent.batch_size=32", "--set", "agent.random_steps=100", "--set", "evaluation.interval=130", "--set",
      "evaluation.episodes=2", "--set", "log.interval=3",
    ],
    // the replay wraps, and files of its records are given up
    "dyna": [
      "train", "dyna", "Pendulum-v1", "--steps", "900", "--threads", "1", "--set", "agent.replay_capacity=300", "--set",
      "learner.hidden=[32,32]", "--set", "model.hidden=[16,16]", "--set", "model.weight_decay=[1e-4]", "--set",
      "model.epochs=3", "--set", "agent.fit_interval=100", "--set", "agent.batch_size=32", "--set",
      "agent.random_steps=100", "--set", "evaluation.interval=130", "--set", "evaluation.episodes=2", "--set",
      "log.interval=3",
    ],
    "pets": ["train", "pets", "Pendulum-v1", "--steps", "900", "--threads", "1"] + PlanningSettings.small,
  ]

  private func run(_ agent: String, out: String, checkpoints: Int) throws -> RunningProgram {
    let command = try #require(Self.commands[agent])
    return try Program.start(command + ["--out", out, "--set", "checkpoint.interval=\(checkpoints)"], in: root.path)
  }

  @Test(arguments: ["sac", "dyna", "pets"])
  func killedAtRandomInstantsItEndsTheSame(agent: String) throws {
    let begun = ContinuousClock.now
    #expect(try run(agent, out: "straight", checkpoints: 1_000_000).finish().status == 0)
    let duration = (ContinuousClock.now - begun) / .microseconds(1)

    // Checkpoints of an odd number of steps, so that they cut episodes, fits and intervals.
    var kills = 0
    for attempt in 0..<40 {
      let process = try run(agent, out: "killed", checkpoints: 17)
      // Later attempts are given more time, so that the run ends even on a busy machine.
      usleep(UInt32(Double.random(in: 0.01...0.25 + 0.1 * Double(attempt)) * duration))
      process.signal(SIGKILL)
      let result = process.finish()
      if result.status == 0 { break }
      #expect(result.status == 128 + SIGKILL, "\(result.errors)")
      kills += 1
    }
    #expect(try run(agent, out: "killed", checkpoints: 17).finish().status == 0)
    #expect(kills >= 3, "only \(kills) kills")
    let folders = ["straight", "killed"].map { "\(root.path)/\($0)/Pendulum-v1/\(agent)/seed-0" }
    let (straight, killed) = (reproducibleTables(folders[0]), reproducibleTables(folders[1]))
    for name in straight.keys { #expect(straight[name] == killed[name], "\(name) after \(kills) kills") }
    #expect(straight["training.csv"]?.count ?? 0 > 200)
  }

  @Test(arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143))])
  func aSignalSavesAndLeavesInTime(signal: Int32, status: Int32) throws {
    let process = try Program.start(
      [
        "train", "random", "Pendulum-v1", "--steps", "2000000000", "--set", "checkpoint.interval=1000000000", "--set",
        "checkpoint.best=false",
      ], in: root.path)
    let folder = RunFolder(root.path + "/runs/Pendulum-v1/random/seed-0")
    while !FileManager.default.fileExists(atPath: folder.checkpoint(step: 0)) { usleep(10_000) }
    usleep(300_000)
    let asked = ContinuousClock.now
    process.signal(signal)
    let result = process.finish()
    #expect(ContinuousClock.now - asked < .seconds(5))
    #expect(result.status == status, "\(result.errors)")
    let step = try #require(folder.checkpoints().first)
    #expect(step > 0)
    #expect(result.errors.contains("stopped at step \(step) and saved"))
    #expect(try Manifest(contentsOf: folder.manifest).status == .interrupted)
  }

  /// Clusters send a signal to all processes of a job: only the program handles it, and goes on or leaves with its
  /// Python processes whole.
  @Test(arguments: [1, 3])
  func onlyTheProgramHandlesSignals(copies: Int) throws {
    let task = """
      import os, time
      import gymnasium
      from gymnasium.envs.classic_control import PendulumEnv

      class Slow(PendulumEnv):
          def step(self, action):
              time.sleep(float(os.environ["STEP_SECONDS"]))
              return super().step(action)

      gymnasium.register("Slow-v0", Slow, max_episode_steps=50)
      """
    try Data(task.utf8).write(to: URL(fileURLWithPath: root.path + "/slow.py"))
    func start(_ out: String, secondsAStep: Double = 0) throws -> RunningProgram {
      try Program.start(
        [
          "train", "random", "gymnasium:slow.py:Slow-v0", "--steps", "600", "--out", out, "--set",
          "checkpoint.interval=1000000", "--set", "run.copies=\(copies)", "--set", "evaluation.episodes=0",
        ], in: root.path, environment: ["STEP_SECONDS": "\(secondsAStep)"])
    }
    /// Named by the environment; while there is none, a folder that does not exist.
    func folder(_ out: String) -> RunFolder {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root.path)/\(out)")) ?? []
      return RunFolder("\(root.path)/\(out)/\(names.first { !$0.hasPrefix(".") } ?? "none")/random/seed-0")
    }
    #expect(try start("straight").finish().status == 0)

    let process = try start("signalled", secondsAStep: 0.02)
    while process.isRunning, folder("signalled").checkpoints().isEmpty { usleep(2_000) }
    #expect(descendants(of: process.identifier).count >= 2)
    for number in [SIGUSR1, SIGUSR2, SIGTERM] {
      for python in descendants(of: process.identifier) { kill(python, number) }
      if number != SIGUSR2 { process.signal(number) }
      usleep(30_000)
    }
    let result = process.finish()
    #expect(result.status == 143 && result.errors.contains("and saved"), "\(result.errors)")
    #expect(try start("signalled").finish().status == 0)
    let straight = reproducibleTables(folder("straight").path)
    #expect(straight["episodes.csv"]?.isEmpty == false)
    #expect(reproducibleTables(folder("signalled").path) == straight)
  }

  /// The processes that a process has started, and theirs.
  private func descendants(of process: pid_t) -> [pid_t] {
    let numbers = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
    let children = numbers.filter { number in
      let stat = (try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8)) ?? ""
      return stat.split(separator: ")").last?.split(separator: " ").dropFirst().first == "\(process)"
    }
    return children + children.flatMap { descendants(of: $0) }
  }

  @Test func aStepThatTakesLongDoesNotDelayLeaving() throws {
    // One plan of this size takes minutes; the process must leave within five seconds nevertheless.
    let process = try Program.start(
      [
        "train", "pets", "Pendulum-v1", "--steps", "100", "--threads", "1", "--set", "agent.fit_interval=1000000",
        "--set", "planner.population=1000000", "--set", "planner.elites=10", "--set", "planner.horizon=200", "--set",
        "planner.iterations=100", "--set", "agent.particles=20", "--set", "environment.step_limit=10", "--set",
        "evaluation.at_start=false", "--set", "model.epochs=1",
      ], in: root.path)
    let folder = RunFolder(root.path + "/runs/Pendulum-v1/pets/seed-0")
    while !FileManager.default.fileExists(atPath: folder.checkpoint(step: 0)) { usleep(10_000) }
    usleep(1_500_000)
    let asked = ContinuousClock.now
    process.signal(SIGTERM)
    let result = process.finish()
    #expect(result.status == 143)
    #expect(ContinuousClock.now - asked < .seconds(5))
    #expect(result.errors.contains("left in the middle of a step"), "\(result.errors)")
    #expect(folder.checkpoints() == [0])
  }

  @Test func aDamagedNewestCheckpointIsPassedOverWithAWarning() throws {
    #expect(try run("sac", out: "straight", checkpoints: 1_000_000).finish().status == 0)
    let folder = RunFolder(root.path + "/damaged/Pendulum-v1/sac/seed-0")
    let process = try run("sac", out: "damaged", checkpoints: 100)
    while folder.checkpoints().first ?? 0 < 300, process.isRunning { usleep(1_000) }
    process.signal(SIGKILL)
    process.finish()
    let newest = try #require(folder.checkpoints().first)
    let path = folder.checkpoint(step: newest)
    let contents = try #require(FileManager.default.contents(atPath: path))
    try contents.prefix(contents.count - 100).write(to: URL(fileURLWithPath: path))
    let result = try run("sac", out: "damaged", checkpoints: 100).finish()
    #expect(result.status == 0)
    #expect(result.errors.contains("checkpoint-\(newest).safetensors is damaged"), "\(result.errors)")
    #expect(
      reproducibleTables(folder.path) == reproducibleTables(root.path + "/straight/Pendulum-v1/sac/seed-0"))
  }
}
