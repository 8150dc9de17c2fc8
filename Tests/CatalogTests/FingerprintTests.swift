import Archive
import Catalog
import Configuration
import Foundation
import Laboratory
import Testing
import TestSupport

/// Checksums of a short run of every agent, and of some with networks of usual width: the same on every x86-64 processor
/// that fuses multiplications and additions, whatever the width of its vectors.
///
/// A change that is meant to change numbers writes them anew: `FORESIGHT_WRITE_FINGERPRINTS=1 swift test --filter
/// FingerprintTests` with the flags that `make flags` prints.
@Suite struct FingerprintTests {
  private static let path = (#filePath as NSString).deletingLastPathComponent + "/Fixtures/fingerprints.csv"

  private struct Case {
    let name: String
    let agent: String
    let environment: String
    let steps: Int
    let settings: [String]
  }

  private static var cases: [Case] {
    let logging = ["evaluation.interval=40", "evaluation.episodes=1", "log.interval=7"]
    let tiny = Catalog.registry.agents.map { agent in
      Case(
        name: agent.name, agent: agent.name, environment: agent.tiny.environment, steps: 80,
        settings: agent.tiny.settings + logging)
    }
    // layers of 200 and 256 units, and of 30, which fill no whole vectors
    let wide = [
      Case(
        name: "sac-wide", agent: "sac", environment: "cartpole-swingup", steps: 45,
        settings: ["agent.random_steps=30"] + logging),
      Case(
        name: "sac-odd", agent: "sac", environment: "cartpole-swingup", steps: 60,
        settings: ["agent.random_steps=30", "learner.hidden=[30,37]", "agent.batch_size=43"] + logging),
      Case(
        name: "pets-wide", agent: "pets", environment: "cartpole-swingup", steps: 35,
        settings: [
          "environment.step_limit=30", "planner.horizon=5", "planner.iterations=2", "planner.population=100",
          "planner.elites=10",
        ] + logging),
      Case(
        name: "ppo-wide", agent: "ppo", environment: "cartpole-swingup", steps: 300,
        settings: ["agent.steps=128"] + logging),
      Case(
        name: "td-mpc2-bfloat16", agent: "td-mpc2", environment: "Pendulum-v1", steps: 45,
        settings: [
          "environment.step_limit=30", "agent.batch_size=20", "agent.random_steps=20", "agent.first_updates=5",
          "learner.latent=64", "learner.encoder_hidden=[64]", "learner.hidden=[96,72]", "learner.precision=bfloat16",
          "learner.learns_termination=true", "planner.population=80", "planner.policy_plans=4", "planner.elites=8",
          "planner.iterations=2",
        ] + logging),
      Case(
        name: "mbpo-bfloat16", agent: "mbpo", environment: "Pendulum-v1", steps: 60,
        settings: [
          "environment.step_limit=30", "agent.batch_size=40", "agent.random_steps=30", "agent.updates=2",
          "agent.fit_interval=25", "agent.rollouts=90", "agent.rollout_schedule=[1,3,1,2]", "agent.epoch_length=20",
          "learner.hidden=[72,64]", "learner.layer_normalization=true", "learner.precision=bfloat16", "model.members=2",
          "model.elites=2", "model.hidden=[64,75]", "model.weight_decay=[1e-5]", "model.epochs=3",
          "model.precision=bfloat16",
        ] + logging),
    ]
    return tiny + wide
  }

  private static func fingerprint(_ run: Case, in root: String) throws -> String {
    var tree = ConfigurationTree()
    for setting in run.settings { tree = tree.merging(try ConfigurationTree(assignment: setting)) }
    let plan = try RunPlan(
      agent: run.agent, environment: run.environment, seed: 5, steps: run.steps, settings: tree, in: Catalog.registry,
      trial: false)
    let folder = RunFolder("\(root)/\(run.name)")
    guard case .ready(var ready) = try Run.open(plan, in: folder, host: .forTests) else { return "nothing to do" }
    _ = try ready.execute(stop: StopRequest())
    var tables = Checksum()
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    where name.hasSuffix(".csv") && name != "timing.csv" {
      try FileSystem.read("\(folder.path)/\(name)").withUnsafeBytes { tables.update($0) }
    }
    var state = ready.stateAmongTensors
    state.tensors = state.tensors.filter { !$0.key.contains("timings") }
    return "\(run.name),\(String(tables.value, radix: 16)),\(state.checksum)"
  }

  @Test func numbersAreThoseOfEveryProcessor() throws {
    guard Host.fusesMultiplyAdd else { return }
    let root = try ScratchFolder()
    let found = try Self.cases.map { try Self.fingerprint($0, in: root.path) }
    if ProcessInfo.processInfo.environment["FORESIGHT_WRITE_FINGERPRINTS"] != nil {
      let text = (["run,tables,state"] + found).joined(separator: "\n") + "\n"
      try text.write(toFile: Self.path, atomically: true, encoding: .utf8)
      return
    }
    let lines = try String(contentsOfFile: Self.path, encoding: .utf8).split(separator: "\n").dropFirst().map(
      String.init)
    var known: [String: String] = [:]
    for line in lines { known[String(line.prefix { $0 != "," })] = line }
    for line in found {
      let name = String(line.prefix { $0 != "," })
      #expect(line == known[name] ?? "no line for \(name)")
    }
    #expect(known.count == found.count)
  }
}
