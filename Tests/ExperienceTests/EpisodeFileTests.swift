import Archive
import Experience
import Foundation
import Interfaces
import Kernels
import TestSupport
import Testing

/// Episodes in files that NumPy reads and writes.
@Suite struct EpisodeFileTests {
  private static func episode(_ length: Int, ending: Ending) -> Trajectories.Episode {
    var (random, episodes) = (RandomStream(seed: 1), Trajectories(observationSize: 3, actionSize: 2))
    var observation: [Float] = [0, 1, 2]
    for t in 0..<length {
      let next = observation.map { $0 + random.normal() }
      episodes.append(
        observation, [random.uniform(), random.uniform()],
        StepOutcome(reward: random.normal(), ending: t == length - 1 ? ending : .none), next: next)
      observation = next
    }
    if ending == .none { episodes.cut(at: observation) }
    return episodes.episodes[0]
  }

  @Test(arguments: Ending.allCases) func filesKeepEpisodes(_ ending: Ending) throws {
    let episode = Self.episode(7, ending: ending)
    let bytes = EpisodeFile.encode(episode)
    let read = try EpisodeFile.decode(bytes, observationSize: 3, actionSize: 2, path: "e.npz")
    #expect(read.observations == episode.observations && read.actions == episode.actions)
    #expect(read.rewards == episode.rewards && read.ending == ending)
    #expect(EpisodeFile.encode(read) == bytes)
    #expect(throws: ArchiveError.self) {
      try EpisodeFile.decode(bytes, observationSize: 4, actionSize: 2, path: "e.npz")
    }
  }

  /// No damaged file gets through, nor traps.
  @Test func damageIsFound() {
    let bytes = EpisodeFile.encode(Self.episode(4, ending: .truncated))
    for length in stride(from: 0, to: bytes.count, by: 7) {
      #expect(throws: ArchiveError.self, "\(length) bytes") {
        try EpisodeFile.decode(Array(bytes.prefix(length)), observationSize: 3, actionSize: 2, path: "e.npz")
      }
    }
    var random = RandomStream(seed: 1)
    for _ in 0..<300 {
      var damaged = bytes
      damaged[random.index(below: bytes.count)] ^= UInt8(1 << random.index(below: 8))
      _ = try? EpisodeFile.decode(damaged, observationSize: 3, actionSize: 2, path: "e.npz")
    }
  }

  private struct Question: Encodable { let path, out: String }
  private struct Answer: Decodable {
    let observations, actions: [[Float]]
    let rewards: [Float]
    let terminated, truncated: [Int]
  }

  /// NumPy finds the arrays, and what it saves of them is read.
  @Test func numPyReadsAndWritesThem() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("foresight-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (path, out) = (folder.appendingPathComponent("a.npz").path, folder.appendingPathComponent("b.npz").path)
    let episode = Self.episode(5, ending: .terminated)
    try EpisodeFile.write(episode, to: path)
    let answer: Answer = try PeerProcess.ask(
      "numpy_files.py", of: "ExperienceTests", Question(path: path, out: out))
    #expect(answer.observations == (0...5).map { Array(episode.observations.row($0)) })
    #expect(answer.actions == (0..<5).map { Array(episode.actions.row($0)) })
    #expect(answer.rewards == episode.rewards && answer.terminated == [1] && answer.truncated == [0])
    let back = try EpisodeFile.decode(FileSystem.read(out), observationSize: 3, actionSize: 2, path: out)
    #expect(back.observations == episode.observations && back.rewards == episode.rewards)
    #expect(back.ending == .terminated)
  }

  @Test func replayTakesInEpisodes() {
    let episode = Self.episode(4, ending: .terminated)
    var replay = ReplayBuffer(capacity: 10, observationSize: 3, actionSize: 2)
    replay.append(episode)
    var batch = TransitionBatch(count: 4, observationSize: 3, actionSize: 2)
    [Int32](0..<4).withUnsafeBufferPointer { replay.gather($0, into: &batch) }
    for t in 0..<4 {
      #expect(Array(batch.observations.row(t)) == Array(episode.observations.row(t)))
      #expect(Array(batch.nextObservations.row(t)) == Array(episode.observations.row(t + 1)))
      #expect(batch.continues[t] == (t == 3 ? 0 : 1) && batch.rewards[t] == episode.rewards[t])
    }
    var other = ReplayBuffer(capacity: 2, observationSize: 3, actionSize: 2)
    for index in 0..<4 { other.append(index, of: replay) }
    [Int32](0..<2).withUnsafeBufferPointer { other.gather($0, into: &batch) }
    #expect(Array(batch.actions.row(0)) == Array(episode.actions.row(2)) && batch.continues[1] == 0)
  }
}
