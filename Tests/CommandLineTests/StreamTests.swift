import Foundation
import Laboratory
import Testing
import TestSupport

/// Standard streams that are full, closed, or read by nobody any more: the exit status stays what it is.
@Suite struct StreamTests {
  private let root: ScratchFolder

  init() throws { root = try ScratchFolder() }

  /// Runs the program in a shell, with redirections.
  private func shell(_ script: String) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-c", script]
    process.currentDirectoryURL = URL(fileURLWithPath: root.path)
    process.environment = ProcessInfo.processInfo.environment.merging(["F": Program.path]) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus + (process.terminationReason == .uncaughtSignal ? 128 : 0)
  }

  @Test(arguments: ["2>/dev/full", "2>&-", "2> >(exec true)", ">&- 2>&- <&-", ">/dev/full 2>/dev/full"])
  func anErrorThatCannotBeWrittenKeepsItsStatus(redirection: String) throws {
    #expect(try shell("$F train randm Pendulum-v1 \(redirection)") == 64)
    #expect(try shell("$F train sac Pendulum-v1 --bogus \(redirection)") == 64)
    #expect(try shell("touch file; $F train random Pendulum-v1 --steps 5 --out file/x \(redirection)") == 74)
    #expect(try shell("$F study status nowhere \(redirection)") == 64)
  }

  @Test(arguments: [">/dev/full", ">&-", "| true", ">&- 2>&- <&-", "2>&- <&-"])
  func outputThatCannotBeWrittenIsLost(redirection: String) throws {
    let train = "train random Pendulum-v1 --steps 400 --force"
    #expect(try shell("set -o pipefail; $F \(train) \(redirection)") == 0)
    #expect(try shell("set -o pipefail; $F list agents \(redirection)") == 0)
    let table = try String(contentsOfFile: root.path + "/runs/Pendulum-v1/random/seed-0/episodes.csv", encoding: .utf8)
    #expect(table.split(separator: "\r\n").count == 3, "\(table)")
  }

  /// A worker's sockets must not get the numbers of standard streams.
  @Test(arguments: [">&- 2>&- <&-", "<&-", "2>&-"])
  func pythonEnvironmentsRunWithClosedStreams(redirection: String) throws {
    #expect(try shell("timeout 60 $F train random gymnasium:CartPole-v1 --steps 30 \(redirection)") == 0)
    let folder = root.path + "/runs/gymnasium_CartPole-v1/random/seed-0"
    #expect(FileManager.default.fileExists(atPath: folder + "/checkpoint-30.safetensors"))
  }
}
