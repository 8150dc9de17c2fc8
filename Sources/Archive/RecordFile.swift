import Foundation

/// A file of blocks of records to which blocks are only ever appended.
///
/// A block is a header of 40 bytes, little-endian: `FSRECORD`, number of the first record, number of records, bytes
/// that follow (three 64-bit integers), CRC-32C of these bytes and CRC-32C of the header so far; then the records'
/// bytes.
public enum RecordFile {
  private static let magic: [UInt8] = Array("FSRECORD".utf8)
  /// Bytes of a block's header.
  static let headerSize = 40
  /// Bytes of records that a block has, unless one record alone has more.
  static let blockSize = 4 << 20

  /// Appends records of `ring` at the end of a file, which is made if need be and cut off at `length` first, and waits
  /// until the disk has them. Holds one block in memory.
  ///
  /// - Returns: the file's new length.
  /// - Throws: `ArchiveError.system`, after which the file is as it was.
  public static func append(
    _ numbers: Range<Int>, of ring: some RecordRing, to path: String, length: Int
  ) throws(ArchiveError) -> Int {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileSystem.failure("create", path) }
    defer { close(descriptor) }
    guard ftruncate(descriptor, off_t(length)) == 0, lseek(descriptor, off_t(length), SEEK_SET) == off_t(length) else {
      throw FileSystem.failure("shorten", path)
    }
    do throws(ArchiveError) {
      var (end, first) = (length, numbers.lowerBound)
      let perBlock = max(1, blockSize / max(1, ring.recordSize))
      var block: [UInt8] = []
      while first < numbers.upperBound {
        let part = first..<min(first + perBlock, numbers.upperBound)
        encode(part, of: ring, into: &block)
        try FileSystem.write(block, to: descriptor, path: path)
        end += block.count
        first = part.upperBound
      }
      guard fdatasync(descriptor) == 0 else { throw FileSystem.failure("flush", path) }
      return end
    } catch {
      if length == 0 { unlink(path) } else { ftruncate(descriptor, off_t(length)) }
      throw error
    }
  }

  private static func encode(_ numbers: Range<Int>, of ring: some RecordRing, into block: inout [UInt8]) {
    block.removeAll(keepingCapacity: true)
    block.append(contentsOf: repeatElement(0, count: headerSize))
    ring.encode(numbers, into: &block)
    seal(&block, numbers)
  }

  /// A block of these bytes, for tests.
  package static func block(_ numbers: Range<Int>, _ body: [UInt8]) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: headerSize) + body
    seal(&block, numbers)
    return block
  }

  /// Writes the header.
  private static func seal(_ block: inout [UInt8], _ numbers: Range<Int>) {
    var header = magic
    for value in [numbers.lowerBound, numbers.count, block.count - headerSize] {
      withUnsafeBytes(of: Int64(value).littleEndian) { header.append(contentsOf: $0) }
    }
    let body = block.withUnsafeBytes { checksum(UnsafeRawBufferPointer(rebasing: $0[headerSize...])) }
    withUnsafeBytes(of: body.littleEndian) { header.append(contentsOf: $0) }
    let head = header.withUnsafeBytes { checksum($0) }
    withUnsafeBytes(of: head.littleEndian) { header.append(contentsOf: $0) }
    block.replaceSubrange(0..<headerSize, with: header)
  }

  /// Hands blocks of the first `length` bytes of a file to `take`, but for those that end before record `first`. Holds
  /// one block in memory.
  ///
  /// - Throws: `ArchiveError.damaged` for what is not as `append` wrote it, and what `take` throws.
  public static func read(
    _ path: String, length: Int, from first: Int, _ take: (RecordBlock) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    func damaged(_ reason: String) -> ArchiveError { .damaged(path: path, reason: reason) }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { throw damaged("it is missing") }
      throw FileSystem.failure("open", path)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileSystem.failure("read", path) }
    guard length >= 0, Int(status.st_size) >= length else {
      throw damaged("it has \(status.st_size) bytes, and had \(length) when the run was saved")
    }
    var (offset, body) = (0, [UInt8]())
    while offset < length {
      guard length - offset >= headerSize else { throw damaged("its last block is cut off") }
      try fill(&body, count: headerSize, at: offset, of: descriptor, path)
      guard let (numbers, size, expected) = header(body) else {
        throw damaged("the block at byte \(offset) has no header")
      }
      offset += headerSize
      guard size <= length - offset else { throw damaged("its last block is cut off") }
      defer { offset += size }
      if numbers.upperBound <= first { continue }
      try fill(&body, count: size, at: offset, of: descriptor, path)
      let found = body.withUnsafeBytes { checksum($0) }
      guard found == expected else { throw damaged("the block at byte \(offset - headerSize) has another checksum") }
      var failure: ArchiveError?
      body.withUnsafeBytes { raw in
        do throws(ArchiveError) {
          try take(RecordBlock(numbers: numbers, bytes: raw, path: path))
        } catch {
          failure = error
        }
      }
      if let failure { throw failure }
    }
  }

  /// What a header says; nil if it is none.
  private static func header(_ bytes: [UInt8]) -> (numbers: Range<Int>, size: Int, checksum: UInt32)? {
    bytes.withUnsafeBytes { raw in
      func integer(_ place: Int) -> Int {
        Int(Int64(littleEndian: raw.loadUnaligned(fromByteOffset: place, as: Int64.self)))
      }
      func word(_ place: Int) -> UInt32 {
        UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: place, as: UInt32.self))
      }
      let limit = 1 << 48
      let (first, records, size) = (integer(8), integer(16), integer(24))
      guard raw.prefix(8).elementsEqual(magic), (0...limit).contains(first), (1...limit).contains(records),
        (0...limit).contains(size), word(36) == checksum(UnsafeRawBufferPointer(rebasing: raw[..<36]))
      else { return nil }
      return (first..<first + records, size, word(32))
    }
  }

  private static func fill(
    _ body: inout [UInt8], count: Int, at offset: Int, of descriptor: Int32, _ path: String
  ) throws(ArchiveError) {
    if body.count > count { body.removeLast(body.count - count) }
    if body.count < count { body.append(contentsOf: repeatElement(0, count: count - body.count)) }
    var done = 0
    while done < count {
      let got = body.withUnsafeMutableBytes { raw in
        pread(descriptor, raw.baseAddress.map { $0 + done }, count - done, off_t(offset + done))
      }
      if got < 0 && errno == EINTR { continue }
      guard got > 0 else { throw FileSystem.failure("read", path) }
      done += got
    }
  }

  private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var checksum = Checksum()
    checksum.update(bytes)
    return checksum.value
  }
}
