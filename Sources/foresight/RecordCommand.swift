import ArgumentParser
import Catalog
import Interfaces
import Laboratory
import Recording

/// `foresight record`.
struct RecordCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record",
    abstract: "Make a video of a saved run's agent in its environment.",
    discussion: """
      Shows the episodes that 'foresight evaluate' with the same seed measures, one after the other, at the speed of the \
      task where it has one. An existing file is replaced. Needs ffmpeg.

      Example:
        foresight record runs/Pendulum-v1/sac/seed-0 --episodes 3 --out pendulum.mp4
      """)

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var folder: String
  @Option(parsing: .unconditional, help: "Episodes to show.", transform: wholeNumber)
  var episodes = 1
  @Option(parsing: .unconditional, help: "Seed of the episodes.", transform: wholeNumber)
  var seed = 0
  @Option(name: .customLong("out"), help: ArgumentHelp("The file, .mp4 or .gif.", valueName: "file"))
  var output: String
  @Option(parsing: .unconditional, help: "Rows of pixels of drawings, an even number.", transform: wholeNumber)
  var height = 400
  @OptionGroup var threads: ThreadOptions

  mutating func validate() throws {
    if !(1...10_000).contains(episodes) { throw ValidationError("episodes = \(episodes): must be in 1...10000") }
    try refuseEmpty(folder, "run")
    if seed < 0 { throw ValidationError("seed = \(seed): must be at least 0") }
    if !(16...4320).contains(height) || height % 2 != 0 {
      throw ValidationError("height = \(height): must be an even number in 16...4320")
    }
  }

  func run() throws {
    try reportingErrors {
      _ = threads.configure()
      _ = try VideoWriter.Format(ofFile: output)
      var saved = try SavedRun(RunFolder(folder), in: Catalog.registry, log: makeLogger())
      let recorder = try Recorder(output, height: height, timeStep: Double(saved.spec.timeStep))
      do {
        let activity = ActivityPrinter()
        defer { activity.finish() }
        let played = try saved.play(
          episodes: episodes, seed: seed, watch: { try recorder.add(&$0) },
          progress: { activity.show("recording \(ProgressText.grouped(episodes)) episodes", "\($0) over") })
        try recorder.finish()
        activity.finish()
        for (index, episode) in played.enumerated() {
          print("episode \(index): return \(ProgressText.fixed(episode.total, digits: 2)), \(episode.length) steps")
        }
      } catch {
        recorder.abandon()
        throw error
      }
      print("\(output): \(ProgressText.fixed(recorder.framesPerSecond, digits: 0)) frames a second")
    }
  }
}
