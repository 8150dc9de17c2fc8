import Archive
import ArgumentParser
import Configuration
import Foundation
import Laboratory
import Launching
import Recording

/// Exit statuses, after BSD's sysexits where it has one.
enum FailureStatus {
  static let failed: Int32 = 1
  static let usage: Int32 = 64
  static let damagedFile: Int32 = 65
  static let folderTaken: Int32 = 73
  static let inputOutput: Int32 = 74

  static func of(_ error: any Error) -> Int32 {
    switch error {
    case is ConfigurationError: usage
    case ArchiveError.system: inputOutput
    case is ArchiveError: damagedFile
    case RunError.occupied, RunError.busy, RunError.foreign, RunError.lost, RunError.changed: folderTaken
    case LaunchError.settings: usage
    case RunError.nothingSaved, RunError.noCheckpoint, VideoError.unknownFormat, PlotError.noStudy: usage
    case is DatasetError: usage
    default: failed
    }
  }
}

/// Runs a command's body; an error becomes one line on the standard error output and an exit status.
func reportingErrors(_ body: () throws -> Void) throws {
  do {
    try body()
  } catch let exit as ExitCode {
    throw exit
  } catch {
    printError("error: \(error)")
    throw ExitCode(FailureStatus.of(error))
  }
}

/// Writes a line to the standard error output.
func printError(_ line: String) { StandardStreams.writeErrors(line + "\n") }
