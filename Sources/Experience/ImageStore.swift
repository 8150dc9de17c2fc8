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
    let bytes = roomForOneMore()
    var place = channel
    for pixel in 0..<planeSize {
      bytes[pixel] = UInt8(min(max(0, image[place].rounded(.toNearestOrEven)), 255))
      place += shape.channels
    }
    return admitLast()
  }

  /// Where the plane after all others would be, to be tried out there; it stays if it is new.
  private mutating func roomForOneMore() -> UnsafeMutablePointer<UInt8> {
    let (size, last) = (planeSize, uses.count)
    precondition(last < Int(Int32.max), "more than \(Int32.max) planes")
    if (last + 1) * size > planes.count { planes.reserve(min(planes.limit, max(64, 2 * last) * size)) }
    return planes.mutablePointer + last * size
  }

  /// The number of the plane that was put after all others: that of one like it, if there is one.
  private mutating func admitLast() -> Int32 {
    let (size, last) = (planeSize, uses.count)
    let bytes = UnsafePointer(planes.mutablePointer + last * size)
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

extension ImageStore {
  /// Appends a block of the images of some slots: the number of its planes, which plane each channel of each image is
  /// [slots, 2, channels] (32-bit integers), and the planes, each once.
  func encode(_ runs: [(slot: Int, count: Int)], into bytes: inout [UInt8]) {
    let width = 2 * shape.channels
    var numbers: [Int32: Int32] = [:]
    var order: [Int] = []
    var own: [Int32] = []
    for (slot, count) in runs {
      for place in slot * width..<(slot + count) * width {
        let plane = references.pointer[place]
        let number = numbers[plane] ?? Int32(order.count)
        if number == Int32(order.count) {
          numbers[plane] = number
          order.append(Int(plane))
        }
        own.append(number)
      }
    }
    withUnsafeBytes(of: Int32(order.count)) { bytes.append(contentsOf: $0) }
    own.withUnsafeBytes { bytes.append(contentsOf: $0) }
    for plane in order {
      bytes.append(contentsOf: UnsafeBufferPointer(start: planes.pointer + plane * planeSize, count: planeSize))
    }
  }

  /// Puts a block's images, of `total` slots, into slots that hold none; the first `skipped` are passed over.
  mutating func decode(
    _ bytes: UnsafeRawBufferPointer, total: Int, skipping skipped: Int, into runs: [(slot: Int, count: Int)],
    _ block: RecordBlock
  ) throws(ArchiveError) {
    let width = 2 * shape.channels
    guard bytes.count >= 4, total <= (bytes.count - 4) / (4 * width) else { throw block.misfit() }
    func word(_ place: Int) -> Int32 { bytes.loadUnaligned(fromByteOffset: 4 + 4 * place, as: Int32.self) }
    let count = Int(bytes.loadUnaligned(as: Int32.self))
    let start = 4 + 4 * width * total
    guard count >= 0, count <= width * total, bytes.count == start + count * planeSize else { throw block.misfit() }
    var place = skipped * width
    for (slot, slots) in runs {
      for target in slot * width..<(slot + slots) * width {
        let plane = Int(word(place))
        guard (0..<count).contains(plane) else { throw block.misfit() }
        let source = UnsafeRawBufferPointer(
          rebasing: bytes[start + plane * planeSize..<start + (plane + 1) * planeSize])
        UnsafeMutableRawBufferPointer(start: roomForOneMore(), count: planeSize).copyMemory(from: source)
        references.mutablePointer[target] = admitLast()
        place += 1
      }
    }
  }
}
