import Configuration
import Testing

/// Plain JSON is read by a reader of its own: the tree is that of the YAML parser, places included.
@Suite struct JSONReaderTests {
  /// The same values as YAML that is no JSON, for the comparison.
  @Test(arguments: [
    #"{"a": 1, "b": [1.5e-3, -2, true, null, "x"], "c": {"d": {}, "e": []}}"#,
    "{\n  \"a\": \"\\u00e9 \\\"q\\\" \\n\",\n  \"é\": [\n    0.1,\n    2\n  ]\n}\n",
    #"[{"a": "1"}, {"a": 1}]"#,
  ])
  func theTreeIsThatOfTheYAMLParser(text: String) throws {
    let json = try ConfigurationTree.parse(yaml: text, file: "f")
    let yaml = try ConfigurationTree.parse(yaml: "# a comment, which JSON has not\n" + text, file: "f")
    #expect(json == yaml)
    #expect(json.json() == yaml.json())
  }

  @Test func placesAreThoseOfTheText() throws {
    let tree = try ConfigurationTree.parse(yaml: "{\n  \"é\": {\"b\": \"x\"}\n}", file: "f.json")
    #expect(tree["é"]?["b"]?.location?.description == "f.json:2:14")
    let error = #expect(throws: ConfigurationError.self) { try tree.integer(at: "é.b") }
    #expect(error?.description.contains("f.json:2:14") == true, "\(String(describing: error))")
  }

  @Test(arguments: [
    (#"{"a": 1, "a": 2}"#, "given more than once"), (#"{"a": 1"#, "did not find expected"),
    (#"{"a.b": 1, "a": {"b": 2}}"#, "more than once"),
    (#"{"a": [1, 2}"#, "f:1"),
  ])
  func mistakesAreNamedWithTheirPlace(text: String, words: String) {
    let error = #expect(throws: ConfigurationError.self) { try ConfigurationTree.parse(yaml: text, file: "f") }
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
  }
}
