import Archive
import Testing

@Suite struct ChecksumTests {
  private func checksum(_ bytes: [UInt8]) -> UInt32 {
    var sum = Checksum()
    bytes.withUnsafeBytes { sum.update($0) }
    return sum.value
  }

  /// One bit at a time, from the polynomial alone.
  private func bitwise(_ bytes: [UInt8]) -> UInt32 {
    var crc = UInt32.max
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
    }
    return ~crc
  }

  private func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 >> 3) } }

  /// The check value of the CRC catalogs, and examples of RFC 3720, appendix B.4.
  @Test func publishedValues() {
    #expect(checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(checksum(Array(repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(checksum(Array(repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(checksum(Array(0..<32)) == 0x46DD_794E)
    #expect(checksum([]) == 0)
  }

  @Test func eightBytesAStepIsOneBitAStep() {
    for count in 0...70 { #expect(checksum(pattern(count)) == bitwise(pattern(count))) }
  }

  @Test func partsInARowGiveTheWhole() {
    let bytes = pattern(101)
    for cut in 0...101 {
      var sum = Checksum()
      bytes[..<cut].withUnsafeBytes { sum.update($0) }
      bytes[cut...].withUnsafeBytes { sum.update($0) }
      #expect(sum.value == checksum(bytes))
    }
  }

  @Test func everyFlippedBitShows() {
    var bytes = pattern(40)
    let whole = checksum(bytes)
    for bit in 0..<320 {
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(checksum(bytes) != whole)
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
    }
  }
}
