import Archive
import Foundation
import Laboratory
import TestSupport
import Testing

/// Disks that fill up or go away under a run: one sentence with the path, status 74, and what was written before is
/// whole.
@Suite struct DiskTests {
  private let root: ScratchFolder
  private var folder: RunFolder { RunFolder("\(root.path)/runs/Pendulum-v1/sac/seed-0") }

  init() throws { root = try ScratchFolder() }

  private let command = [
    "train", "sac", "Pendulum-v1", "--threads", "1", "--set", "learner.hidden=[16,16]", "--set", "agent.batch_size=16",
    "--set", "evaluation.episodes=0", "--set", "checkpoint.interval=500",
  ]

  private func shell(_ line: String) throws -> Program.Result {
    try Program.run(["-c", line, Program.path] + command, in: root.path, of: "/bin/sh")
  }

  private func oneSentence(_ result: Program.Result, about path: String) {
    #expect(result.status == 74, "\(result.errors)")
    let errors = result.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") }
    #expect(errors.count == 1 && errors[0].contains(path), "\(result.errors)")
  }

  /// Lines are whole, and the run goes on from its checkpoint to the same end as one that met no limit.
  @Test func aFileSizeLimitLeavesEarlierFilesWhole() throws {
    // in blocks of 512 bytes; the file of records reaches it after some thousand steps
    let limited = try shell("ulimit -f 200; exec \"$0\" \"$@\" --steps 20000")
    oneSentence(limited, about: "runs/Pendulum-v1/sac/seed-0")
    for table in RunTable.allCases {
      let bytes = try FileSystem.read(folder.path(of: table))
      #expect(bytes.last == UInt8(ascii: "\n"))
    }
    #expect(try Manifest(contentsOf: folder.manifest).status == .failed)
    #expect((folder.checkpoints().first ?? 0) > 0)
    let steps = ["--steps", "4000"]
    #expect(try Program.run(command + steps, in: root.path).status == 0)
    #expect(try Program.run(command + steps + ["--out", "straight"], in: root.path).status == 0)
    let straight = "\(root.path)/straight/Pendulum-v1/sac/seed-0"
    #expect(reproducibleTables(folder.path) == reproducibleTables(straight))
  }

  @Test func aFolderThatIsDeletedUnderARunIsAnErrorOfItsPath() throws {
    let process = try Program.start(command + ["--steps", "200000"], in: root.path)
    while folder.checkpoints().first ?? 0 == 0, process.isRunning { usleep(10_000) }
    // in one go: files that the run makes and renames would come between
    try FileManager.default.moveItem(atPath: root.path + "/runs", toPath: root.path + "/gone")
    try FileManager.default.removeItem(atPath: root.path + "/gone")
    oneSentence(process.finish(), about: "runs/Pendulum-v1/sac/seed-0")
  }
}
