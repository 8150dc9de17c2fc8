import Archive
import Experience
import Foundation
import Interfaces
import Kernels
import Testing

/// Datasets in files, and replayed.
@Suite struct TransitionDatasetTests {
  /// Episodes of 3 steps that terminates and of 2 steps that is cut off; observations count from 0, rewards are 1, 2, ...
  private var dataset: TransitionDataset {
    var dataset = TransitionDataset(environment: "Pendulum-v1", observationSize: 2, actionSize: 1)
    for (step, ending) in [Ending.none, .none, .terminated, .none, .truncated].enumerated() {
      let at = Float(step)
      dataset.append(
        [at, -at], [at / 10], StepOutcome(reward: at + 1, ending: ending), next: [at + 1, -at - 1])
    }
    return dataset
  }

  private func path(_ suffix: String) -> String { NSTemporaryDirectory() + UUID().uuidString + suffix }

  @Test func filesKeepEverything() throws {
    let file = path(".npz")
    defer { try? FileManager.default.removeItem(atPath: file) }
    try dataset.write(to: file)
    let read = try TransitionDataset(contentsOf: file)
    #expect(read == dataset && read.checksum == dataset.checksum)
    #expect(read.episodes.map(\.total) == [6, 9] && read.episodes.map(\.length) == [3, 2])
    var changed = read
    changed.append([0, 0], [0], StepOutcome(reward: 0, ending: .none), next: [0, 0])
    #expect(changed.checksum != read.checksum)
    changed.endEpisode()
    #expect(changed.endings.last == .truncated)
  }

  @Test func whatIsMissingIsNamed() throws {
    let file = path(".npz")
    defer { try? FileManager.default.removeItem(atPath: file) }
    func problem(_ change: (inout NumPyArchive) -> Void) throws -> String {
      var archive = try NumPyArchive(decoding: dataset.encoded(), path: file)
      change(&archive)
      try FileSystem.replace(file, with: archive.encoded())
      let error = #expect(throws: ArchiveError.self) { _ = try TransitionDataset(contentsOf: file) }
      return error.map { "\($0)" } ?? ""
    }
    for name in ["observations", "actions", "rewards", "next_observations", "terminated"] {
      #expect(try problem { $0.arrays[name] = nil }.contains("'\(name)'"))
    }
    #expect(try problem { $0.arrays["actions"] = $0.arrays["environment"] }.contains("'actions'"))
    #expect(try problem { $0.arrays["rewards"] = [Float]().withUnsafeBufferPointer { Tensor(shape: [0], $0) } } != "")
  }

  /// Names of D4RL's arrays, and endings told by `continues`.
  @Test func otherNamesAreRead() throws {
    let file = path(".npz")
    defer { try? FileManager.default.removeItem(atPath: file) }
    var archive = try NumPyArchive(decoding: dataset.encoded(), path: file)
    archive.arrays["terminals"] = archive.arrays["terminated"]
    archive.arrays["timeouts"] = archive.arrays["truncated"]
    for name in ["terminated", "truncated", "environment"] { archive.arrays[name] = nil }
    try FileSystem.replace(file, with: archive.encoded())
    var expected = dataset
    expected.environment = ""
    #expect(try TransitionDataset(contentsOf: file) == expected)
    let continues: [Float] = [1, 1, 0, 1, 1]
    archive.arrays["continues"] = continues.withUnsafeBufferPointer { Tensor(shape: [5], $0) }
    for name in ["terminals", "timeouts"] { archive.arrays[name] = nil }
    try FileSystem.replace(file, with: archive.encoded())
    #expect(try TransitionDataset(contentsOf: file).endings == [.none, .none, .terminated, .none, .none])
  }

  /// Returns of two steps do not reach from one episode into the next.
  @Test func stepsAreJoinedWithinEpisodes() {
    var replay = ReplayBuffer(capacity: 5, observationSize: 2, actionSize: 1, keepsTimes: true)
    var returns = MultiStepReturns(steps: 2, discount: 0.5, observationSize: 2, actionSize: 1)
    returns.append(dataset, to: &replay)
    let batch = replay.contents
    let (rewards, continues): ([Float], [Float]) = ([2, 3.5, 3, 6.5, 5], [0.5, 0, 0, 0.5, 1])
    #expect(batch.rewards.elements == rewards)
    #expect(batch.continues.elements == continues)
    let whole = ReplayBuffer(dataset).contents
    let (all, ends): ([Float], [Float]) = ([1, 2, 3, 4, 5], [1, 1, 0, 1, 1])
    #expect(whole.rewards.elements == all)
    #expect(whole.continues.elements == ends)
  }
}
