import Foundation

/// A set of named tensors and text metadata, in the safetensors format of Hugging Face.
///
/// Layout: eight bytes little-endian header length, a JSON header (`name -> dtype, shape, data_offsets`, plus
/// `__metadata__`), then the tensors' bytes without gaps. Weights and checkpoints share it, so Python opens both with
/// `safetensors.numpy.load_file`.
public struct TensorFile: Sendable, Equatable {
  /// Tensors by name.
  public var tensors: [String: Tensor] = [:]
  /// Free text by key, stored in the header.
  public var metadata: [String: String] = [:]

  /// An empty set.
  public init() {}

  /// The file's bytes. Tensors are laid out in order of their names, so equal contents give equal bytes.
  public func encoded() -> [UInt8] {
    var bytes = header()
    for name in tensors.keys.sorted() {
      if let tensor = tensors[name] { bytes.append(contentsOf: tensor.bytes) }
    }
    return bytes
  }

  /// The bytes before the tensors.
  private func header() -> [UInt8] {
    var header: [String: Any] = [:]
    if !metadata.isEmpty { header["__metadata__"] = metadata }
    var offset = 0
    for name in tensors.keys.sorted() {
      guard let tensor = tensors[name] else { continue }
      header[name] = [
        "dtype": tensor.type.rawValue, "shape": tensor.shape, "data_offsets": [offset, offset + tensor.bytes.count],
      ]
      offset += tensor.bytes.count
    }
    // A dictionary of strings, integers and arrays of integers is always valid JSON.
    let json = (try? JSONSerialization.data(withJSONObject: header, options: [.sortedKeys])) ?? Data("{}".utf8)
    let padding = (8 - json.count % 8) % 8  // the format asks readers to accept trailing spaces; keeps data aligned
    var bytes: [UInt8] = []
    withUnsafeBytes(of: UInt64(json.count + padding).littleEndian) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: json)
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: padding))
    return bytes
  }

  /// Parses a file's bytes; `path` is named in errors. Throws `ArchiveError.damaged`.
  public init(decoding bytes: [UInt8], path: String) throws(ArchiveError) {
    func damaged(_ reason: String) -> ArchiveError { .damaged(path: path, reason: reason) }
    guard bytes.count >= 8 else { throw damaged("shorter than a header") }
    let length = bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    guard length <= UInt64(bytes.count - 8) else { throw damaged("its header is cut off") }
    let start = 8 + Int(length)
    guard let header = try? JSONSerialization.jsonObject(with: Data(bytes[8..<start])) as? [String: Any] else {
      throw damaged("its header is not JSON")
    }
    let room = bytes.count - start
    var spans: [(start: Int, end: Int)] = []
    for (name, value) in header {
      if name == "__metadata__" {
        guard let text = value as? [String: String] else { throw damaged("its metadata is not text") }
        metadata = text
        continue
      }
      guard let entry = value as? [String: Any], let typeName = entry["dtype"] as? String,
        let shape = entry["shape"] as? [Int], let offsets = entry["data_offsets"] as? [Int], offsets.count == 2
      else { throw damaged("tensor '\(name)' has a malformed entry") }
      guard let type = TensorType(rawValue: typeName) else {
        throw .mismatch(
          name: name, expected: TensorType.allCases.map(\.rawValue).joined(separator: ", "), found: typeName)
      }
      guard offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] <= room else {
        throw damaged("tensor '\(name)' lies outside the file")
      }
      guard TensorFile.byteCount(type, shape) == offsets[1] - offsets[0] else {
        throw damaged("tensor '\(name)' has another size than its shape")
      }
      spans.append((offsets[0], offsets[1]))
      tensors[name] = Tensor(type: type, shape: shape, bytes: Array(bytes[start + offsets[0]..<start + offsets[1]]))
    }
    var end = 0
    for span in spans.sorted(by: { ($0.start, $0.end) < ($1.start, $1.end) }) {
      guard span.start == end else { throw damaged("its tensors overlap or leave gaps") }
      end = span.end
    }
    guard end == room else { throw damaged("it has \(room - end) bytes that belong to no tensor") }
  }

  /// Bytes that a tensor of this shape takes; nil if the shape is negative or beyond an integer.
  private static func byteCount(_ type: TensorType, _ shape: [Int]) -> Int? {
    var count = type.size
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflow else { return nil }
      count = product
    }
    return count
  }

  /// Reads a file. Throws `ArchiveError.system` or `.damaged`.
  public init(contentsOf path: String) throws(ArchiveError) {
    try self.init(decoding: FileSystem.read(path), path: path)
  }

  /// Writes the file atomically (see `FileSystem.replace`), without holding all of it in memory once more.
  public func write(to path: String) throws(ArchiveError) {
    try FileSystem.replace(path) { write throws(ArchiveError) in
      try write(header())
      for name in tensors.keys.sorted() {
        if let tensor = tensors[name] { try write(tensor.bytes) }
      }
    }
  }
}
