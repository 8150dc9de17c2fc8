import Configuration
import Testing

@Suite struct TreeParseTests {
  @Test func scalarsHaveKinds() throws {
    let parsed = try tree(
      "[~, NULL, null, true, False, 12, -1.5e3, 10_000, text, '12', \"true\", yes, !!str 5, 1.2.3, 0x10]")
    #expect(
      parsed.elements?.map(\.kind) == [
        .null, .null, .null, .bool, .bool, .number, .number, .number, .string, .string, .string, .string, .string,
        .string, .number,
      ])
    #expect(parsed.elements?.last?.scalarText == "0x10")
  }

  @Test func orderAndLocationsAreKept() throws {
    let parsed = try tree("z: 1\na:\n  y: [2, 3]\n  b: é\n")
    #expect(parsed.keys == ["z", "a"])
    #expect(parsed["a"]?.keys == ["y", "b"])
    #expect(parsed["a"]?["y"]?.elements?[1].location?.description == "study.yaml:3:10")
    #expect(parsed["a"]?["b"]?.location == .init(source: "study.yaml", line: 4, column: 6))
  }

  @Test(arguments: [
    ("a: [1, 2", "study.yaml:2:1: while parsing a flow sequence, did not find expected ',' or ']'"),
    ("a: 1\n b: 2", "study.yaml:2:3: mapping values are not allowed in this context"),
    ("a: 1\n\tb: 2", "study.yaml:2:1: while scanning a plain scalar, found a tab character that violates indentation"),
    ("a: *nowhere", "study.yaml:1:4: found undefined alias"),
    ("a: 1\n---\nb: 2", "study.yaml:2:1: expected a single document in the stream, but found another document"),
    ("a: 1\r\nb: \u{1}", "study.yaml:2:4: control characters are not allowed"),
    ("[a]: 1", "study.yaml:1:1: a key must be a scalar"),
    ("<<: 3\na: 1", "study.yaml:1:1: '<<' needs a mapping to merge"),
  ])
  func syntaxErrorsHaveLineAndColumn(yaml: String, expected: String) {
    #expect(message { () throws(ConfigurationError) in try tree(yaml) } == expected)
  }

  /// A few hundred bytes of aliases to aliases stand for billions of values.
  @Test(arguments: [false, true]) func aliasesOfAliasesAreBounded(inMappings: Bool) {
    let names = "abcdefghi".map(String.init)
    var yaml = "a: &a \(inMappings ? "{k: 1, l: 2}" : "[x, x, x, x, x, x, x, x, x]")\n"
    for (before, name) in zip(names, names.dropFirst()) {
      let parts = (0..<9).map { inMappings ? "k\($0): *\(before)" : "*\(before)" }.joined(separator: ", ")
      yaml += "\(name): &\(name) \(inMappings ? "{\(parts)}" : "[\(parts)]")\n"
    }
    let text = message { () throws(ConfigurationError) in try tree(yaml) }
    #expect(text.hasPrefix("study.yaml:") && text.hasSuffix("aliases stand for more than 10000 values"), "\(text)")
  }

  @Test(arguments: [
    String(repeating: "[", count: 100_000), String(repeating: "{a: ", count: 100_000),
    String(repeating: "- ", count: 100_000),
    "a: " + String(repeating: "[", count: 501) + String(repeating: "]", count: 501),
    (0..<3000).map { String(repeating: " ", count: $0) + "a:\n" }.joined(),
    String(repeating: "a.", count: 505) + "b: 1",
  ])
  func nestingIsBounded(yaml: String) {
    let text = message { () throws(ConfigurationError) in try tree(yaml) }
    #expect(text.contains("nests"), "\(text.prefix(200))")
    #expect(throws: ConfigurationError.self) { try ConfigurationTree(assignment: "a=\(yaml)") }
    #expect(throws: ConfigurationError.self) {
      try ConfigurationTree(assignment: String(repeating: "a.", count: 100_000) + "b=1")
    }
  }

  @Test func duplicateKeysAreRefused() {
    func error(_ yaml: String) -> String { message { () throws(ConfigurationError) in try tree(yaml) } }
    #expect(error("a: 1\nb:\n  c: 1\n  c: 2").hasPrefix("duplicate setting 'c' (study.yaml:"))
    #expect(error("a: 1\nb:\n  c: 1\n  c: 2").hasSuffix("given more than once in the same mapping"))
    let spellings = error("x: 0\nplanner:\n  horizon: 1\nplanner.horizon: 2")
    #expect(
      spellings == "duplicate setting 'planner.horizon' (study.yaml:4:1): given more than once, with and without dots")
    #expect(error("runs:\n- a.b: 1\n  a: 2").hasPrefix("duplicate setting 'a' (study.yaml:3:3)"))
  }

  @Test func differentDottedKeysOfOneGroupAreAccepted() throws {
    let parsed = try tree("planner.horizon: 1\nplanner: {elites: 2}\nplanner.population: 30")
    let settings = try AgentSettings.decode(parsed).planner
    #expect([settings.horizon, settings.elites, settings.population] == [1, 2, 30])
  }

  @Test func anchorsAndMergeKeysAreResolved() throws {
    let parsed = try tree(
      "base: &base {a: 1, b: 2}\nmore: &more {b: 9, c: 3}\nuse:\n  <<: [*base, *more]\n  a: 5\nalso: *base")
    #expect(parsed["use"] == .mapping([("a", .integer(5)), ("b", .integer(2)), ("c", .integer(3))]))
    #expect(parsed["also"] == parsed["base"])
  }

  @Test func excessiveNestingIsRefused() {
    let yaml = String(repeating: "[", count: 100_000)
    #expect(message { () throws(ConfigurationError) in try tree(yaml) }.hasPrefix("study.yaml:1:"))
  }

  @Test func jsonIsRead() throws {
    let parsed = try tree("{\"a\": [1, 2.5e-3, true, null, \"\\u00e9\\n\"], \"b\": {}}")
    #expect(parsed["a"] == .list([.integer(1), .number(0.0025), .bool(true), .null, .string("é\n")]))
    #expect(parsed["b"] == .mapping([]))
  }

  @Test func assignmentsAreRead() throws {
    let number = try ConfigurationTree(assignment: "planner.horizon=20")
    #expect(number == .mapping([("planner", .mapping([("horizon", .integer(20))]))]))
    #expect(number["planner"]?["horizon"]?.location?.description == "--set")
    #expect(try ConfigurationTree(assignment: "model.hidden=[200,200]").list(at: "model.hidden").count == 2)
    #expect(try ConfigurationTree(assignment: "path = a=b").string(at: "path") == "a=b")
    #expect(try ConfigurationTree(assignment: "label=\"\"").string(at: "label") == "")
    #expect(try ConfigurationTree(assignment: "planner={horizon: 3}").integer(at: "planner.horizon") == 3)
  }

  @Test(arguments: [
    ("horizon", "--set: 'horizon' is not of the form key=value"),
    ("=3", "--set: '=3' has no key before the equals sign"),
    ("a..b=3", "--set: 'a..b=3' has no key before the equals sign"),
    ("a= ", "--set: 'a= ' has no value after the equals sign"),
    (
      "a=[1",
      "--set: 'a=[1' has an invalid value: while parsing a flow sequence, did not find expected ',' or ']'"
    ),
  ])
  func malformedAssignments(text: String, expected: String) {
    #expect(message { () throws(ConfigurationError) in try ConfigurationTree(assignment: text) } == expected)
  }
}
