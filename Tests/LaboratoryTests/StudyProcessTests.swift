import Archive
import Configuration
import Foundation
import Laboratory
import Testing
import TestSupport

/// A study and the processes of its runs.
@Suite struct StudyProcessTests {
  /// What a run has started may outlive it and hold its outputs: the study goes by the run. Its last words count, also
  /// without a line's end.
  @Test(arguments: [0, 3]) func whatOutlivesARunDoesNotHoldTheStudy(status: Int32) throws {
    let root = try ScratchFolder()
    let program = root.path + "/program"
    try Data(
      "#!/bin/bash\nsleep 600 &\necho $! >> \(root.path)/left\nprintf 'error: on the rocks' >&2\nexit \(status)\n".utf8
    )
    .write(to: URL(fileURLWithPath: program))
    chmod(program, 0o755)
    let study = try Study(
      ConfigurationTree.parse(
        yaml: "{name: s, environments: [countdown], agents: [tally], steps: 5, seeds: 2}", file: "study.yaml"),
      in: fixtures)
    var runner = try StudyRunner(
      study, in: StudyFolder(root.path + "/results"), executable: program, jobs: 2, threads: 1, force: false)
    var said: [String] = []
    let summary = try runner.run(stop: StopRequest(), show: { _ in }, say: { said.append($0) })
    let left = try String(contentsOfFile: root.path + "/left", encoding: .utf8).split(separator: "\n")
    #expect(left.count == 2)
    for process in left.compactMap({ pid_t($0) }) {
      #expect(kill(process, 0) == 0, "nothing has outlived the run")
      kill(process, SIGKILL)
    }
    #expect(summary.failures.count == (status == 0 ? 0 : 2))
    #expect(said.count == 2 && said.allSatisfy { $0.hasSuffix("on the rocks") }, "\(said)")
  }
}
