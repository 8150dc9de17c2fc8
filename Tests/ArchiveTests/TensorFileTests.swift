import Archive
import Foundation
import Testing

@Suite struct TensorFileTests {
  private var sample: TensorFile {
    var file = TensorFile()
    let floats: [Float] = [1, -2.5, .infinity, 0, -0.0, .leastNonzeroMagnitude]
    floats.withUnsafeBufferPointer { file.tensors["layers.0.weight"] = Tensor(shape: [2, 3], $0) }
    [Double.pi].withUnsafeBufferPointer { file.tensors["scalar"] = Tensor(shape: [], $0) }
    [Int64.min, .max].withUnsafeBufferPointer { file.tensors["counts"] = Tensor(shape: [2], $0) }
    [UInt64.max].withUnsafeBufferPointer { file.tensors["words"] = Tensor(shape: [1, 1, 1], $0) }
    [UInt8(1), 0, 255].withUnsafeBufferPointer { file.tensors["bytes \"é\""] = Tensor(shape: [3], $0) }
    [Float]().withUnsafeBufferPointer { file.tensors["empty"] = Tensor(shape: [0, 4], $0) }
    file.metadata = ["format": "pt", "note": "line\nbreak"]
    return file
  }

  /// A file with this header and this many zero bytes behind it.
  private func file(header: String, bytes: Int) -> [UInt8] {
    var result = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
    result += Array(header.utf8)
    return result + Array(repeating: 0, count: bytes)
  }

  private func isDamaged(_ error: any Error) -> Bool {
    if case .damaged("f", let reason)? = error as? ArchiveError { return !reason.isEmpty }
    return false
  }

  @Test func contentsSurviveARoundTrip() throws {
    let encoded = sample.encoded()
    let decoded = try TensorFile(decoding: encoded, path: "f")
    #expect(decoded == sample)
    #expect(decoded.encoded() == encoded)
    #expect(decoded.tensors["counts"]?.elements(as: Int64.self) == [.min, .max])
    #expect(decoded.tensors["counts"]?.elements(as: Float.self) == nil)
    #expect(try TensorFile(decoding: TensorFile().encoded(), path: "f") == TensorFile())
  }

  @Test func payloadsOfNotANumberKeepTheirBits() throws {
    let value = Float(bitPattern: 0x7FC1_2345)
    var file = TensorFile()
    [value].withUnsafeBufferPointer { file.tensors["x"] = Tensor(shape: [1], $0) }
    let read = try TensorFile(decoding: file.encoded(), path: "f").tensors["x"]?.elements(as: Float.self)
    #expect(read?.first?.bitPattern == 0x7FC1_2345)
  }

  @Test func theHeaderIsPaddedToEightBytes() {
    let encoded = sample.encoded()
    let length = encoded.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    #expect(length % 8 == 0 && encoded[8] == UInt8(ascii: "{"))
  }

  @Test func filesWriteAndRead() throws {
    let folder = try ScratchFolder()
    try sample.write(to: folder.file("a.safetensors"))
    #expect(try TensorFile(contentsOf: folder.file("a.safetensors")) == sample)
    #expect(folder.names == ["a.safetensors"])
  }

  @Test func everyTruncationIsNoticed() {
    let encoded = sample.encoded()
    for length in stride(from: 0, to: encoded.count, by: 7) {
      #expect { try TensorFile(decoding: Array(encoded[..<length]), path: "f") } throws: { isDamaged($0) }
    }
    #expect { try TensorFile(decoding: encoded + [0], path: "f") } throws: { isDamaged($0) }
  }

  @Test func flippedHeadersNeverCrash() {
    let encoded = sample.encoded()
    let end = 8 + encoded.withUnsafeBytes { Int(UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self))) }
    var refused = 0
    for index in 0..<end {
      for flip in [UInt8(0x01), 0x10, 0x80, 0xFF] {
        var bytes = encoded
        bytes[index] ^= flip
        do throws(ArchiveError) {
          _ = try TensorFile(decoding: bytes, path: "f")
        } catch {
          refused += 1
        }
      }
    }
    // flips in names and metadata leave a valid file
    #expect(refused > end)
  }

  @Test(arguments: [
    ("", 0), ("[]", 0), ("{", 0), ("null", 0), ("{\"a\":1}", 0), ("{\"a\":{}}", 0), ("{\"__metadata__\":{\"a\":1}}", 0),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,6]}}", 6),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 3),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[4,0]}}", 4),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1,-1],\"data_offsets\":[0,4]}}", 4),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", 4),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[1,-9223372036854775808]}}", 4),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[9223372036854775800,9223372036854775804]}}", 4),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}", 0),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807],\"data_offsets\":[0,4]}}", 4),
    // a gap, bytes left over, an overlap
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 8),
    (
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
        + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[2,6]}}", 6
    ),
  ]) func malformedHeadersAreDamage(_ header: String, _ bytes: Int) {
    #expect { try TensorFile(decoding: file(header: header, bytes: bytes), path: "f") } throws: { isDamaged($0) }
  }

  @Test func headerLengthsBeyondTheFileAreDamage() {
    for length in [UInt64.max, UInt64.max - 7, 1 << 62, 11] {
      let bytes = withUnsafeBytes(of: length.littleEndian) { Array($0) } + Array("{}        ".utf8)
      #expect { try TensorFile(decoding: bytes, path: "f") } throws: { isDamaged($0) }
    }
  }

  @Test func otherElementTypesAreNamed() {
    let bytes = file(header: "{\"a\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[0,2]}}", bytes: 2)
    #expect(throws: ArchiveError.mismatch(name: "a", expected: "F32, F64, I64, U64, U8", found: "BF16")) {
      try TensorFile(decoding: bytes, path: "f")
    }
  }

  @Test func errorsReadAsSentences() {
    #expect(ArchiveError.damaged(path: "f", reason: "r").description == "f is damaged: r")
    #expect(ArchiveError.missing(name: "a.b").description == "saved state has no 'a.b'")
    #expect(
      ArchiveError.mismatch(name: "a", expected: "F32[2]", found: "F32[3]").description
        == "saved 'a' is F32[3], expected F32[2]")
    #expect(
      ArchiveError.system(action: "open", path: "f", reason: "No such file").description
        == "cannot open f: No such file")
  }
}
