import Configuration
import Testing

@Suite struct TreeTests {
  @Test func mergingIsDeepAndLaterWins() throws {
    let base = try tree("a: 1\nplanner: {horizon: 15, elites: 40}\nlist: [1, 2]")
    let merged = base.merging(try tree("planner.horizon: 20\nlist: [3]\nnew.key: x"))
    let expected = try tree("a: 1\nplanner: {horizon: 20, elites: 40}\nlist: [3]\nnew: {key: x}")
    #expect(merged == expected)
    #expect(merged.keys == ["a", "planner", "list", "new"])
    #expect(merged["planner"]?["horizon"]?.location?.line == 1)
    #expect(base["planner"]?["horizon"] == .integer(15))
  }

  @Test func filteringKeepsOrderAndPlaces() throws {
    let kept = try tree("c: 1\nb: {c: 2}\na: 3").filter { $0 != "c" }
    #expect(kept.keys == ["b", "a"])
    #expect(kept["b"]?.keys == ["c"])
    #expect(kept["a"]?.location?.line == 3)
    #expect(try tree("[1]").filter { _ in false } == .list([.integer(1)]))
  }

  @Test func emptyValuesLeaveMappingsAlone() throws {
    let base = try tree("planner: {horizon: 15}\nlabel: x")
    #expect(base.merging(try tree("planner:\nlabel:")) == (try tree("planner: {horizon: 15}\nlabel: null")))
  }

  @Test func threeLayersDecode() throws {
    let file = try tree("planner: {horizon: 10, elites: 5}")
    let option = try ConfigurationTree(assignment: "planner.horizon=20")
    let settings = try AgentSettings.decode(file.merging(option))
    #expect([settings.planner.horizon, settings.planner.elites, settings.planner.population] == [20, 5, 400])
  }

  @Test func equalityIgnoresPlacesOrderAndSpelling() throws {
    #expect(try tree("a: 1\nb: 2.50") == tree("# x\nb: 2.5\n\na: 1e0"))
    #expect(try tree("a: 1") != tree("a: '1'"))
    #expect(try tree("a: 1") != tree("a: 1\nb: 2"))
    #expect(try tree("[1, 2]") != tree("[2, 1]"))
    #expect(try tree("a: 18446744073709551615") != tree("a: 18446744073709551614"))
    #expect(try tree("a: TRUE\nb: ~") == tree("a: true\nb: null"))
    #expect(ConfigurationTree.null != .string("null"))
  }

  @Test func typedAccess() throws {
    let parsed = try tree("steps: 2_000\nrate: 0.5\nname: demo\non: true\nseeds: [1, 2]\ngroup: {x: 1}\na.b: 7")
    #expect(try parsed.integer(at: "steps") == 2000)
    #expect(try parsed.float(at: "rate") == 0.5)
    #expect(try parsed.double(at: "rate") == 0.5)
    #expect(try parsed.string(at: "name") == "demo")
    #expect(try parsed.bool(at: "on"))
    #expect(try parsed.value(at: "seeds", as: [Int].self) == [1, 2])
    #expect(try parsed.list(at: "seeds").count == 2)
    #expect(try parsed.mapping(at: "group").keys == ["x"])
    #expect(try parsed.integer(at: "group.x") == 1)
    #expect(try parsed.integer(at: "a.b") == 7)
    #expect(try parsed.valueIfPresent(at: "group.y", as: Int.self) == nil)
    #expect(try parsed.valueIfPresent(at: "steps", as: Int.self) == 2000)
    #expect(parsed["steps"]?["x"] == nil)
  }

  @Test func typedAccessErrors() throws {
    let parsed = try tree("steps: many\nseeds: 3")
    func error(_ body: (ConfigurationTree) throws(ConfigurationError) -> some Any) -> String {
      message { () throws(ConfigurationError) in try body(parsed) }
    }
    #expect(
      error { (t) throws(ConfigurationError) in try t.integer(at: "steps") }
        == "steps = many (study.yaml:1:8): expected an integer")
    #expect(
      error { (t) throws(ConfigurationError) in try t.list(at: "seeds") }
        == "seeds = 3 (study.yaml:2:8): expected a list")
    #expect(
      error { (t) throws(ConfigurationError) in try t.mapping(at: "seeds") }
        == "seeds = 3 (study.yaml:2:8): expected a mapping")
    #expect(
      error { (t) throws(ConfigurationError) in try t.string(at: "name") } == "missing setting 'name' (study.yaml:1:1)")
    #expect(
      error { (t) throws(ConfigurationError) in try t.valueIfPresent(at: "steps", as: Double.self) }
        == "steps = many (study.yaml:1:8): expected a number")
  }

  @Test func unknownKeysAreRejected() throws {
    let parsed = try tree("agents: []\nenvironmnts: []")
    try parsed.rejectUnknownKeys(allowed: ["agents", "environmnts"])
    let near = message { () throws(ConfigurationError) in
      try parsed.rejectUnknownKeys(allowed: ["agents", "environments", "seeds"])
    }
    #expect(near == "unknown setting 'environmnts' (study.yaml:2:1): did you mean 'environments'?")
    let far = message { () throws(ConfigurationError) in try parsed.rejectUnknownKeys(allowed: ["agents", "seeds"]) }
    #expect(far == "unknown setting 'environmnts' (study.yaml:2:1): known are agents, seeds")
    let scalar = message { () throws(ConfigurationError) in try tree("[1]").rejectUnknownKeys(allowed: ["agents"]) }
    #expect(scalar == "study.yaml:1:1: expected a mapping with the keys agents, got [1]")
  }

  @Test func jsonLayout() {
    let built = ConfigurationTree.mapping([
      ("name", .string("a\"b\\\n\u{1}")), ("steps", .integer(2000)), ("rate", .number(1e-5)),
      ("float", .number(Float(0.1))), ("none", .null), ("flag", .bool(false)),
      ("sizes", .list([.integer(1), .integer(2)])),
      ("runs", .list([.mapping([("x", .integer(1))])])), ("empty", .mapping([])), ("limit", .number(Double.infinity)),
    ])
    let expected = """
      {
        "name": "a\\"b\\\\\\n\\u0001",
        "steps": 2000,
        "rate": 1e-5,
        "float": 0.1,
        "none": null,
        "flag": false,
        "sizes": [1, 2],
        "runs": [
          {
            "x": 1
          }
        ],
        "empty": {},
        "limit": "inf"
      }
      """
    #expect(built.json() == expected)
    #expect(
      ConfigurationTree.mapping([("a", .list([.integer(1)])), ("b", .mapping([("c", .null)]))]).json(indent: 0)
        == "{\"a\": [1], \"b\": {\"c\": null}}")
  }

  @Test func jsonNumbersFollowTheGrammar() throws {
    let parsed = try tree("[+5, 007, .5, 5., 10_000, 1E+3, -0.0, 18446744073709551615]")
    #expect(parsed.json() == "[5, 7, 0.5, 5.0, 10000, 1e3, -0.0, 18446744073709551615]")
  }

  @Test func awkwardTextsSurviveJSON() throws {
    let texts = [
      "", " ", "auto", "null", "true", "12", "a: b # c", "'\"\\/", "tab\tnew\nline\r\n", "é 漢 😀", "\u{7F}\u{85}\u{9F}",
      "\u{2028}\u{2029}\u{FEFF}", "- x", "<<", "{[", String(repeating: "long ", count: 500),
    ]
    let built = ConfigurationTree.mapping(texts.enumerated().map { ("\($0)\($1.prefix(20))", .string($1)) })
    for indent in [0, 2] {
      let parsed = try ConfigurationTree.parse(yaml: built.json(indent: indent), file: "manifest.json")
      #expect(parsed == built)
      #expect(parsed.json() == built.json())
    }
  }
}
