import Kernels

/// Changes bytes of examples as files and messages get changed by accident or by design: a function of a seed and of
/// the input's number.
struct Mutator {
  private var random: RandomStream

  init(seed: UInt64, input: Int, target: Int) {
    random = RandomStream(seed: seed).child(target).child(input)
  }

  /// Numbers at the edges of types and of common checks.
  private static let numbers = [
    "0", "1", "-1", "2", "127", "128", "255", "256", "65535", "65536", "2147483647", "2147483648", "4294967296",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e400", "-1e400", "1e-400", "0.1", "nan",
    ".nan",
    ".inf", "-.inf", "1e5", "0x10", "0o17", "1_000", "1e999999999", "00", "+1", "--1", ".", "1.",
  ]
  private static let words: [UInt64] = [
    0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 40, 1 << 48, 1 << 62,
    0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, .max, 0x7FF0_0000_0000_0000, 0x7FF8_0000_0000_0000, 0x7F80_0000,
  ]

  /// A number below `count`, at least 1.
  mutating func index(below count: Int) -> Int { random.index(below: count) }

  /// One of `elements`.
  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[random.index(below: elements.count)] }

  /// One of `examples` after one to eight changes, which may put in one of `tokens`.
  mutating func input(from examples: [[UInt8]], tokens: [String]) -> [UInt8] {
    var bytes = pick(examples)
    for _ in 0...random.index(below: 8) { change(&bytes, examples, tokens) }
    return bytes
  }

  private mutating func change(_ bytes: inout [UInt8], _ examples: [[UInt8]], _ tokens: [String]) {
    let place = random.index(below: bytes.count + 1)
    let length = min(bytes.count - place, 1 + random.index(below: random.index(below: 4) == 0 ? 64 : 4))
    switch random.index(below: 11) {
    case 0: if place < bytes.count { bytes[place] ^= 1 << UInt8(random.index(below: 8)) }
    case 1: if place < bytes.count { bytes[place] = UInt8(random.index(below: 256)) }
    case 2: bytes.insert(contentsOf: (0..<length).map { _ in UInt8(random.index(below: 256)) }, at: place)
    case 3: bytes.removeSubrange(place..<place + length)
    case 4: bytes.insert(contentsOf: bytes[place..<place + length], at: place)
    case 5: bytes.removeSubrange(place...)
    case 6:
      let other = pick(examples)
      let start = random.index(below: other.count + 1)
      let end = min(other.count, start + 1 + random.index(below: 64))
      bytes.replaceSubrange(place..<place + length, with: other[start..<max(start, end)])
    case 7: replaceNumber(&bytes, from: place)
    case 8: putWord(&bytes, at: place)
    case 9: if !tokens.isEmpty { bytes.insert(contentsOf: Array(pick(tokens).utf8), at: place) }
    default:
      // the same piece many times over, as in nested brackets
      guard length > 0, bytes.count < 50_000 else { return }
      let piece = Array(bytes[place..<place + length])
      for _ in 0..<1 << random.index(below: 9) { bytes.insert(contentsOf: piece, at: place) }
    }
  }

  private mutating func replaceNumber(_ bytes: inout [UInt8], from place: Int) {
    func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    guard let start = bytes[place...].firstIndex(where: isDigit) else { return }
    let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
    bytes.replaceSubrange(start..<end, with: Array(pick(Self.numbers).utf8))
  }

  private mutating func putWord(_ bytes: inout [UInt8], at place: Int) {
    let word = pick(Self.words)
    let width = pick([1, 2, 4, 8])
    guard place + width <= bytes.count else { return }
    for byte in 0..<width { bytes[place + byte] = UInt8(truncatingIfNeeded: word >> UInt64(8 * byte)) }
  }
}
