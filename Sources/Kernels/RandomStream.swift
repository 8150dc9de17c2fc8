/// Splittable, counter-based stream of random numbers (Philox 4x32-10).
///
/// A stream is a value: a 64-bit key and a position. `child(_:)` derives an independent stream by label or index without
/// consuming anything, so the numbers a part of the program sees depend only on its label path and not on what other parts
/// drew, nor on the number of threads. The whole state is five words (`words`), saved with every checkpoint.
public struct RandomStream: Sendable, Equatable, RandomNumberGenerator {
  package var key: UInt64
  /// Index of the next block of four words.
  package var counter: UInt64 = 0
  /// Words of the current block that are already used, 0...4.
  package var used: UInt32 = 4
  package var current: SIMD4<UInt32> = .zero

  /// The root stream of a seed.
  public init(seed: UInt64) { key = RandomStream.mix(key: 0x466F_7265_7369_6768, with: seed) }

  /// An independent stream named `label`. O(length of the label).
  public func child(_ label: String) -> RandomStream {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a, 64 bits
    for byte in label.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return RandomStream(key: RandomStream.mix(key: key ^ 0x6C61_6265_6C00_0000, with: hash))
  }

  /// An independent stream numbered `index`.
  public func child(_ index: Int) -> RandomStream {
    RandomStream(key: RandomStream.mix(key: key, with: UInt64(bitPattern: Int64(index))))
  }

  /// The state as words, for checkpoints; `init(words:)` restores it.
  public var words: [UInt64] {
    [
      key, counter, UInt64(used),
      UInt64(current[0]) | UInt64(current[1]) << 32, UInt64(current[2]) | UInt64(current[3]) << 32,
    ]
  }

  /// Restores a stream saved as `words`; nil if there are not five of them.
  public init?(words: [UInt64]) {
    guard words.count == 5, words[2] <= 4 else { return nil }
    key = words[0]
    counter = words[1]
    used = UInt32(words[2])
    current = SIMD4(
      UInt32(truncatingIfNeeded: words[3]), UInt32(truncatingIfNeeded: words[3] >> 32),
      UInt32(truncatingIfNeeded: words[4]), UInt32(truncatingIfNeeded: words[4] >> 32))
  }

  private init(key: UInt64) { self.key = key }

  private static func mix(key: UInt64, with value: UInt64) -> UInt64 {
    let block = Philox.block(
      (UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value >> 32), 0x7370_6C69, 0x7473_7472),
      key: (UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32)))
    return UInt64(block.0) | UInt64(block.1) << 32
  }

  /// The next 32 random bits.
  public mutating func nextWord() -> UInt32 {
    if used == 4 {
      let block = Philox.block(
        (UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32), 0, 0),
        key: (UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32)))
      current = SIMD4(block.0, block.1, block.2, block.3)
      counter &+= 1
      used = 0
    }
    let word = current[Int(used)]
    used += 1
    return word
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    let low = UInt64(nextWord())
    return low | UInt64(nextWord()) << 32
  }

  /// Uniform in [0, 1), a multiple of 2^-24.
  public mutating func uniform() -> Float { Float(nextWord() >> 8) * 0x1p-24 }

  /// Uniform in [low, high); `low` when the two are equal.
  public mutating func uniform(_ low: Float, _ high: Float) -> Float {
    // the sum may round up to `high`
    Swift.min(low + (high - low) * uniform(), Swift.max(low, high.nextDown))
  }

  /// Uniform integer in 0..<bound without bias (Lemire's multiply-and-reject).
  public mutating func index(below bound: Int) -> Int {
    precondition(bound > 0 && bound <= Int(UInt32.max), "bound \(bound) outside 1...2^32-1")
    let range = UInt64(bound)
    var product = UInt64(nextWord()) &* range
    if UInt32(truncatingIfNeeded: product) < UInt32(bound) {
      let threshold = (0 &- UInt32(bound)) % UInt32(bound)
      while UInt32(truncatingIfNeeded: product) < threshold { product = UInt64(nextWord()) &* range }
    }
    return Int(product >> 32)
  }
}
