import Archive
import Experience
import Interfaces
import Kernels
import TestSupport
import Testing

@Suite struct ReplayCheckpointTests {
  private let capacity = 20

  /// A restored buffer holds, appends and samples what the saved one does, before, at and after wrapping.
  @Test(arguments: [0, 1, 13, 19, 20, 21, 39, 40, 47]) func restoredBuffersGoOnAlike(_ appended: Int) throws {
    var original = NumberedTransitions.buffer(capacity: capacity, holding: 0..<appended)
    // what the receiver held before must not show
    var restored = NumberedTransitions.buffer(capacity: capacity, holding: 500..<533)
    try OracleState(original).restore(into: &restored)
    #expect(restored.count == original.count && restored.appended == appended)
    let all = Array(0..<original.count)
    #expect(NumberedTransitions.ids(restored, at: all) == NumberedTransitions.ids(original, at: all))

    var streams = (RandomStream(seed: 9), RandomStream(seed: 9))
    for round in 0..<4 {
      let new = 1000 + 7 * round..<1007 + 7 * round
      NumberedTransitions.append(new, to: &original)
      NumberedTransitions.append(new, to: &restored)
      var batches = (NumberedTransitions.batch(40), NumberedTransitions.batch(40))
      original.sample(into: &batches.0, using: &streams.0)
      restored.sample(into: &batches.1, using: &streams.1)
      let ids = NumberedTransitions.ids(batches.0)
      #expect(!ids.contains(nil) && ids == NumberedTransitions.ids(batches.1))
    }
    #expect(OracleState(original) == OracleState(restored))
  }

  /// Only what is held is written: a checkpoint of a nearly empty buffer is small.
  @Test func savesOnlyWhatIsHeld() {
    let state = OracleState(NumberedTransitions.buffer(capacity: 100_000, holding: 0..<10))
    #expect(state.file.encoded().count < 2_000)
  }

  /// A ring of another capacity has its transitions in other places.
  @Test(arguments: [10, 40]) func anotherCapacityIsRefused(_ other: Int) throws {
    let state = OracleState(NumberedTransitions.buffer(capacity: capacity, holding: 0..<33))
    var receiver = NumberedTransitions.buffer(capacity: other, holding: 0..<3)
    #expect(throws: ArchiveError.self) { try state.restore(into: &receiver) }
  }

  @Test func anotherShapeIsRefused() throws {
    let state = OracleState(NumberedTransitions.buffer(capacity: capacity, holding: 0..<5))
    var receiver = ReplayBuffer(capacity: capacity, observationSize: 4, actionSize: 2)
    #expect(throws: ArchiveError.self) { try state.restore(into: &receiver) }
  }
}
