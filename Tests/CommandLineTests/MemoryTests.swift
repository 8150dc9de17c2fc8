import Foundation
import TestSupport
import Testing

/// Runs that would need more memory than there is.
@Suite struct MemoryTests {
  /// Refused before they start, by the setting that takes it, with what it needs and what there is.
  @Test func runsThatWouldNeedMoreAreRefused() throws {
    let root = try ScratchFolder()
    let script = """
      ulimit -v 3000000
      exec "$F" train sac Pendulum-v1 --steps 100000000 --set agent.replay_capacity=100000000
      """
    let result = try Program.run(["-c", script], in: root.path, environment: ["F": Program.path], of: "/bin/bash")
    #expect(result.status == 64, "\(result.status)")
    for words in ["agent.replay_capacity = 100000000", "100000000 transitions need 3.", "(ulimit)"] {
      #expect(result.errors.contains(words), "\(result.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: root.path + "/runs"))
  }
}
