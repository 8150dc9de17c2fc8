import Foundation
import Kernels
import Testing

@Suite struct GrowingVectorTests {
  @Test func whatWasWrittenStaysAsItGrows() {
    var vector = GrowingVector<Float>(limit: 1 << 24)
    var room = 0
    while room < 1 << 20 {
      vector.reserve(room + 1 << 12)
      for index in room..<vector.count { vector.mutablePointer[index] = Float(index) }
      room = vector.count
    }
    #expect((0..<room).allSatisfy { vector.pointer[$0] == Float($0) })
  }

  @Test func copiesAreValues() {
    var first = GrowingVector<Int>(limit: 1000)
    first.reserve(10)
    first.mutablePointer[3] = 7
    var second = first
    second.mutablePointer[3] = 8
    second.reserve(500)
    second.mutablePointer[400] = 9
    #expect(first.pointer[3] == 7 && second.pointer[3] == 8 && first.count == 10 && second.pointer[9] == 0)
  }

  /// A limit for which no addresses can be set aside, as in a process with few of them, is no mistake.
  @Test func limitsMayBeBeyondAllAddresses() {
    var vector = GrowingVector<UInt8>(limit: 1 << 50)
    for size in [1, 5000, 1 << 16, 1 << 22] {
      vector.reserve(size)
      vector.mutablePointer[size - 1] = 5
    }
    #expect(vector.pointer[0] == 5 && vector.pointer[4999] == 5 && vector.pointer[(1 << 22) - 1] == 5)
  }

  /// Memory that is not there ends the program with a sentence, not a trap.
  @Test func blocksThatNoMemoryHoldsEndTheProgram() async throws {
    let result = try #require(
      await #expect(processExitsWith: .exitCode(64), observing: [\.standardErrorContent]) {
        Memory.configure(exitStatus: 64)
        _ = Vector(count: 1 << 52)
      })
    let text = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(text.contains("error: there is no memory for another 18.0 PB"), "\(text)")
  }
}
