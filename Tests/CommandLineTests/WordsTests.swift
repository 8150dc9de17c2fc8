import Foundation
import Laboratory
import TestSupport
import Testing

/// What users are told: one sentence that names what they wrote and what would do.
@Suite struct WordsTests {
  private let root: ScratchFolder

  init() throws { root = try ScratchFolder() }

  private func write(_ name: String, _ bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: "\(root.path)/\(name)"))
  }

  private func study(_ more: String = "") -> String {
    "name: a\nseeds: 1\nagents: [random]\nenvironments: [Pendulum-v1]\nsteps: 1e1\n"
      + "settings: {evaluation.episodes: 0}\n\(more)"
  }

  @Test(arguments: [
    (["--seed", "-1"], "seed = -1: must be at least 0"), (["--steps", "-5"], "steps = -5: must be at least 1"),
    (["--threads", "-1"], "threads = -1: must be in 1...1024"), (["--steps", "1.5"], "'1.5' is not a whole number"),
    (["--steps", "many"], "'many' is not a whole number"), (["--out", ""], "out is empty"),
  ])
  func numbersAndPathsAreSaidAsTheyAre(options: [String], message: String) throws {
    let result = try Program.run(["train", "random", "Pendulum-v1"] + options, in: root.path)
    #expect(result.status == 64 && result.errors.contains(message), "\(result.errors)")
  }

  @Test(arguments: [
    ("sac", "learner.lr", "'learner.actor_learning_rate' or 'learner.critic_learning_rate'"),
    ("dqn", "learner.lr", "'learner.learning_rate'"), ("ppo", "learner.gamma", "'learner.discount'"),
    ("sac", "buffer_size", "'agent.replay_capacity'"), ("sac", "batch_size", "'agent.batch_size'"),
    ("td3", "net_arch", "'learner.hidden'"), ("sac", "learning_starts", "'agent.random_steps'"),
    ("dqn", "n_envs", "'run.copies'"), ("pets", "model.lr", "'model.learning_rate'"),
    ("sac", "learner.hiden", "'learner.hidden'"),
  ])
  func namesOfOtherLibrariesAreUnderstood(agent: String, key: String, suggestion: String) throws {
    let environment = agent == "dqn" ? "CartPole-v1" : "Pendulum-v1"
    let result = try Program.run(["train", agent, environment, "--set", "\(key)=1"], in: root.path)
    #expect(result.status == 64 && result.errors.contains("did you mean \(suggestion)"), "\(result.errors)")
  }

  @Test func stepsMayHaveAnExponentAndListsOneNumber() throws {
    let result = try Program.run(
      [
        "train", "pets", "Pendulum-v1", "--steps", "1e1", "--seed", "0x1", "--set", "model.weight_decay=1e-5", "--set",
        "evaluation.episodes=0", "--set", "agent.random_episodes=1",
      ], in: root.path)
    #expect(result.status == 0 && result.output.contains("finished 10 steps"), "\(result.errors)")
    #expect(FileManager.default.fileExists(atPath: "\(root.path)/runs/Pendulum-v1/pets/seed-1/manifest.json"))
  }

  @Test func foldersBelowFilesAreRefusedByName() throws {
    try write("file", [])
    for out in ["file", "file/below"] {
      let result = try Program.run(["train", "random", "Pendulum-v1", "--out", out], in: root.path)
      #expect(result.status == 74 && !result.errors.contains("NSCocoaErrorDomain"), "\(result.errors)")
      #expect(result.errors.contains("cannot create folder file"), "\(result.errors)")
    }
  }

  @Test func textsOfStudiesAreReadAsTheyAreOrRefused() throws {
    try write("bom.yaml", [0xEF, 0xBB, 0xBF] + Array(study().utf8))
    let marked = try Program.run(["study", "run", "bom.yaml", "--out", "bom"], in: root.path)
    #expect(marked.status == 0, "\(marked.errors)")
    try write("latin1.yaml", Array("name: caf".utf8) + [0xE9, 0x0A])
    let latin = try Program.run(["study", "run", "latin1.yaml"], in: root.path)
    #expect(
      latin.status == 64 && latin.errors.contains("latin1.yaml:1:10: the byte 0xE9 is not UTF-8"), "\(latin.errors)")
  }

  @Test(arguments: [
    ("thresholds: {Pendulum-v1: .inf}", "thresholds.Pendulum-v1 = .inf (study.yaml:7:27)"),
    ("thresholds: {Pendulum-v1: high}", "thresholds.Pendulum-v1 = high"),
  ])
  func keysOfStudiesAreNamedInFull(line: String, message: String) throws {
    try write("study.yaml", Array(study(line).utf8))
    let result = try Program.run(["study", "run", "study.yaml"], in: root.path)
    #expect(result.status == 64 && result.errors.contains(message), "\(result.errors)")
  }

  @Test func agentsKeysAreNamedInFull() throws {
    let text = "name: a\nseeds: 1\nagents: {random: {steps: few}}\nenvironments: [Pendulum-v1]\n"
    try write("study.yaml", Array(text.utf8))
    let result = try Program.run(["study", "run", "study.yaml"], in: root.path)
    #expect(result.status == 64 && result.errors.contains("agents.random.steps = few"), "\(result.errors)")
  }

  /// Agents that will learn nothing within their budget say so at the start, by the setting's name.
  @Test(arguments: [
    ("mbpo", ["--steps", "60"], "agent.random_steps = 5000: within 60 steps all actions are random"),
    ("ppo", ["--steps", "60"], "agent.steps = 1024: within 60 steps 4 copies never collect that many each"),
    ("pets", ["--steps", "60"], "agent.random_episodes = 1: within 60 steps"),
    (
      "sac", ["--steps", "60", "--set", "agent.random_steps=20", "--set", "environment.wrappers.action_repeat=3"],
      "agent.random_steps = 20: within 20 decisions of 60 steps"
    ),
  ])
  func agentsThatLearnNothingSaySo(agent: String, options: [String], message: String) throws {
    let result = try Program.run(
      ["train", agent, "Pendulum-v1", "--set", "evaluation.episodes=0"] + options, in: root.path)
    #expect(result.status == 0 && result.errors.contains("warning: " + message), "\(result.errors)")
    #expect(result.errors.contains("has learned nothing in 60 steps") || agent == "pets", "\(result.errors)")
  }

  @Test func thoseThatLearnDoNot() throws {
    let result = try Program.run(
      [
        "train", "sac", "Pendulum-v1", "--steps", "60", "--set", "agent.random_steps=20", "--set",
        "learner.hidden=[8]", "--set", "evaluation.episodes=0",
      ], in: root.path)
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
  }

  /// Imagining agents are examined as planning ones are, and say when they have not been fitted.
  @Test func imaginingAgentsHaveModels() throws {
    _ = try Program.run(
      ["train", "mbpo", "Pendulum-v1", "--steps", "20", "--set", "evaluation.episodes=0"], in: root.path)
    let result = try Program.run(["diagnose", "runs/Pendulum-v1/mbpo/seed-0"], in: root.path)
    #expect(result.errors.contains("after 20 steps the model has not been fitted yet"), "\(result.errors)")
  }

  /// A damaged checkpoint of a finished run is left where it is when nothing is changed.
  @Test func damagedCheckpointsOfFinishedRunsStay() throws {
    let command = [
      "train", "random", "Pendulum-v1", "--set", "evaluation.episodes=0", "--set", "checkpoint.interval=100",
    ]
    #expect(try Program.run(command + ["--steps", "20"], in: root.path).status == 0)
    let folder = "\(root.path)/runs/Pendulum-v1/random/seed-0"
    let saved = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("checkpoint-") }
      .sorted()
    for name in saved { try Data("damaged".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
    let result = try Program.run(command + ["--steps", "40"], in: root.path)
    #expect(result.status == 73 && result.errors.contains("Nothing was changed"), "\(result.errors)")
    let left = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("checkpoint-") }
      .sorted()
    #expect(left == saved && !saved.isEmpty)
  }

  /// A Python module that has been edited is noticed when the run goes on, and the manifest says what it was made of.
  @Test func editedModulesAreNoticed() throws {
    let task = """
      import gymnasium
      from gymnasium.envs.classic_control import PendulumEnv
      class Task(PendulumEnv): pass
      gymnasium.register("Task-v0", Task, max_episode_steps=20)

      """
    try write("my_task.py", Array(task.utf8))
    let command = ["train", "random", "gymnasium:my_task.py:Task-v0", "--set", "evaluation.episodes=0"]
    let first = try Program.run(command + ["--steps", "20"], in: root.path)
    #expect(first.status == 0 && first.errors.isEmpty, "\(first.errors)")
    let folder = "\(root.path)/runs/gymnasium_my_task.py_Task-v0/random/seed-0"
    let manifest = try String(contentsOfFile: folder + "/manifest.json", encoding: .utf8)
    for name in ["python", "gymnasium", "numpy", "module my_task", "\"changed\""] { #expect(manifest.contains(name)) }
    let same = try Program.run(command + ["--steps", "40"], in: root.path)
    #expect(same.status == 0 && same.errors.isEmpty, "\(same.errors)")
    try write("my_task.py", Array((task + "# edited\n").utf8))
    let edited = try Program.run(command + ["--steps", "60"], in: root.path)
    #expect(
      edited.status == 0 && edited.errors.contains("module my_task has changed since the run began"), "\(edited.errors)"
    )
  }

  /// An exception is told in a few lines, and in one where a status is asked for.
  @Test func exceptionsDoNotFillTheScreen() throws {
    let task = """
      import gymnasium
      from gymnasium.envs.classic_control import PendulumEnv
      class Task(PendulumEnv):
          def step(self, action): return self.deeper(60)
          def deeper(self, depth):
              if depth == 0: raise RuntimeError("the wheel came off " + "x" * 5000)
              return [self.deeper(depth - 1)][0] if depth % 2 else self.deeper(depth - 1)
      gymnasium.register("Task-v0", Task, max_episode_steps=20)

      """
    try write("bad.py", Array(task.utf8))
    let text =
      "name: a\nseeds: 2\nagents: [random]\nenvironments: ['gymnasium:bad.py:Task-v0']\nsteps: 20\n"
      + "settings: {evaluation.episodes: 0}\n"
    try write("study.yaml", Array(text.utf8))
    _ = try Program.run(["study", "run", "study.yaml", "--out", "results"], in: root.path)
    let status = try Program.run(["study", "status", "results"], in: root.path)
    #expect(status.output.split(separator: "\n").count == 3, "\(status.output)")
    #expect(status.output.contains("failed") && status.output.contains("the wheel came off"), "\(status.output)")
    let run = try Program.run(
      ["train", "random", "gymnasium:bad.py:Task-v0", "--set", "evaluation.episodes=0"], in: root.path)
    #expect(run.status == 1 && run.errors.split(separator: "\n").count < 20 && run.errors.count < 4000, "\(run.errors)")
    #expect(run.errors.contains("in deeper"))
  }
}
