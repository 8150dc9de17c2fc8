import Catalog
import Foundation
import Laboratory
import TestSupport
import Testing

/// `foresight diagnose`.
@Suite struct DiagnoseTests {
  private let root: ScratchFolder

  init() throws { root = try ScratchFolder() }

  private func train(_ agent: String, steps: Int, _ settings: [String]) throws {
    let trained = try Program.run(
      [
        "train", agent, "point-mass", "--steps", "\(steps)", "--out", "runs", "--set",
        "environment.step_limit=20",
      ]
        + settings.flatMap { ["--set", $0] }, in: root.path)
    #expect(trained.status == 0, "\(trained.errors)")
  }

  private func table(_ name: String) -> [[String]] {
    CSV.records(
      FileManager.default.contents(
        atPath: "\(root.path)/runs/point-mass/mpc/seed-0/diagnosis/\(name)") ?? Data())
  }

  /// Every table has its header and all its rows, and the same command writes the same bytes.
  @Test func writesItsTables() throws {
    try train(
      "mpc", steps: 50,
      [
        "model.hidden=[16]", "model.weight_decay=[0]", "model.epochs=5", "icem.population=20",
        "icem.horizon=4",
        "agent.particles=2", "agent.fit_interval=20",
      ])
    let command = [
      "diagnose", "runs/point-mass/mpc/seed-0", "--episodes", "2", "--horizon", "6", "--particles",
      "5", "--no-figures",
    ]
    let result = try Program.run(command, in: root.path)
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      result.output.contains("40 new steps") && result.output.contains("calibration error"),
      "\(result.output)")
    let tables = ["likelihood.csv", "calibration.csv", "horizon.csv", "disagreement.csv"]
    let before = tables.map { table($0) }
    #expect(
      before[0].first == ["component", "error", "scale", "negative_log_likelihood", "baseline", "name"])
    #expect(before[0].dropFirst().map { $0[0] } == ["0", "1", "2", "3"])
    #expect(before[0].dropFirst().map { $0[5] } == ["x position", "y position", "x velocity", "y velocity"])
    #expect(
      before[1].first == ["component", "level", "frequency"] && before[1].count == 1 + 5 * 19)
    #expect(before[2].first == ["step", "error", "spread", "persistence", "count"])
    #expect(before[2].dropFirst().map { $0[4] } == ["40", "38", "36", "34", "32", "30"])
    #expect(before[3].first == ["disagreement", "error", "count"] && before[3].count == 11)
    #expect(before.joined().joined().allSatisfy { !$0.isEmpty })
    #expect(try Program.run(command, in: root.path).status == 0)
    #expect(tables.map { table($0) } == before)
  }

  /// A saved run's agent collects the first episodes: all of them return what it returns when it is measured there.
  @Test func savedRunsAreBasePolicies() throws {
    try train("ilqr", steps: 20, ["evaluation.episodes=1"])
    let small = ["world=linear", "search=shooting", "random_shooting.population=5", "random_shooting.horizon=3"]
    let base = "agent.base_run=runs/point-mass/ilqr/seed-0"
    try train("mpc", steps: 20, small + [base])
    func first(_ agent: String) throws -> Double {
      let table = FileManager.default.contents(atPath: "\(root.path)/runs/point-mass/\(agent)/seed-0/episodes.csv")
      return try #require(Double(CSV.records(table ?? Data())[1][2]))
    }
    #expect(try abs(first("mpc") - first("ilqr")) < 1e-3)
    for (folder, message) in [("runs/nowhere", "holds no saved run"), ("runs/point-mass/ilqr/seed-0", "not those of")] {
      let place = folder == "runs/nowhere" ? "point-mass" : "Pendulum-v1"
      let result = try Program.run(
        ["train", "mpc", place, "--set", "agent.base_run=\(folder)", "--out", "refused"], in: root.path)
      #expect(result.status == 64 && result.errors.contains(message), "\(result.errors)")
    }
  }

  /// Of an on-policy agent the gradient is examined, alike each time, and the run stays as it is.
  @Test func gradientsAreExamined() throws {
    try train("ppo", steps: 60, ["agent.steps=20", "learner.batch_size=5", "learner.policy.hidden=[4]"])
    let command = ["diagnose", "runs/point-mass/ppo/seed-0", "--segments", "3", "--reference", "4"]
    let result = try Program.run(command, in: root.path)
    #expect(result.status == 0 && result.output.contains("3 segments of 20 steps"), "\(result.output)\(result.errors)")
    func table(_ name: String) -> [[String]] {
      CSV.records(
        FileManager.default.contents(atPath: "\(root.path)/runs/point-mass/ppo/seed-0/diagnosis/\(name)") ?? Data())
    }
    let (summary, each) = (table("gradient.csv"), table("gradients.csv"))
    #expect(summary.map { $0[0] } == ["estimate", "segment", "minibatch", "monte_carlo"])
    #expect(summary.dropFirst().map { $0[1] } == ["3", "12", "3"])
    #expect(each.count == 1 + 18 && each.joined().allSatisfy { !$0.isEmpty })
    #expect(try Program.run(command, in: root.path).status == 0)
    #expect(table("gradient.csv") == summary && table("gradients.csv") == each)
  }

  @Test func mistakesAreNamed() throws {
    try train("random", steps: 20, [])
    let modelless = try Program.run(["diagnose", "runs/point-mass/random/seed-0"], in: root.path)
    #expect(
      modelless.status != 0 && modelless.errors.contains("random learns no dynamics model and follows no policy"),
      "\(modelless.errors)")
    try train("mpc", steps: 10, ["model.hidden=[4]", "model.weight_decay=[0]"])
    let early = try Program.run(["diagnose", "runs/point-mass/mpc/seed-0"], in: root.path)
    #expect(early.status != 0 && early.errors.contains("after 10 steps"), "\(early.errors)")
    for (arguments, message) in [
      (["diagnose", "nowhere"], "nowhere holds no saved run"),
      (["diagnose", "nowhere", "--episodes", "0"], "episodes = 0"),
      (["diagnose", "nowhere", "--horizon", "0"], "horizon = 0"),
    ] {
      let result = try Program.run(arguments, in: root.path)
      #expect(result.status == 64 && result.errors.contains(message), "\(result.errors)")
    }
  }
}
