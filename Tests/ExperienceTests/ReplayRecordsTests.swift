import Archive
import Experience
import Foundation
import Interfaces
import Synchronization
import TestSupport
import Testing

/// Replays whose transitions are appended to a file rather than saved among the tensors.
@Suite struct ReplayRecordsTests {
  private let root: ScratchFolder
  private var path: String { root.path + "/records" }

  init() throws { root = try ScratchFolder() }

  private enum Kind: CaseIterable {
    case plain, timed, images
  }

  private static let shape = ImageShape(height: 4, width: 3, channels: 2, frames: 2)

  private func buffer(_ kind: Kind, capacity: Int = 20) -> ReplayBuffer {
    let size = kind == .images ? Self.shape.count : NumberedTransitions.observationSize
    return ReplayBuffer(
      capacity: capacity, observationSize: size, actionSize: 2, keepsTimes: kind == .timed,
      image: kind == .images ? Self.shape : nil)
  }

  private func append(_ ids: Range<Int>, to buffer: inout ReplayBuffer) {
    for id in ids {
      func observation(_ id: Int) -> [Float] {
        (0..<buffer.observationSize).map { Float((id / 2 * 31 + $0 / 2) % 256) }
      }
      buffer.append(
        observation(id), [Float(id), 0.5], reward: Float(3 * id), next: observation(id + 1), continues: id % 5 != 0,
        time: id % 7)
    }
  }

  /// Records in one file, as a checkpoint store would give them.
  private final class Source: RecordSource {
    private let path: String
    private let length: Int
    let lineage = Mutex<RecordLineage?>(nil)

    init(path: String, length: Int) { (self.path, self.length) = (path, length) }

    func has(_ name: String) -> Bool { name == "replay." }

    func read(
      _ name: String, _ numbers: Range<Int>, lineage: RecordLineage,
      _ take: (RecordBlock) throws(ArchiveError) -> Void
    ) throws(ArchiveError) -> Bool {
      self.lineage.withLock { $0 = lineage }
      try RecordFile.read(path, length: length, from: numbers.lowerBound, take)
      return true
    }
  }

  private func state(_ buffer: ReplayBuffer) -> TensorFile {
    var writer = StateWriter(settingRecordsAside: true)
    writer.write("replay", buffer)
    return writer.file
  }

  /// Appended in parts of odd sizes; the ring wraps between and within blocks.
  @Test(arguments: [1, 13, 20, 21, 39, 58]) func comesBackFromWhatWasAppended(_ total: Int) throws {
    for kind in Kind.allCases {
      unlink(path)
      var (original, length, done) = (buffer(kind), 0, 0)
      for part in [7, 1, 12, 3, 20, 9, 6] where done < total {
        let next = min(total, done + part)
        append(done..<next, to: &original)
        length = try RecordFile.append(done..<next, of: original, to: path, length: length)
        done = next
      }
      let source = Source(path: path, length: length)
      var restored = buffer(kind)
      append(100..<131, to: &restored)
      try StateReader(state(original), records: source).read("replay", into: &restored)
      #expect(OracleState(restored) == OracleState(original), "\(kind) after \(total)")
      let seen = source.lineage.withLock { $0 }
      #expect(seen == restored.lineage)
      append(total..<total + 9, to: &original)
      append(total..<total + 9, to: &restored)
      #expect(OracleState(restored) == OracleState(original))
    }
  }

  /// The tensors say where the ring stands, and nothing of what is in it.
  @Test func theTensorsDoNotGrowWithTheReplay() {
    var held = buffer(.plain, capacity: 100_000)
    append(0..<10, to: &held)
    let small = state(held).encoded().count
    append(10..<50_000, to: &held)
    #expect(state(held).encoded().count == small)
  }

  /// A file of which any byte is another is damaged, never a trap and never other transitions.
  @Test func aFlippedByteIsNoticed() throws {
    for kind in Kind.allCases {
      unlink(path)
      var original = buffer(kind)
      append(0..<9, to: &original)
      let length = try RecordFile.append(0..<9, of: original, to: path, length: 0)
      let bytes = try FileSystem.read(path)
      for place in bytes.indices {
        var flipped = bytes
        flipped[place] ^= 1 << (place % 8)
        try Data(flipped).write(to: URL(fileURLWithPath: path))
        var restored = buffer(kind)
        #expect(throws: ArchiveError.self) {
          try StateReader(state(original), records: Source(path: path, length: length)).read("replay", into: &restored)
        }
      }
    }
  }

  /// A block that a checksum fits and that is of other transitions is refused.
  @Test func recordsOfAnotherShapeAreRefused() throws {
    for (written, read) in [(Kind.plain, Kind.timed), (.timed, .plain), (.images, .plain), (.plain, .images)] {
      unlink(path)
      var original = buffer(written)
      append(0..<9, to: &original)
      let length = try RecordFile.append(0..<9, of: original, to: path, length: 0)
      var restored = buffer(read)
      #expect(throws: ArchiveError.self) {
        try StateReader(state(original), records: Source(path: path, length: length)).read("replay", into: &restored)
      }
    }
  }

  /// Forgetting, resizing and restoring begin a series of their own; a copy is of the same.
  @Test func whatNumbersOtherTransitionsIsOfAnotherLineage() throws {
    var original = buffer(.plain)
    append(0..<9, to: &original)
    let copy = original
    #expect(copy.lineage == original.lineage)
    #expect(original.resized(to: 5).lineage != original.lineage)
    var restored = original
    try OracleState(original).restore(into: &restored)
    #expect(restored.lineage != original.lineage)
    original.removeAll()
    #expect(copy.lineage != original.lineage)
  }
}
