import Foundation
import Laboratory
import Testing
import TestSupport

/// Mistakes on the command line, lists and help.
@Suite struct UsageTests {
  private let root: ScratchFolder

  init() throws { root = try ScratchFolder() }

  @Test(arguments: [
    (["train", "randm", "Pendulum-v1"], "did you mean 'random'?"),
    (["train", "random", "Pendulm-v1"], "did you mean 'Pendulum-v1'?"),
    (["train", "random", "Pendulum-v1", "--set", "evaluation.intervl=5"], "did you mean 'evaluation.interval'?"),
    (["train", "random", "Pendulum-v1", "--set", "environment.gravty=5"], "did you mean 'environment.gravity'?"),
    (
      ["train", "random", "Pendulum-v1", "--set", "environment.action_repeat=2"],
      "did you mean 'environment.wrappers.action_repeat'?"
    ),
    (
      ["train", "random", "Pendulum-v1", "--set", "environment.wrappers.grayscale=true"],
      "environment.wrappers.grayscale: needs images"
    ),
    (
      [
        "train", "pets", "Pendulum-v1", "--set", "environment.wrappers.frame_stack=2", "--set",
        "model.learns_reward=false",
      ],
      "whose rewards are not known from observations"
    ),
    (["train", "random", "Pendulum-v1", "--set", "evaluation.interval=0"], "evaluation.interval = 0 (--set): must be"),
    (["train", "random", "Pendulum-v1", "--set", "evaluation.interval=x"], "evaluation.interval = x (--set)"),
    (["train", "random", "Pendulum-v1", "--set", "evaluation.interval"], "key=value"),
    (["train", "random", "Pendulum-v1", "--steps", "0"], "steps = 0: must be at least 1"),
    (["train", "random", "Pendulum-v1", "--seed=-1"], "seed = -1: must be at least 0"),
    (["train", "random", "Pendulum-v1", "--threads", "0"], "threads = 0: must be in 1...1024"),
    (["train", "sac", "CartPole-v1"], "sac needs continuous actions"),
    (["train", "random"], "give an agent and an environment"),
    (["train", "random", "Pendulum-v1", "--setp", "1"], "--setp"),
    (["describe", "scc"], "did you mean 'sac'?"),
    (["list", "agent"], "agent"),
    (["study", "status", "nowhere"], "no study.json"),
    (["plot", "nowhere"], "nowhere is neither a study's folder nor a run's"),
    (["evaluate", "nowhere"], "nowhere holds no saved run"),
  ])
  func mistakesExitWith64AndCreateNothing(arguments: [String], message: String) throws {
    let result = try Program.run(arguments, in: root.path)
    #expect(result.status == 64)
    #expect(result.errors.contains(message), "\(result.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: root.path).isEmpty)
  }

  @Test func aStudyFileWithASyntaxErrorNamesFileLineAndColumn() throws {
    let file = root.path + "/study.yaml"
    try Data("name: s\nagents: [random\nseeds: 1\n".utf8).write(to: URL(fileURLWithPath: file))
    let result = try Program.run(["study", "run", file])
    #expect(result.status == 64)
    #expect(result.errors.contains("\(file):3:"), "\(result.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: root.path) == ["study.yaml"])
  }

  @Test func aMistakeInOneRunOfAStudyStartsNone() throws {
    let file = root.path + "/study.yaml"
    let yaml = "{name: s, environments: [Pendulum-v1, CartPole-v1], agents: [random, sac], steps: 10, seeds: 1}"
    try Data(yaml.utf8).write(to: URL(fileURLWithPath: file))
    let result = try Program.run(["study", "run", file])
    #expect(result.status == 64)
    #expect(result.errors.contains("sac needs continuous actions"), "\(result.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: root.path) == ["study.yaml"])
  }

  @Test(arguments: ["agents", "environments", "planners", "models"])
  func listsAreAlsoJSON(subject: String) throws {
    let result = try Program.run(["list", subject, "--json"])
    #expect(result.status == 0)
    let items = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]])
    #expect(!items.isEmpty)
    let list = try Program.run(["list", subject]).output
    for item in items {
      let (name, summary) = (try #require(item["name"] as? String), try #require(item["summary"] as? String))
      #expect(!summary.isEmpty && !summary.contains("\n"))
      #expect(list.contains(name))
      #expect(try Program.run(["describe", name]).status == 0)
    }
  }

  @Test func environmentsAreListedWithSpacesLimitsAndRewards() throws {
    let lines = try Program.run(["list", "environments"]).output.split(separator: "\n").map(String.init)
    #expect(lines[0].hasPrefix("name") && lines[0].contains("objective"))
    let pendulum = try #require(lines.first { $0.hasPrefix("Pendulum-v1") })
    for part in ["3 reals", "1 real in -2...2", "200", "-16.27...0", "known"] { #expect(pendulum.contains(part)) }
    #expect(try #require(lines.first { $0.hasPrefix("CartPole-v1") }).contains("2 choices"))
    #expect(try #require(lines.first { $0.hasPrefix("point-mass") }).contains("-inf...0"))
    let output = try Program.run(["list", "environments", "--json"]).output
    let items = try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [[String: Any]])
    let item = try #require(items.first { $0["name"] as? String == "Pendulum-v1" })
    #expect(item["observation_size"] as? Int == 3 && item["step_limit"] as? Int == 200)
    #expect(item["objective"] as? Bool == true)
  }

  @Test func describeShowsDefaultRangeAndHelp() throws {
    let text = try Program.run(["describe", "run"]).output
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("evaluation.episodes") })
    #expect(line.contains("5") && line.contains("0...100000") && line.contains("Episodes of each evaluation"))
  }

  @Test func describeGivesJSON() throws {
    let output = try Program.run(["describe", "ilqr", "--json"]).output
    let items = try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [[String: Any]])
    #expect(items.count == 2 && items.allSatisfy { $0["name"] as? String == "ilqr" })  // the agent and the planner
    let settings = try #require(items.last?["settings"] as? [[String: String]])
    let horizon = try #require(settings.first { $0["key"] == "horizon" })
    #expect(horizon["type"] == "integer" && horizon["range"] == "1...10000")
    #expect(horizon["meaning"] == "Decisions in a trajectory")
    let mbpo = try Program.run(["describe", "mbpo", "--json"]).output
    #expect(mbpo.contains("Hopper-v5") && mbpo.contains("agent.rollout_schedule=[20,150,1,15]"))
  }

  @Test(arguments: [
    ["train"], ["study", "run"], ["study", "status"], ["evaluate"], ["record"], ["list"], ["describe"], ["plot"],
    ["bench"],
    ["doctor"],
  ])
  func everyCommandHasHelpWithAnExample(command: [String]) throws {
    let result = try Program.run(command + ["--help"])
    #expect(result.status == 0)
    #expect(result.output.contains("foresight \(command.joined(separator: " "))"))
    #expect(result.output.localizedCaseInsensitiveContains("example"), "\(result.output)")
  }

  /// The benchmarks are a program of their own, which must stand beside this one.
  @Test func benchRunsTheProgramBesideIt() throws {
    let list = try Program.run(["bench", "--list"])
    #expect(list.status == 0 && list.output.contains("sac-update"), "\(list.output)\(list.errors)")
    let unknown = try Program.run(["bench", "sac-updat"])
    #expect(unknown.status == 64 && unknown.errors.contains("did you mean 'sac-update'?"), "\(unknown.errors)")
    let alone = root.path + "/foresight"
    try FileManager.default.copyItem(atPath: Program.path, toPath: alone)
    let missing = try Program.run(["bench", "--list"], of: alone)
    #expect(missing.status == 1 && missing.errors.contains("make build"), "\(missing.errors)")
  }

  /// A row for each value of the sizes asked for, with a cost, and a figure of them.
  @Test func benchShowsHowCostGrows() throws {
    let options = ["--seconds", "0.001", "--windows", "1", "--threads", "2", "--out", "grown"]
    let result = try Program.run(["bench", "--scaling", "horizon", "threads"] + options, in: root.path)
    #expect(result.status == 0, "\(result.errors)")
    let rows = CSV.records(try Data(contentsOf: URL(fileURLWithPath: root.path + "/grown/scaling.csv")))
    #expect(
      rows.dropFirst().map { $0[0] + $0[2] } == [
        "horizon5", "horizon10", "horizon20", "horizon40", "threads1", "threads2",
      ])
    #expect(rows.dropFirst().allSatisfy { Double($0[3]).map { $0 > 0 } == true }, "\(rows)")
    #expect(result.output.contains("size^"), "\(result.output)")
    #expect(FileManager.default.fileExists(atPath: root.path + "/grown/scaling.png"))
    let unknown = try Program.run(["bench", "--scaling", "horizn"])
    #expect(unknown.status == 64 && unknown.errors.contains("did you mean 'horizon'?"), "\(unknown.errors)")
  }

  @Test func plotSaysWhatIsMissing() throws {
    try Data("{}".utf8).write(to: URL(fileURLWithPath: root.path + "/study.json"))
    let result = try Program.run(["plot", root.path], environment: ["FORESIGHT_HOME": root.path])
    #expect(result.status == 1)
    #expect(result.errors.contains("make setup"), "\(result.errors)")
  }

  @Test func doctorNamesTheCommandThatMends() throws {
    let result = try Program.run(["doctor"], environment: ["FORESIGHT_HOME": root.path])
    #expect(result.status == 1)
    #expect(result.output.contains("BLAS") && result.output.contains("make setup"), "\(result.output)")
    #expect(result.output.contains("ffmpeg") && result.output.contains("OpenGL"), "\(result.output)")
  }

  @Test func doctorSaysHowToGetWhatVideosNeed() throws {
    let result = try Program.run(["doctor"], environment: ["PATH": root.path])
    #expect(result.output.contains("apt-get install ffmpeg"), "\(result.output)")
  }
}
