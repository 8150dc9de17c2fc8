import Configuration
import Testing

/// What files and numbers may look like.
@Suite struct FileTextTests {
  private let plain = "name: caf\u{E9}\nsteps: 3\n"

  @Test func byteOrderMarksAreNoText() throws {
    let expected = try ConfigurationTree.parse(yaml: plain, file: "f")
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    var (little, big): ([UInt8], [UInt8]) = ([0xFF, 0xFE], [0xFE, 0xFF])
    for unit in plain.utf16 {
      little += [UInt8(unit & 0xFF), UInt8(unit >> 8)]
      big += [UInt8(unit >> 8), UInt8(unit & 0xFF)]
    }
    for bytes in [Array(plain.utf8), mark + Array(plain.utf8), little, big] {
      #expect(try ConfigurationTree.parse(bytes: bytes, file: "f") == expected)
    }
  }

  /// Latin-1 is not read with replacement characters: the place of the byte is named.
  @Test(
    arguments: [
      ("a: 1\nname: caf", [0xE9, 0x0A], "f:2:10", "0xE9"), ("", [0xE9], "f:1:1", "0xE9"),
      ("a: \u{20AC}\nb: ", [0xFF], "f:2:4", "0xFF"), ("a: ", [0xE2, 0x82], "f:1:4", "0xE2"),
    ] as [(String, [UInt8], String, String)])
  func whatIsNotUnicodeIsRefusedWithItsPlace(text: String, bytes: [UInt8], place: String, byte: String) throws {
    let all = Array(text.utf8) + bytes
    let error = try #require(throws: ConfigurationError.self) { try ConfigurationTree.parse(bytes: all, file: "f") }
    #expect("\(error)".hasPrefix(place) && "\(error)".contains(byte), "\(error)")
  }

  @Test(arguments: [("0x10", 16), ("0o17", 15), ("-0x1F", -31), ("0xff", 255)])
  func otherBasesAreNumbers(text: String, value: Int) throws {
    #expect(try ConfigurationTree(assignment: "a=\(text)").integer(at: "a") == value)
  }

  @Test(arguments: ["0x", "0xg", "0o8", "0x1.5"]) func whatIsNoNumberStaysText(text: String) throws {
    #expect(try ConfigurationTree(assignment: "a=\(text)").string(at: "a") == text)
    #expect(throws: ConfigurationError.self) { try ConfigurationTree(assignment: "a=\(text)").integer(at: "a") }
  }

  @Test func infinitiesReachPythonAsNumbers() throws {
    let tree = try ConfigurationTree(assignment: "a={x: .inf, y: -.inf, z: [.nan, 0x10], w: text, v: \".inf\"}")
    let mapping = try SettingMapping(configuration: tree.mapping(at: "a"))
    #expect(mapping.pythonJSON == #"{"x": Infinity, "y": -Infinity, "z": [NaN, 16], "w": "text", "v": ".inf"}"#)
    #expect(mapping.json == #"{"x": .inf, "y": -.inf, "z": [.nan, 16], "w": "text", "v": ".inf"}"#)
    // as a manifest keeps it
    #expect(try SettingMapping(configuration: mapping.configuration).pythonJSON == mapping.pythonJSON)
    #expect(
      try SettingMapping(configuration: ConfigurationTree.parse(yaml: mapping.configuration.json(), file: "f"))
        == mapping)
  }

  @Test func aSingleValueIsAListOfOne() throws {
    #expect(try ConfigurationTree(assignment: "a=1e-5").value(at: "a", as: [Float].self) == [1e-5])
    #expect(throws: ConfigurationError.self) {
      try ConfigurationTree(assignment: "a=x").value(at: "a", as: [Float].self)
    }
  }
}
