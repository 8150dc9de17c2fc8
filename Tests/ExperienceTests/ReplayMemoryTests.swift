import Experience
import Foundation
import Interfaces
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

  /// Stacks of four frames take hardly more than a byte for each pixel of the newest: a million of 84 x 84 fit in 8 GB.
  @Test func stackedImagesTakeTheirNewestFrame() async {
    await #expect(processExitsWith: .success) {
      let (count, pixels) = (4000, 84 * 84)
      let image = ImageShape(height: 84, width: 84, channels: 4, frames: 4)
      var (stack, next) = ([Float](repeating: 0, count: 4 * pixels), [Float](repeating: 0, count: 4 * pixels))
      let before = try residentBytes()
      var buffer = ReplayBuffer(capacity: 1_000_000, observationSize: 4 * pixels, actionSize: 1, image: image)
      for step in 0..<count {
        for pixel in 0..<pixels {
          for frame in 0..<3 { next[4 * pixel + frame] = stack[4 * pixel + frame + 1] }
          next[4 * pixel + 3] = Float((step &* 31 &+ pixel &* (step % 13 + 1)) & 255)
        }
        next[3] = Float(step / 256)  // no two frames are alike
        buffer.append(stack, [0], reward: 0, next: next, continues: true)
        swap(&stack, &next)
      }
      let grown = try residentBytes() - before
      let need = buffer.memoryNeed(after: count, setting: "").bytes
      #expect(Double(grown) <= 1.1 * Double(count * pixels) && need <= Double(grown) * 1.01, "\(grown) bytes, \(need)")
      #expect(buffer.memoryNeed(after: 1_000_000, setting: "").bytes < 7.5e9)
    }
  }
}

/// Bytes of this process in main memory.
private func residentBytes() throws -> Int {
  let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
  let pages = try #require(fields.count > 1 ? Int(fields[1]) : nil)
  return pages * sysconf(Int32(_SC_PAGESIZE))
}
