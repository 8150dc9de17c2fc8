import Archive
import ArgumentParser
import Foundation
import Laboratory

/// `foresight export`.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Take a run's policy elsewhere (ONNX, PyTorch, NumPy, safetensors), or its tables to TensorBoard.",
    discussion: """
      'foresight export RUN --to FORM' takes a policy, with the normalisation of its observations and the scaling of its \
      actions. Agents that plan have none; 'distill' makes one of them.

      Example:
        foresight export runs/Pendulum-v1/sac/seed-0 --to onnx
        foresight export tensorboard runs/Pendulum-v1/sac/seed-0 --out events
      """,
    subcommands: [ExportPolicyCommand.self, ExportTensorBoardCommand.self, ExportSpacesCommand.self],
    defaultSubcommand: ExportPolicyCommand.self)
}

/// `foresight export policy`, and `foresight export` without a subcommand.
struct ExportPolicyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy", abstract: "A run's policy as ONNX, PyTorch, NumPy or safetensors (the default).",
    discussion: "Runs Plots/export.py, with any further arguments.")

  @Argument(help: "The run's folder.")
  var folder: String
  @Argument(parsing: .captureForPassthrough, help: "Arguments for Plots/export.py.")
  var further: [String] = []

  func run() throws { try reportingErrors { try PlotCommand.runPython("export.py", [folder] + further) } }
}

/// `foresight export tensorboard`.
struct ExportTensorBoardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tensorboard", abstract: "The tables of a study or a run as TensorBoard's event files.",
    discussion: """
      'train', 'study run' and 'study submit' write the same with --tensorboard while runs go on.

      Example:
        foresight export tensorboard Experiments/demo/results
        foresight export tensorboard runs/Pendulum-v1/sac/seed-0 --out events --follow
      """)

  @Argument(help: "The folder of a study or of a run.")
  var folder: String
  @Option(help: ArgumentHelp("Where they go; 'tensorboard' in that folder unless given.", valueName: "folder"))
  var out: String?
  @Flag(help: "Go on until all runs are finished, looking every five seconds for more.")
  var follow = false

  mutating func validate() throws {
    if let out { try refuseEmpty(out, "out") }
  }

  func run() throws {
    try reportingErrors {
      let out = out ?? folder + "/tensorboard"
      let runs = try Self.runs(in: folder, out)
      var writers: [Int: RunEvents] = [:]
      var counts: [Int: Int] = [:]
      while true {
        let hasEnded = runs.allSatisfy(\.run.hasEnded)
        for (index, place) in runs.enumerated() where place.run.hasManifest {
          let writer = try writers[index] ?? Self.writer(place.run, place.out)
          try writer.update(isLive: follow)
          counts[index] = writer.count
          if follow { writers[index] = writer }
        }
        if !follow || hasEnded { break }
        sleep(5)
      }
      guard counts.values.contains(where: { $0 > 0 }) else {
        throw EventsError(description: "\(folder): no run has written anything yet")
      }
      for (index, place) in runs.enumerated() {
        if let count = counts[index], count > 0 { print("\(place.out): \(ProgressText.grouped(count)) values") }
      }
      print("See them with: .venv/bin/tensorboard --logdir \(out)")
    }
  }

  private static func writer(_ run: RunFolder, _ out: String) throws -> RunEvents {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: out)) ?? []
    if let other = names.first(where: { $0.contains("tfevents") && !$0.hasSuffix(".foresight") }) {
      throw EventsError(description: "\(out): has event files of another program (\(other)); give another --out")
    }
    return try RunEvents(of: run, in: out)
  }

  /// The runs in a folder, and where the events of each go.
  private static func runs(in folder: String, _ out: String) throws -> [(run: RunFolder, out: String)] {
    let study = StudyFolder(folder)
    if FileSystem.exists(study.list) {
      return try study.readList().map { (study.folder(of: $0), "\(out)/\($0.folder)") }
    }
    if RunFolder(folder).hasManifest { return [(RunFolder(folder), out)] }
    let kept = FileSystem.exists(folder + "/manifests.jsonl") ? "; its runs' folders are not kept here" : ""
    throw EventsError(
      description: "\(folder) is neither a study's folder nor a run's (no study.json or manifest.json)\(kept)")
  }
}

/// Why there are no events, in words.
struct EventsError: Error, CustomStringConvertible { let description: String }
