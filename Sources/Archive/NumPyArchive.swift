/// Named arrays in NumPy's NPZ format: a ZIP archive, without compression, of one NPY file an array, so that
/// `numpy.load(path)` gives them by name, and `numpy.savez` writes what `init(decoding:)` reads (`savez_compressed` does not).
public struct NumPyArchive: Sendable, Equatable {
  /// Arrays by name.
  public var arrays: [String: Tensor] = [:]

  /// No arrays.
  public init() {}

  /// The file's bytes. Arrays come in order of their names, so equal contents give equal bytes.
  public func encoded() -> [UInt8] {
    var (bytes, directory): ([UInt8], [UInt8]) = ([], [])
    for name in arrays.keys.sorted() {
      guard let array = arrays[name] else { continue }
      let content = NumPyArchive.encode(array)
      let entry = ZipEntry(name: name + ".npy", checksum: ZipEntry.checksum(content[...]), size: content.count)
      directory += entry.directory(at: bytes.count)
      bytes += entry.header + content
    }
    return bytes + directory + ZipEntry.end(entries: arrays.count, directory: directory.count, at: bytes.count)
  }

  /// Reads the file at `path`. Throws as `init(decoding:path:)`.
  public init(contentsOf path: String) throws(ArchiveError) {
    try self.init(decoding: FileSystem.read(path), path: path)
  }

  /// Parses a file's bytes; `path` is named in errors. Signed integers of 8 to 32 bits become 64, truth values bytes. Throws
  /// `ArchiveError.damaged`, or `mismatch` for an array of another type or in Fortran's order.
  public init(decoding bytes: [UInt8], path: String) throws(ArchiveError) {
    for entry in try ZipEntry.entries(of: bytes, path: path) where entry.name.hasSuffix(".npy") {
      let name = String(entry.name.dropLast(4))
      let content = bytes[entry.start..<entry.start + entry.size]
      guard ZipEntry.checksum(content) == entry.checksum else {
        throw .damaged(path: path, reason: "array '\(name)' has another checksum")
      }
      arrays[name] = try NumPyArchive.decode(content, name: name, path: path)
    }
  }

  private static let types: [TensorType: String] = [
    .float32: "<f4", .float64: "<f8", .int64: "<i8", .uint64: "<u8", .uint8: "|u1",
  ]
  /// Types that are read as wider ones.
  private static let narrow = ["<i4": 4, "<i2": 2, "|i1": 1]
  private static var readable: [String] { (Array(types.values) + Array(narrow.keys) + ["|b1"]).sorted() }
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// An NPY file of format 1.0.
  private static func encode(_ array: Tensor) -> [UInt8] {
    let sizes = array.shape.map { "\($0)," }.joined(separator: " ")
    var header = "{'descr': '\(types[array.type] ?? "")', 'fortran_order': False, 'shape': (\(sizes)), }"
    // the data begin at a multiple of 64 bytes
    let unpadded = magic.count + 4 + header.utf8.count + 1
    header += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
    let length = header.utf8.count
    return magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(header.utf8) + array.bytes
  }

  private static func decode(
    _ bytes: ArraySlice<UInt8>, name: String, path: String
  ) throws(ArchiveError) -> Tensor {
    let damaged = ArchiveError.damaged(path: path, reason: "array '\(name)' is no NPY file")
    let first = bytes.startIndex
    guard bytes.count > 12, Array(bytes.prefix(6)) == magic else { throw damaged }
    let isShort = bytes[first + 6] == 1
    let sizeBytes = isShort ? 2 : 4
    var length = 0
    for k in (0..<sizeBytes).reversed() { length = length << 8 | Int(bytes[first + 8 + k]) }
    let start = first + 8 + sizeBytes
    guard length <= bytes.endIndex - start else { throw damaged }
    let header = String(decoding: bytes[start..<start + length], as: UTF8.self)
    guard let descriptor = text(after: "'descr': '", until: "'", in: header),
      let order = text(after: "'fortran_order': ", until: ",", in: header),
      let sizes = text(after: "'shape': (", until: ")", in: header)
    else { throw damaged }
    let shape = sizes.split(separator: ",").compactMap { part in
      Int(part.filter { !$0.isWhitespace })
    }
    let width = narrow[descriptor]
    let known = width != nil ? .int64 : descriptor == "|b1" ? .uint8 : types.first { $0.value == descriptor }?.key
    guard let type = known, order == "False" || shape.count < 2 else {
      throw .mismatch(
        name: name, expected: "one of \(readable.joined(separator: ", ")) in C's order",
        found: "\(descriptor), fortran_order \(order)")
    }
    let content = Array(bytes[(start + length)...])
    var count = width ?? type.size
    for size in shape {
      let (product, overflows) = count.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflows else { throw damaged }
      count = product
    }
    guard content.count == count else {
      throw .damaged(path: path, reason: "array '\(name)' has another size than its shape \(shape)")
    }
    guard let width else { return Tensor(type: type, shape: shape, bytes: content) }
    let wide = stride(from: 0, to: content.count, by: width).map { place in
      // the sign fills the upper bytes
      (0..<width).reversed().reduce(content[place + width - 1] > 127 ? Int64(-1) : 0) {
        $0 << 8 | Int64(content[place + $1])
      }
    }
    return wide.withUnsafeBufferPointer { Tensor(shape: shape, $0) }
  }

  /// The elements of an array of any type as floats of 32 bits; nil if there is none of that name.
  public func floats(_ name: String) -> (shape: [Int], values: [Float])? {
    guard let array = arrays[name] else { return nil }
    let values: [Float]? =
      switch array.type {
      case .float32: array.elements(as: Float.self)
      case .float64: array.elements(as: Double.self)?.map { Float($0) }
      case .int64: array.elements(as: Int64.self)?.map { Float($0) }
      case .uint64: array.elements(as: UInt64.self)?.map { Float($0) }
      case .uint8: array.elements(as: UInt8.self)?.map { Float($0) }
      }
    return values.map { (array.shape, $0) }
  }

  private static func text(after start: String, until end: Character, in header: String) -> String? {
    guard let range = header.firstRange(of: start) else { return nil }
    let rest = header[range.upperBound...]
    guard let stop = rest.firstIndex(of: end) else { return nil }
    return String(rest[..<stop])
  }
}
