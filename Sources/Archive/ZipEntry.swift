/// One stored (not compressed) file of a ZIP archive (PKWARE's APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16); no more than
/// NumPy's archives need. Sizes stay below 4 GB.
struct ZipEntry {
  let name: String
  let checksum: UInt32
  let size: Int
  /// First byte of the contents.
  var start = 0

  init(name: String, checksum: UInt32, size: Int) {
    precondition(size < Int(UInt32.max), "\(size) bytes in a ZIP archive without its 64-bit extension")
    (self.name, self.checksum, self.size) = (name, checksum, size)
  }

  /// What stands before the contents. The date is the format's first, so that equal contents give equal bytes.
  var header: [UInt8] {
    Self.little(0x0403_4B50, 4) + facts + Self.little(name.utf8.count, 2) + Self.little(0, 2) + Array(name.utf8)
  }

  /// Its line in the directory, its header being at byte `offset`.
  func directory(at offset: Int) -> [UInt8] {
    Self.little(0x0201_4B50, 4) + Self.little(20, 2) + facts + Self.little(name.utf8.count, 2) + Self.little(0, 12)
      + Self.little(offset, 4) + Array(name.utf8)
  }

  /// Version, flags, method, time, date, checksum and both sizes.
  private var facts: [UInt8] {
    Self.little(20, 2) + Self.little(0, 4) + Self.little(0, 2) + Self.little(0x21, 2) + Self.little(Int(checksum), 4)
      + Self.little(size, 4) + Self.little(size, 4)
  }

  /// What ends an archive whose directory of so many bytes begins at byte `offset`.
  static func end(entries: Int, directory: Int, at offset: Int) -> [UInt8] {
    little(0x0605_4B50, 4) + little(0, 4) + little(entries, 2) + little(entries, 2) + little(directory, 4)
      + little(offset, 4) + little(0, 2)
  }

  /// The files of an archive, as its directory lists them.
  static func entries(of bytes: [UInt8], path: String) throws(ArchiveError) -> [ZipEntry] {
    func damaged(_ reason: String) -> ArchiveError { .damaged(path: path, reason: reason) }
    func number(_ place: Int, _ count: Int) throws(ArchiveError) -> Int {
      guard place >= 0, place + count <= bytes.count else { throw damaged("it is cut off") }
      return (0..<count).reversed().reduce(0) { $0 << 8 | Int(bytes[place + $1]) }
    }
    // the end's record is the last 22 bytes, unless a comment follows
    var end = bytes.count - 22
    while end >= 0, try number(end, 4) != 0x0605_4B50 { end -= 1 }
    guard end >= 0 else { throw damaged("it is no ZIP archive") }
    var (place, entries): (Int, [ZipEntry]) = (try number(end + 16, 4), [])
    for _ in 0..<(try number(end + 10, 2)) {
      guard try number(place, 4) == 0x0201_4B50 else { throw damaged("its directory is malformed") }
      let (method, size) = (try number(place + 10, 2), try number(place + 24, 4))
      guard method == 0 else { throw damaged("its files are compressed; save them with numpy.savez") }
      let nameSize = try number(place + 28, 2)
      let (extra, comment) = (try number(place + 30, 2), try number(place + 32, 2))
      let header = try number(place + 42, 4)
      let start = header + 30 + (try number(header + 26, 2)) + (try number(header + 28, 2))
      guard place + 46 + nameSize <= bytes.count, start + size <= bytes.count else { throw damaged("it is cut off") }
      var entry = ZipEntry(
        name: String(decoding: bytes[place + 46..<place + 46 + nameSize], as: UTF8.self),
        checksum: UInt32(try number(place + 16, 4)), size: size)
      entry.start = start
      entries.append(entry)
      place += 46 + nameSize + extra + comment
    }
    return entries
  }

  /// CRC-32 of ZIP (reflected polynomial 0xEDB88320).
  static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in bytes { crc = crc >> 8 ^ table[Int((crc ^ UInt32(byte)) & 0xFF)] }
    return ~crc
  }

  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
  }

  private static func little(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * $0)) : 0 }
  }
}
