import Archive
import Interfaces
import Kernels

/// Pairs of images, before and after a step, in bytes.
///
/// Each plane (one channel of one image) that differs from all others is held once: the image after a step is the one
/// before the next, and stacks of frames share all but the newest. Values are rounded to whole numbers within 0...255.
/// Appending hashes both images, O(height * width * channels); reading does not allocate.
struct ImageStore: Sendable {
  private let shape: ImageShape
  private let planeSize: Int
  /// Planes, [any, height * width].
  private var planes: GrowingVector<UInt8>
  /// Indices of the planes of each slot's two images, [capacity, 2 * channels].
  private var references: GrowingVector<Int32>
  /// References to each plane, and the hash it is found by.
  private var uses: [Int32] = []
  private var hashes: [UInt64] = []
  private var unused: [Int32] = []
  private var found: [UInt64: Int32] = [:]

  init(capacity: Int, shape: ImageShape) {
    self.shape = shape
    planeSize = shape.height * shape.width
    references = GrowingVector(limit: capacity * 2 * shape.channels)
    planes = GrowingVector(limit: capacity * 2 * shape.count + planeSize)
  }

  /// Has room for `slots` slots.
  mutating func reserve(_ slots: Int) { references.reserve(slots * 2 * shape.channels) }

  /// Planes held.
  var planeCount: Int { uses.count - unused.count }

  /// Stores two images [height, width, channels] in a slot. `overwrites` says that the slot holds others, whose planes it
  /// then refers to no more.
  mutating func set(
    _ slot: Int, _ observation: UnsafePointer<Float>, next: UnsafePointer<Float>, overwrites: Bool
  ) {
    let first = slot * 2 * shape.channels
    // the new ones first: what both have in common is kept
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2 * shape.channels) { added in
      for channel in 0..<shape.channels {
        added[channel] = add(observation, channel)
        added[shape.channels + channel] = add(next, channel)
      }
      if overwrites { for place in added.indices { release(references.pointer[first + place]) } }
      for place in added.indices { references.mutablePointer[first + place] = added[place] }
    }
  }

  /// Forgets everything.
  mutating func removeAll() {
    uses.removeAll()
    hashes.removeAll()
    unused.removeAll()
    found.removeAll()
  }

  /// Writes one of the images of a slot to `target` [height, width, channels].
  func copy(_ slot: Int, next isNext: Bool, to target: UnsafeMutablePointer<Float>) {
    let channels = shape.channels
    let own = references.pointer + (slot * 2 + (isNext ? 1 : 0)) * channels
    for channel in 0..<channels {
      let plane = planes.pointer + Int(own[channel]) * planeSize
      if channels == 1 {
        for pixel in 0..<planeSize { target[pixel] = Float(plane[pixel]) }
      } else {
        var place = channel
        for pixel in 0..<planeSize {
          target[place] = Float(plane[pixel])
          place += channels
        }
      }
    }
  }

  // MARK: - Planes

  /// The number of a channel of an image, which is added where there is none like it.
  private mutating func add(_ image: UnsafePointer<Float>, _ channel: Int) -> Int32 {
    let (channels, size, last) = (shape.channels, planeSize, uses.count)
    precondition(last < Int(Int32.max), "more than \(Int32.max) planes")
    if (last + 1) * size > planes.count { planes.reserve(min(planes.limit, max(64, 2 * last) * size)) }
    // tried out at the end, where it stays if it is new
    let bytes = planes.mutablePointer + last * size
    var place = channel
    for pixel in 0..<size {
      bytes[pixel] = UInt8(min(max(0, image[place].rounded(.toNearestOrEven)), 255))
      place += channels
    }
    let hash = Self.hash(bytes, size)
    let known = found[hash]
    if let known, Self.isSame(bytes, planes.pointer + Int(known) * size, size) {
      uses[Int(known)] += 1
      return known
    }
    let number: Int32
    if let free = unused.popLast() {
      number = free
      (planes.mutablePointer + Int(free) * size).update(from: bytes, count: size)
      (uses[Int(free)], hashes[Int(free)]) = (1, hash)
    } else {
      number = Int32(last)
      uses.append(1)
      hashes.append(hash)
    }
    // of two that differ but have the same hash only the first is found
    if known == nil { found[hash] = number }
    return number
  }

  private mutating func release(_ number: Int32) {
    uses[Int(number)] -= 1
    guard uses[Int(number)] == 0 else { return }
    let hash = hashes[Int(number)]
    if found[hash] == number { found[hash] = nil }
    unused.append(number)
  }

  private static func isSame(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    for index in 0..<count where a[index] != b[index] { return false }
    return true
  }

  /// 64 bits of bytes, eight at a time: multiplied and folded, as in many hashes of strings.
  private static func hash(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
    let raw = UnsafeRawPointer(bytes)
    var (state, offset) = (UInt64(truncatingIfNeeded: count) ^ 0x9E37_79B9_7F4A_7C15, 0)
    func mix(_ word: UInt64) {
      let product = (state ^ word).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
      state = product.high ^ product.low &+ 0x2545_F491_4F6C_DD1D
    }
    while offset + 8 <= count {
      mix(raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset += 8
    }
    while offset < count {
      mix(UInt64(bytes[offset]))
      offset += 1
    }
    return state
  }
}

extension ImageStore {
  /// Saves the first `count` slots: planes in the order in which slots first refer to them, so that equal contents give
  /// equal bytes whatever came before.
  func save(count: Int, to writer: inout StateWriter) {
    let width = 2 * shape.channels
    var numbers = [Int32](repeating: -1, count: uses.count)
    var order: [Int32] = []
    var saved = [Int64](repeating: 0, count: count * width)
    for place in saved.indices {
      let plane = Int(references.pointer[place])
      if numbers[plane] < 0 {
        numbers[plane] = Int32(order.count)
        order.append(Int32(plane))
      }
      saved[place] = Int64(numbers[plane])
    }
    saved.withUnsafeBufferPointer { writer.write("references", shape: [count, width], $0) }
    var bytes = [UInt8](repeating: 0, count: order.count * planeSize)
    bytes.withUnsafeMutableBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return }
      for (place, plane) in order.enumerated() {
        (base + place * planeSize).update(from: planes.pointer + Int(plane) * planeSize, count: planeSize)
      }
    }
    bytes.withUnsafeBufferPointer { writer.write("planes", shape: [order.count, planeSize], $0) }
  }

  /// Takes over what `save` wrote of `count` slots.
  mutating func restore(count: Int, from reader: StateReader) throws(ArchiveError) {
    let width = 2 * shape.channels
    removeAll()
    reserve(count)
    let saved: [Int64] = try reader.read("references", shape: [count, width])
    let bytes: [UInt8] = try reader.read("planes")
    let total = bytes.count / planeSize
    guard bytes.count == total * planeSize, saved.allSatisfy({ $0 >= 0 && $0 < total }), total <= saved.count else {
      throw .mismatch(name: "references", expected: "among \(total) planes", found: "others")
    }
    planes.reserve(total * planeSize)
    uses = Array(repeating: 0, count: total)
    hashes = Array(repeating: 0, count: total)
    bytes.withUnsafeBufferPointer { bytes in
      guard let bytes = bytes.baseAddress else { return }
      planes.mutablePointer.update(from: bytes, count: total * planeSize)
      for plane in 0..<total {
        hashes[plane] = Self.hash(bytes + plane * planeSize, planeSize)
        if found[hashes[plane]] == nil { found[hashes[plane]] = Int32(plane) }
      }
    }
    for place in saved.indices {
      references.mutablePointer[place] = Int32(saved[place])
      uses[Int(saved[place])] += 1
    }
    guard uses.allSatisfy({ $0 > 0 }) else {
      throw .mismatch(name: "planes", expected: "planes that are referred to", found: "others")
    }
  }
}
