import Archive
import ArgumentParser
import Foundation
import Laboratory
import Launching

/// `foresight study task`: what a scheduler runs.
struct StudyTaskCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "task", abstract: "One task of a submission; schedulers call it.", shouldDisplay: false)

  @Argument(help: "The submission's folder.")
  var folder: String
  @Option(help: "Checksum of the submission's file.")
  var checksum: UInt32
  @Option(help: "Number of the task.")
  var index: Int

  func run() throws {
    try reportingErrors {
      Signals.install(grace: nil)
      let job = JobFolder(folder)
      let submission = try Submission(contentsOf: job.submission)
      let say: (String) -> Void = { StandardStreams.writeErrors("\(Date.now.formatted(.iso8601)) \($0)\n") }
      var runner = try TaskRunner(
        job, index: index, checksum: checksum, executable: PackageRoot.executable, say: say)
      switch try runner.run(stop: Signals.stop, executable: PackageRoot.executable) {
      case .finished, .requeued: return
      case .left:
        throw ExitCode(Signals.stop.signal.map { 128 + $0 } ?? submission.settings.unfinishedStatus)
      case .failed: throw ExitCode(FailureStatus.failed)
      }
    }
  }
}
