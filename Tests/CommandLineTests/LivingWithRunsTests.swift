import Configuration
import Foundation
import Laboratory
import Testing
import TestSupport

/// What users see of runs and studies, and ask of them afterwards.
@Suite struct LivingWithRunsTests {
  private let root: ScratchFolder

  init() throws { root = try ScratchFolder() }

  private func write(_ yaml: String) throws {
    try Data(yaml.utf8).write(to: URL(fileURLWithPath: root.path + "/study.yaml"))
  }

  private func run(_ arguments: String...) throws -> Program.Result { try Program.run(arguments, in: root.path) }

  /// Sixty runs in a terminal of 80 x 24: never more lines than fit, none too long, a summary, and no litter above.
  @Test func sixtyRunsFitATerminal() throws {
    try write(
      "{name: s, environments: [Pendulum-v1, point-mass, CartPole-v1], seeds: 20, steps: 300, agents: {a-rather-long-name-of-an-agent: {agent: random}}}"
    )
    let command = "stty rows 24 cols 80; exec '\(Program.path)' study run study.yaml --jobs 4"
    let result = try Program.run(["-qfec", command, "/dev/null"], in: root.path, of: "/usr/bin/script")
    #expect(result.status == 0, "\(result.output.suffix(500))")
    let screens = result.output.components(separatedBy: "\u{1B}[J")
    #expect(screens.count > 3)
    for screen in screens.dropLast() {
      let lines = screen.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("\u{1B}") }
      #expect(lines.count <= 24 && lines.allSatisfy { $0.count < 80 }, "\(lines)")
    }
    #expect(result.output.contains("60 of 60 done"))
    let moves = result.output.matches(of: /\u{1B}\[(\d+)F/).compactMap { Int($0.1) }
    #expect(moves.allSatisfy { $0 <= 23 }, "\(moves)")
  }

  @Test func onlySomeRunsAndNoneAtAll() throws {
    try write(
      "{name: s, environments: [Pendulum-v1], seeds: 3, steps: 200, agents: {one: {agent: random}, two: {agent: random}}}"
    )
    let dry = try run("study", "run", "study.yaml", "--dry-run", "--only", "two")
    #expect(dry.output.contains("3 of 3 runs would be run") && !dry.output.contains("one/"), "\(dry.output)")
    #expect(!FileManager.default.fileExists(atPath: root.path + "/results"))
    #expect(try run("study", "run", "study.yaml", "--only", "*/two/seed-1", "--only", "one").status == 0)
    let status = try run("study", "status", "results")
    #expect(status.output.contains("6 runs: 4 finished, 2 waiting"), "\(status.output)")
    let nobody = try run("study", "run", "study.yaml", "--only", "three")
    #expect(nobody.status == 64 && nobody.errors.contains("its agents are one, two"), "\(nobody.errors)")
  }

  @Test func evaluationsAsJSONAndAsATable() throws {
    #expect(try run("train", "random", "Pendulum-v1", "--steps", "400").status == 0)
    let result = try run(
      "evaluate", "runs/Pendulum-v1/random/seed-0", "--episodes", "4", "--json", "--csv", "e.csv", "--at", "best")
    #expect(result.status == 0, "\(result.errors)")
    let tree = try ConfigurationTree.parse(yaml: result.output, file: "output")
    let episodes = try tree.list(at: "episodes")
    let returns = try episodes.map { try $0.double(at: "return") }
    let mean = try tree.double(at: "returns.mean")
    #expect(returns.count == 4 && abs(mean - returns.reduce(0, +) / 4) < 1e-9)
    let rows = CSV.records(try Data(contentsOf: URL(fileURLWithPath: root.path + "/e.csv")))
    #expect(rows[0].prefix(3) == ["episode", "return", "length"] && rows.dropFirst().map { Double($0[1]) } == returns)
    let missing = try run("evaluate", "runs/Pendulum-v1/random/seed-0", "--at", "123")
    #expect(missing.status == 64 && missing.errors.contains("no checkpoint of step 123"), "\(missing.errors)")
  }

  @Test func anOccupiedFolderNamesTheWayOut() throws {
    #expect(try run("train", "random", "Pendulum-v1", "--steps", "200").status == 0)
    let settings = ["--steps", "200", "--set", "evaluation.episodes=1"]
    let refused = try Program.run(["train", "random", "Pendulum-v1"] + settings, in: root.path)
    #expect(refused.status == 73 && refused.errors.contains("--label"), "\(refused.errors)")
    #expect(
      try Program.run(["train", "random", "Pendulum-v1", "--label", "few"] + settings, in: root.path).status == 0)
    #expect(try run("train", "--help").output.contains("--label"))
  }

  @Test func aManifestRepeatsARunAndDiffSaysWhatDiffers() throws {
    #expect(try run("train", "random", "Pendulum-v1", "--steps", "400").status == 0)
    let first = "runs/Pendulum-v1/random/seed-0"
    #expect(try run("train", "--manifest", first + "/manifest.json", "--out", "again").status == 0)
    let same = try run("diff", first, "again/Pendulum-v1/random/seed-0")
    #expect(same.status == 0 && same.output.contains("episodes.csv: equal, 2 rows"), "\(same.output)")
    #expect(
      try run(
        "train", "random", "Pendulum-v1", "--steps", "400", "--seed", "1", "--set", "evaluation.episodes=2", "--out",
        "other"
      )
      .status == 0)
    let other = try run("diff", first, "other/Pendulum-v1/random/seed-1/manifest.json")
    #expect(other.status == 1, "\(other.errors)")
    #expect(other.output.contains("evaluation.episodes  5  ->  2"), "\(other.output)")
    #expect(other.output.contains("episodes.csv: they differ from line 2"), "\(other.output)")
  }

  /// SIGUSR1 saves and goes on; SIGTERM saves and leaves.
  @Test func signalsSave() throws {
    let process = try Program.start(
      [
        "train", "random", "Pendulum-v1", "--steps", "2000000000", "--set", "checkpoint.interval=1000000000", "--set",
        "evaluation.interval=1000000000",
      ], in: root.path)
    let folder = RunFolder(root.path + "/runs/Pendulum-v1/random/seed-0")
    while folder.checkpoints().isEmpty, process.isRunning { usleep(10_000) }
    process.signal(SIGUSR1)
    while folder.checkpoints() == [0], process.isRunning { usleep(10_000) }
    let saved = try #require(folder.checkpoints().first)
    #expect(saved > 0 && process.isRunning)
    process.signal(SIGTERM)
    #expect(process.finish().status == 143)
    #expect(try #require(folder.checkpoints().first) >= saved)
  }

  @Test(arguments: [("bash", "complete"), ("zsh", "#compdef foresight"), ("fish", "complete -c")])
  func completions(shell: String, words: String) throws {
    let result = try run("completions", shell)
    #expect(result.status == 0 && result.output.contains(words) && result.output.contains("submit"))
    #expect(try run("completions", "csh").status == 64)
  }
}
