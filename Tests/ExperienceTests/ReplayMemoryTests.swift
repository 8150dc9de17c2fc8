import Experience
import Foundation
import Testing

@Suite struct ReplayMemoryTests {
  /// A million transitions take hardly more than their numbers; measured in a process of its own.
  @Test func aMillionTransitionsTakeTheirRawSize() async {
    await #expect(processExitsWith: .success) {
      let (capacity, size, actions) = (1_000_000, 8, 2)
      let raw = 4 * capacity * (2 * size + actions + 2)
      let (observation, action) = ([Float](repeating: 1, count: size), [Float](repeating: 2, count: actions))
      let before = try residentBytes()
      var buffer = ReplayBuffer(capacity: capacity, observationSize: size, actionSize: actions)
      for _ in 0..<capacity + 10 {
        buffer.append(observation, action, reward: 3, next: observation, continues: true)
      }
      let grown = try residentBytes() - before
      #expect(buffer.count == capacity && buffer.byteCount == raw)
      #expect(Double(grown) <= 1.05 * Double(raw), "\(grown) bytes for \(raw)")
      // the measure sees what there is
      #expect(Double(grown) >= 0.98 * Double(raw), "\(grown) bytes for \(raw)")
    }
  }
}

/// Bytes of this process in main memory.
private func residentBytes() throws -> Int {
  let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
  let pages = try #require(fields.count > 1 ? Int(fields[1]) : nil)
  return pages * sysconf(Int32(_SC_PAGESIZE))
}
