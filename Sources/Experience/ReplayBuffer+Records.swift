import Archive
import Interfaces
import Kernels

extension ReplayBuffer: RecordRing {
  public var heldRecords: Range<Int> { appended - count..<appended }

  public var recordSize: Int {
    let observations = image.map { $0.count + 4 * $0.channels } ?? 4 * observationSize
    return 2 * observations + 4 * (actionSize + 2) + (keepsTimes ? 8 : 0)
  }

  /// Column by column: actions, rewards, continues, times where they are kept, then observations and next observations,
  /// or the block's images.
  public func encode(_ numbers: Range<Int>, into bytes: inout [UInt8]) {
    func column<Element: BitwiseCopyable & Sendable>(_ vector: GrowingVector<Element>, _ width: Int) {
      for (slot, count) in runs(of: numbers) {
        bytes.append(
          contentsOf: UnsafeRawBufferPointer(
            UnsafeBufferPointer(start: vector.pointer + slot * width, count: count * width)))
      }
    }
    column(actions, actionSize)
    column(rewards, 1)
    column(continues, 1)
    if keepsTimes { column(times, 1) }
    if let images {
      images.encode(runs(of: numbers), into: &bytes)
    } else {
      column(observations, observationSize)
      column(nextObservations, observationSize)
    }
  }

  /// Slots of consecutive transitions, in at most two runs.
  private func runs(of numbers: Range<Int>) -> [(slot: Int, count: Int)] {
    let slot = numbers.lowerBound % capacity
    let first = min(numbers.count, capacity - slot)
    return first < numbers.count ? [(slot, first), (0, numbers.count - first)] : [(slot, first)]
  }

  /// Takes over those records of a block that are among `wanted`.
  mutating func decode(_ block: RecordBlock, wanted: Range<Int>) throws(ArchiveError) {
    let total = block.numbers.count
    let kept = block.numbers.clamped(to: wanted)
    guard !kept.isEmpty else { return }
    let (skipped, slots) = (kept.lowerBound - block.numbers.lowerBound, runs(of: kept))
    for (slot, count) in slots { reserve(slot + count) }
    var offset = 0
    func column<Element: BitwiseCopyable & Sendable>(_ vector: inout GrowingVector<Element>, _ width: Int)
      throws(ArchiveError)
    {
      let size = width * MemoryLayout<Element>.stride
      // not a product, which a made-up number of records could take beyond an integer
      guard size == 0 || total <= (block.bytes.count - offset) / size else { throw block.misfit() }
      var from = offset + skipped * size
      for (slot, count) in slots where size > 0 {
        let target = UnsafeMutableRawBufferPointer(
          UnsafeMutableBufferPointer(start: vector.mutablePointer + slot * width, count: count * width))
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: block.bytes[from..<from + count * size]))
        from += count * size
      }
      offset += total * size
    }
    try column(&actions, actionSize)
    try column(&rewards, 1)
    try column(&continues, 1)
    if keepsTimes {
      try column(&times, 1)
      for (slot, count) in slots {
        for place in slot..<slot + count where !(0...1 << 48).contains(times.pointer[place]) { throw block.misfit() }
      }
    }
    if images != nil {
      let rest = UnsafeRawBufferPointer(rebasing: block.bytes[offset...])
      try images?.decode(rest, total: total, skipping: skipped, into: slots, block)
    } else {
      try column(&observations, observationSize)
      try column(&nextObservations, observationSize)
      guard offset == block.bytes.count else { throw block.misfit() }
    }
  }
}

extension RecordBlock {
  /// The error of a block whose contents are no records of this ring.
  func misfit() -> ArchiveError {
    .damaged(path: path, reason: "records \(numbers.lowerBound) to \(numbers.upperBound - 1) are of another shape")
  }
}
