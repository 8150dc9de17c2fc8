import ArgumentParser
import Catalog
import Configuration
import Foundation
import Laboratory

/// `foresight train`: one run.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train one agent in one environment.",
    discussion: """
      The run goes into OUT/<environment>/<agent>/seed-<n>. The same command continues a run that was interrupted, from \
      its last checkpoint, and its tables end up byte for byte as if it had not been. A larger --steps continues a \
      finished run. With --set run.copies=N the environment is stepped in N copies at a time and the agent acts on all of \
      them at once; --steps counts the steps of all copies, up to the first multiple of N that reaches it. With --dataset an \
      off-policy agent learns from a file alone, and steps are gradient steps.

      Example:
        foresight train pets cartpole-swingup --seed 1 --steps 2000 --set planner.horizon=20
        foresight train iql Pendulum-v1 --dataset medium.npz --steps 20000
        foresight train --manifest runs/Pendulum-v1/sac/seed-0/manifest.json --out again
      """)

  @Argument(help: "The agent; 'foresight list agents' shows them.")
  var agent: String?
  @Argument(help: "The environment; 'foresight list environments' shows them.")
  var environment: String?
  @Option(parsing: .unconditional, help: "Seed of all randomness, at least 0. (default: 0)", transform: wholeNumber)
  var seed: Int?
  @Option(parsing: .unconditional, help: "Environment steps to take in all. (default: 10000)", transform: wholeNumber)
  var steps: Int?
  @Option(help: "Folder of the results.")
  var out = "runs"
  @Option(
    help: ArgumentHelp("Repeat the run of a manifest instead of naming agent and environment.", valueName: "file"))
  var manifest: String?
  @Option(
    help: ArgumentHelp(
      "Learn from this file of transitions alone ('foresight dataset'), without stepping the environment but to evaluate; "
        + "--steps counts gradient steps. Short for --set agent.dataset=FILE.", valueName: "file"))
  var dataset: String?
  @Flag(help: "Start anew, deleting an earlier run's files in its folder.")
  var force = false
  @Flag(help: "Go on in another user's folder though its checkpoint holds a pickled Python environment, which is code.")
  var trust = false
  @Flag(help: "Write TensorBoard's event files into the run's folder, as the run goes on.")
  var tensorboard = false
  @OptionGroup var settings: SettingOptions
  @OptionGroup var threads: ThreadOptions

  @Option(help: "Name of the agent's folder; the agent's own unless given. A new one for other settings.")
  var label: String?
  @Option(name: .customLong("settings-json"), help: .hidden) var settingsJSON: String?
  @Flag(name: .customLong("report-to-study"), help: .hidden) var reportsToStudy = false
  @Option(help: .hidden) var grace = 4.0
  @Option(help: .hidden) var patience = 5.0
  @Option(name: .customLong("made-of"), help: .hidden) var madeOf: String?

  mutating func validate() throws {
    try refuseEmpty(out, "out")
    if let dataset { try refuseEmpty(dataset, "dataset") }
    if manifest != nil {
      if agent != nil { throw ValidationError("give either --manifest or an agent and an environment") }
    } else if agent == nil || environment == nil {
      throw ValidationError("give an agent and an environment, or --manifest")
    }
  }

  func run() throws {
    try reportingErrors {
      let plan = try plan()
      let folder = RunFolder(output: out, plan: plan)
      Signals.install(grace: grace)
      let host = Host.facts(threads: threads.configure())
      for warning in plan.warnings { printError("warning: \(warning)") }
      let expected = try madeOf.map { try JSONDecoder().decode([String: String].self, from: Data($0.utf8)) }
      switch try Run.open(
        plan, in: folder, host: host, force: force, trusts: trust, expected: expected, lockPatience: patience,
        log: makeLogger())
      {
      case .alreadyDone(let steps):
        say("\(folder.path) already has \(ProgressText.grouped(steps)) steps, nothing to do")
      case .ready(var run):
        if tensorboard { try run.writeEvents() }
        try execute(&run)
      }
    }
  }

  private func plan() throws -> RunPlan {
    var overrides = try settings.tree()
    if let dataset {
      overrides = overrides.merging(.mapping([("agent", .mapping([("dataset", .string(dataset))]))]))
    }
    if let manifest {
      let origin = try Manifest(contentsOf: manifest)
      return try RunPlan(
        agent: origin.agent, environment: origin.environment, label: label ?? origin.label, seed: seed ?? origin.seed,
        steps: steps ?? origin.steps, settings: origin.settings.merging(overrides), in: Catalog.registry, trial: false)
    }
    var tree = ConfigurationTree()
    if let settingsJSON { tree = try ConfigurationTree.parse(yaml: settingsJSON, file: "settings") }
    return try RunPlan(
      agent: agent ?? "", environment: environment ?? "", label: label, seed: seed ?? 0, steps: steps ?? 10_000,
      settings: tree.merging(overrides), in: Catalog.registry, trial: false)
  }

  private func execute(_ run: inout Run) throws {
    let folder = run.folder.path
    let plan = run.plan
    var origin = run.steps > 0 ? ", going on from step \(ProgressText.grouped(run.steps))" : ""
    if run.unpickles { origin += " and unpickling its Python environment" }
    say("\(plan.label) in \(plan.environment.name), seed \(plan.seed)\(origin)")
    let printer = ProgressPrinter(forStudy: reportsToStudy)
    defer { printer.finish() }
    let outcome = try run.execute(stop: Signals.stop) { printer.show($0) }
    printer.finish()
    switch outcome {
    case .finished:
      if !run.hasLearned {
        printError(
          "warning: \(plan.label) has learned nothing in \(ProgressText.grouped(run.steps)) steps: training.csv is empty"
        )
      }
      say("finished \(ProgressText.grouped(run.steps)) steps; results in \(folder):")
      say(
        "  "
          + ([RunTable.episodes, .evaluations, .training, .timing].map(\.fileName) + ["manifest.json"]).joined(
            separator: " "))
    case .stopped(let signal):
      let place = run.savedSteps == run.steps ? "" : " from step \(run.savedSteps), the end of an episode"
      printError("stopped at step \(run.steps) and saved; the same command continues\(place)")
      throw ExitCode(128 + signal)
    }
  }

  private func say(_ line: String) {
    guard !reportsToStudy else { return }
    print(line)
    fflush(nil)  // progress is written past the buffer
  }
}
