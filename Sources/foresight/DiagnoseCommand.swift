import Archive
import ArgumentParser
import Catalog
import Experience
import Foundation
import Interfaces
import Kernels
import Laboratory
import Learners
import Models

/// `foresight diagnose`.
struct DiagnoseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diagnose",
    abstract: "Examine the dynamics model, or the policy gradient, of a saved run on new episodes.",
    discussion: """
      The run's agent plays episodes that its model has never seen, and the model predicts them: likelihood and error one \
      step ahead, calibration, error against the number of steps ahead, and what the disagreement of its members says \
      about its error. The tables go to RUN/diagnosis, with their figures (see Plots/README.md). The run itself is not \
      changed.

      Of an on-policy agent it examines the gradient: its variance across segments and minibatches, and the cosine \
      between it and a Monte-Carlo gradient from many more steps with the same policy.

      Example:
        foresight diagnose runs/cartpole-swingup/pets/seed-0 --episodes 5 --horizon 25
        foresight diagnose runs/CartPole-v1/ppo/seed-0 --segments 20 --reference 200
      """)

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var folder: String
  @Option(parsing: .unconditional, help: "Episodes to play.", transform: wholeNumber)
  var episodes = 5
  @Option(
    parsing: .unconditional, help: "Seed of the episodes, and of what the model imagines.", transform: wholeNumber)
  var seed = 0
  @Option(parsing: .unconditional, help: "Most steps ahead.", transform: wholeNumber)
  var horizon = 25
  @Option(parsing: .unconditional, help: "Imagined trajectories from each real state.", transform: wholeNumber)
  var particles = 20
  @Option(help: "Segments whose gradients are examined, of an on-policy agent.")
  var segments = 20
  @Option(help: "Segments that its Monte-Carlo gradient is taken from.")
  var reference = 100
  @Flag(help: "Write the tables only.")
  var noFigures = false
  @OptionGroup var threads: ThreadOptions

  mutating func validate() throws {
    for (name, value, limit) in [
      ("episodes", episodes, 10_000), ("horizon", horizon, 10_000),
      ("particles", particles, 10_000),
    ] where !(1...limit).contains(value) {
      throw ValidationError("\(name) = \(value): must be in 1...\(limit)")
    }
    for (name, value) in [("segments", segments), ("reference", reference)] where !(2...1_000_000).contains(value) {
      throw ValidationError("\(name) = \(value): must be in 2...1000000")
    }
    try refuseEmpty(folder, "run")
    if seed < 0 { throw ValidationError("seed = \(seed): must be at least 0") }
  }

  func run() throws {
    try reportingErrors {
      _ = threads.configure()
      var saved = try SavedRun(RunFolder(folder), in: Catalog.registry, log: makeLogger())
      let out = folder + "/diagnosis"
      if let agent = saved.agent as? any GradientExaminable {
        let diagnosis = GradientDiagnosis(seed: seed, segments: segments, referenceSegments: reference)
        return try diagnosis.run(agent, of: saved, to: out)
      }
      guard let agent = saved.agent as? any ModelLearning else {
        throw DiagnoseError.noModel(saved.plan.agent.name)
      }
      guard let model = agent.learnedModel else {
        throw DiagnoseError.notFitted(steps: saved.steps)
      }
      var played = Trajectories(
        observationSize: saved.spec.observationSize, actionSize: saved.spec.action.size)
      let activity = ActivityPrinter()
      defer { activity.finish() }
      _ = try saved.play(
        episodes: episodes, seed: seed,
        observe: { observation, action, outcome, next in
          played.append(observation, action, outcome, next: next)
        }, progress: { activity.show("playing \(ProgressText.grouped(episodes)) episodes", "\($0) over") })
      let diagnostics = Self.examine(
        model, played.episodes, horizon: horizon, particles: particles,
        using: RandomStream(seed: UInt64(seed)).child("diagnosis"), saying: { activity.show($0) })
      activity.finish()
      try FileSystem.makeFolder(out)
      let names = saved.observationNames
      try DiagnosisTables.write(diagnostics, names, to: out)
      report(diagnostics, saved, steps: played.stepCount)
      sayLeftOut(diagnostics.constants, names, "never vary")
      sayLeftOut(diagnostics.steady, names, "change by the same in every step (errors one step ahead alone)")
      if !noFigures { try PlotCommand.runPython("diagnosis.py", [out]) }
    }
  }

  private static func examine(
    _ model: some PredictiveModel, _ episodes: [Trajectories.Episode], horizon: Int, particles: Int,
    using random: RandomStream, saying: (String) -> Void
  ) -> ModelDiagnostics {
    ModelDiagnostics(
      of: model, on: episodes, horizon: horizon, particles: particles, using: random, saying: saying)
  }

  private func report(_ diagnostics: ModelDiagnostics, _ saved: SavedRun, steps: Int) {
    print(
      "\(saved.plan.label) in \(saved.plan.environment.name) after \(ProgressText.grouped(saved.steps)) steps,"
    )
    print("\(ProgressText.grouped(steps)) new steps with seed \(seed):")
    var rows = [("calibration error", diagnostics.calibrationError)]
    if let joint = diagnostics.jointNegativeLogLikelihood {
      rows.append(("negative log-likelihood", joint))
    }
    rows.append(("its baseline", diagnostics.likelihoods.reduce(0) { $0 + $1.baseline }))
    for entry in [diagnostics.horizon.first, diagnostics.horizon.last].compactMap({ $0 }) {
      rows.append(("error \(entry.step) ahead", entry.error))
      rows.append(("spread \(entry.step) ahead", entry.spread))
    }
    for outcome in diagnostics.outcomes {
      rows.append(("\(outcome.name) error", outcome.error))
      rows.append(("its baseline", outcome.scale))
    }
    for (name, value) in rows {
      print("  \(ProgressText.padded(name, 24)) \(ProgressText.fixed(value, digits: 4))")
    }
  }
}

extension DiagnoseCommand {
  /// Says which components are left out and why.
  private func sayLeftOut(_ components: [Int], _ names: [String], _ why: String) {
    guard !components.isEmpty else { return }
    let shown = components.prefix(8).map { names[$0] }.joined(separator: ", ")
    let rest = components.count > 8 ? " and \(components.count - 8) more" : ""
    print("  left out, because they \(why): \(shown)\(rest)")
  }
}

/// Why nothing can be examined.
enum DiagnoseError: Error, CustomStringConvertible {
  case noModel(String)
  case notFitted(steps: Int)

  var description: String {
    switch self {
    case .noModel(let agent): "\(agent) learns no dynamics model and follows no policy gradient that can be examined"
    case .notFitted(let steps): "after \(steps) steps the model has not been fitted yet"
    }
  }
}
