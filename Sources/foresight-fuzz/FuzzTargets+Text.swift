import Archive
import Catalog
import Configuration
import Foundation
import GymnasiumEnvironments
import Laboratory

extension FuzzTarget {
  private static let yamlTokens = [
    "&a ", "*a", "{", "}", "[", "]", ": ", "- ", "? ", "| ", "> ", "!!int ", "!!float ", "<<: ", "\n", "\t", "\"", "'",
    "#",
    "null", "~", "true", "auto", "---\n", "\u{FEFF}", "agents", "seeds", "settings", "environments", "steps",
  ]

  /// Settings files and assignments on the command line.
  static func settings(in folder: String) -> [FuzzTarget] {
    let studies = [
      """
      name: small
      environments: [Pendulum-v1, cartpole-swingup]
      agents:
        sac: {settings: {learner.hidden: [16, 16], agent.batch_size: 16}}
        two: {agent: td3, seeds: [1, 2], steps: 100}
        pets: {environments: {Pendulum-v1: {steps: 50, settings: {planner.horizon: 3}}}}
      seeds: 2
      steps: 200
      settings:
        evaluation: {interval: 50, episodes: 1}
      thresholds: {Pendulum-v1: -200}
      """,
      "name: a\nenvironments: {Pendulum-v1: {steps: 1e3}}\nagents: [random]\nseeds: [0, 1]\n",
    ]
    let assignments = [
      "learner.hidden=[32,32]", "agent.batch_size=1_000", "learner.learning_rate=3e-4", "evaluation.at_start=false",
      "environment.wrappers.time_limit=auto", "environment.wrappers.action_repeat=2", "learner.discount=0.99",
      "checkpoint.interval=auto", "run.copies=3", "agent.replay_capacity=1e5", "learner.activation=tanh",
      "environment.wrappers.resized=[1,2]", "learner.noise={kind: gaussian}", "lr=1", "learner={hidden: [1]}",
    ]
    return [
      FuzzTarget("yaml", share: 150, texts: studies, tokens: yamlTokens) { input, _ in
        _ = try ConfigurationTree.parse(bytes: input, file: "study.yaml")
      },
      FuzzTarget("study", share: 20, texts: studies, tokens: yamlTokens) { input, _ in
        _ = try Study(try ConfigurationTree.parse(bytes: input, file: "study.yaml"), in: Catalog.registry)
      },
      FuzzTarget("set", share: 200, texts: assignments, tokens: yamlTokens + ["=", "."]) { input, mutator in
        let tree = try ConfigurationTree(assignment: String(decoding: input, as: UTF8.self))
        _ = try RunPlan(
          agent: mutator.pick(["sac", "pets", "dqn", "random"]),
          environment: mutator.pick(["Pendulum-v1", "CartPole-v1", "chain"]), seed: 0, steps: 100, settings: tree,
          in: Catalog.registry, trial: false)
      },
      FuzzTarget("manifest", share: 60, examples: [manifest(in: folder)], tokens: yamlTokens) { input, _ in
        let path = "\(folder)/manifest.json"
        try input.withUnsafeBytes { raw in try Data(raw).write(to: URL(fileURLWithPath: path)) }
        let manifest = try Manifest(contentsOf: path)
        _ = try RunPlan(
          agent: manifest.agent, environment: manifest.environment, label: manifest.label, seed: manifest.seed,
          steps: manifest.steps, settings: manifest.settings, in: Catalog.registry, trial: false)
      },
    ]
  }

  /// Tables, lines of progress and messages of Python workers.
  static var lines: [FuzzTarget] {
    [
      FuzzTarget(
        "csv", share: 150,
        texts: ["a,b,c\n1,2.5,\"x, \"\"y\"\"\"\n,,\n", "environment_steps,episode\r\n1,2\r\n", "\"open\nline\",1"],
        tokens: ["\"", ",", "\n", "\r\n", "\"\""]
      ) { input, _ in _ = CSV.records(input) },
      FuzzTarget(
        "progress", share: 50,
        texts: [
          StudyReport.line(RunProgress(steps: 5, budget: 10, evaluation: -3.5, rate: 20)),
          StudyReport.line(RunProgress(steps: 0, budget: 1)),
        ]
      ) { input, _ in
        if let progress = StudyReport.parse(String(decoding: input, as: UTF8.self)) { _ = progress.secondsLeft }
      },
      FuzzTarget(
        "worker", share: 120, texts: WorkerMessageReading.examples, tokens: ["null", "[]", "{}", "-1", "true"]
      ) {
        input, _ in try WorkerMessageReading.read(input)
      },
    ]
  }

  /// A manifest as a run writes it.
  private static func manifest(in folder: String) -> [UInt8] {
    (try? FuzzRuns.finished(agent: "sac", in: folder + "/manifest-example")).flatMap {
      try? FileSystem.read($0.manifest)
    } ?? Array("{}".utf8)
  }
}
