import Foundation

/// Arrays that `numpy.savez` wrote: a ZIP archive of `.npy` files, not compressed.
///
/// Numbers of any of NumPy's real types, little-endian and in C order, are read as `Float`. What `numpy.savez_compressed`
/// writes is refused.
public struct NumPyArchive: Sendable {
  /// An array, row-major.
  public struct Array: Sendable, Equatable {
    /// Elements along each axis.
    public let shape: [Int]
    /// All elements.
    public let values: [Float]
  }

  /// The arrays by their names, without `.npy`.
  public private(set) var arrays: [String: Array] = [:]

  /// Reads the file at `path`.
  ///
  /// - Throws: `ArchiveError.damaged` naming what cannot be read.
  public init(contentsOf path: String) throws(ArchiveError) {
    let bytes = try FileSystem.read(path)
    func damage(_ reason: String) -> ArchiveError { .damaged(path: path, reason: reason) }
    func number(_ place: Int, _ width: Int) throws(ArchiveError) -> Int {
      guard place >= 0, place + width <= bytes.count else { throw damage("it ends too early") }
      return (0..<width).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
    }
    // the end of central directory is 22 bytes and a comment from the end
    var end = bytes.count - 22
    while end >= 0, try number(end, 4) != 0x0605_4b50 { end -= 1 }
    guard end >= 0 else { throw damage("it is no ZIP archive") }
    let count = try number(end + 10, 2)
    var place = try number(end + 16, 4)
    for _ in 0..<count {
      guard try number(place, 4) == 0x0201_4b50 else { throw damage("its directory is not one of ZIP") }
      let (method, size, start) = (try number(place + 10, 2), try number(place + 20, 4), try number(place + 42, 4))
      let lengths = (
        name: try number(place + 28, 2), extra: try number(place + 30, 2), comment: try number(place + 32, 2)
      )
      guard place + 46 + lengths.name <= bytes.count else { throw damage("it ends too early") }
      let name = String(decoding: bytes[place + 46..<place + 46 + lengths.name], as: UTF8.self)
      guard method == 0 else { throw damage("'\(name)' is compressed: write it with numpy.savez") }
      let data = start + 30 + (try number(start + 26, 2)) + (try number(start + 28, 2))
      guard data >= 0, size >= 0, data + size <= bytes.count else { throw damage("'\(name)' ends too early") }
      if name.hasSuffix(".npy") {
        do throws(Flaw) {
          arrays[String(name.dropLast(4))] = try Self.array(bytes[data..<data + size])
        } catch {
          throw damage("'\(name)' \(error.reason)")
        }
      }
      place += 46 + lengths.name + lengths.extra + lengths.comment
    }
  }

  /// What is wrong with an array.
  private struct Flaw: Error {
    let reason: String
  }

  /// An array from a `.npy` file: 6 bytes of magic, 2 of version, the header's length in 2 or 4, a header in Python's
  /// notation, and the elements.
  private static func array(_ bytes: ArraySlice<UInt8>) throws(Flaw) -> Array {
    let first = bytes.startIndex
    let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]
    guard bytes.count >= 12, bytes.prefix(6).elementsEqual(magic) else {
      throw Flaw(reason: "is no array of NumPy")
    }
    let width = bytes[first + 6] == 1 ? 2 : 4
    let length = (0..<width).reduce(0) { $0 | Int(bytes[first + 8 + $1]) << (8 * $1) }
    let data = first + 8 + width + length
    guard data <= bytes.endIndex else { throw Flaw(reason: "ends too early") }
    let header = String(decoding: bytes[first + 8 + width..<data], as: UTF8.self)
    guard let type = field("descr", of: header, in: "'"), let dimensions = parenthesized(header) else {
      throw Flaw(reason: "has a header that cannot be read")
    }
    guard header.contains("'fortran_order': False") || dimensions.count < 2 else {
      throw Flaw(reason: "is in Fortran order: write numpy.ascontiguousarray of it")
    }
    let count = dimensions.reduce(1, *)
    func read<Element: BitwiseCopyable>(_: Element.Type, _ convert: (Element) -> Float) throws(Flaw) -> [Float] {
      let size = MemoryLayout<Element>.size
      guard count >= 0, bytes.endIndex - data == count * size else { throw Flaw(reason: "ends too early") }
      return bytes.withUnsafeBytes { all in
        (0..<count).map { convert(all.loadUnaligned(fromByteOffset: data - first + $0 * size, as: Element.self)) }
      }
    }
    let values: [Float] =
      switch type {
      case "<f4": try read(Float.self) { $0 }
      case "<f8": try read(Double.self) { Float($0) }
      case "<i8": try read(Int64.self) { Float($0) }
      case "<i4": try read(Int32.self) { Float($0) }
      case "<i2": try read(Int16.self) { Float($0) }
      case "|i1": try read(Int8.self) { Float($0) }
      case "|u1", "|b1": try read(UInt8.self) { Float($0) }
      default: throw Flaw(reason: "is of type \(type), which is none of NumPy's little-endian reals")
      }
    return Array(shape: dimensions, values: values)
  }

  /// The quoted value of a key.
  private static func field(_ key: String, of header: String, in quote: Character) -> String? {
    guard let after = header.range(of: "'\(key)': ") else { return nil }
    let rest = header[after.upperBound...]
    guard rest.first == quote, let close = rest.dropFirst().firstIndex(of: quote) else { return nil }
    return String(rest[rest.index(after: rest.startIndex)..<close])
  }

  /// The shape: numbers between the header's parentheses.
  private static func parenthesized(_ header: String) -> [Int]? {
    guard let open = header.firstIndex(of: "("), let close = header[open...].firstIndex(of: ")") else { return nil }
    let parts = header[header.index(after: open)..<close].split(separator: ",").map { part in
      Int(part.filter { $0 != " " })
    }
    let numbers = parts.compactMap { $0 }
    return numbers.count == parts.count ? numbers : nil
  }
}
