import Configuration
import Testing

@Suite struct DecodeTests {
  @Test func emptyTreesGiveTheDefaults() throws {
    #expect(try SampleSettings.decode(ConfigurationTree()) == SampleSettings())
    #expect(try SampleSettings.decode(tree("")) == SampleSettings())
    #expect(try AgentSettings.decode(tree("planner:\nmodel: {}")) == AgentSettings())
  }

  @Test func everyTypeIsRead() throws {
    let yaml = """
      count: 1e2
      seed: 10_000
      learning_rate: 1e-3
      scale: 1_000.5
      uses_bootstrap: false
      label: "7"
      hidden_sizes: [64, 1e2, 3.0]
      noises:
        - 0
        - .5
      names: [plain, 'quoted: text', 3]
      entropy_target: -2
      limit: auto
      note: 12
      kind: mppi
      kinds: [randomShooting, cem]
      maybe_kind: cem
      """
    let settings = try SampleSettings.decode(tree(yaml))
    #expect(settings.count == 100)
    #expect(settings.seed == 10_000)
    #expect(settings.learningRate == 1e-3)
    #expect(settings.scale == 1000.5)
    #expect(!settings.usesBootstrap)
    #expect(settings.label == "7")
    #expect(settings.hiddenSizes == [64, 100, 3])
    #expect(settings.noises == [0, 0.5])
    #expect(settings.names == ["plain", "quoted: text", "3"])
    #expect(settings.entropyTarget == -2)
    #expect(settings.limit == nil)
    #expect(settings.note == "12")
    #expect(settings.kind == .pathIntegral)
    #expect(settings.kinds == [.randomShooting, .crossEntropy])
    #expect(settings.maybeKind == .crossEntropy)
  }

  @Test func floatIsRoundedOnce() throws {
    // Just above the midpoint of 1 and the next Float; rounding to Double first would land on the midpoint, then on 1.
    let text = "1.00000005960464477540"
    #expect(Float(Double(text) ?? 0) == 1)
    let value: Float = try tree("x: \(text)").value(at: "x")
    #expect(value == Float(1).nextUp)
  }

  @Test(arguments: [
    ("count: 0", "count = 0 (study.yaml:1:8): must be in 1...1000"),
    ("count: 1_001", "count = 1_001 (study.yaml:1:8): must be in 1...1000"),
    ("seed: -1", "seed = -1 (study.yaml:1:7): must be at least 0"),
    ("learning_rate: 2", "learning_rate = 2 (study.yaml:1:16): must be in 1e-8...1"),
    ("hidden_sizes: [8, 0]", "hidden_sizes[1] = 0 (study.yaml:1:19): must be in 1...4096"),
    ("entropy_target: 1", "entropy_target = 1 (study.yaml:1:17): must be in -10...0 or auto"),
    ("limit: 0", "limit = 0 (study.yaml:1:8): must be at least 1 or auto"),
    ("kind: cme", "kind = cme (study.yaml:1:7): must be one of cem, mppi, randomShooting (did you mean 'cem'?)"),
    ("kinds: [cem, 3]", "kinds[1] = 3 (study.yaml:1:14): must be one of cem, mppi, randomShooting"),
  ])
  func valuesOutOfRange(yaml: String, expected: String) {
    #expect(message { () throws(ConfigurationError) in try SampleSettings.decode(tree(yaml)) } == expected)
  }

  @Test(arguments: [
    ("count: abc", "count = abc (study.yaml:1:8): expected an integer in 1...1000"),
    ("count: 1.5", "count = 1.5 (study.yaml:1:8): expected an integer in 1...1000"),
    ("count: '20'", "count = 20 (study.yaml:1:8): expected an integer in 1...1000"),
    ("count: 1__0", "count = 1__0 (study.yaml:1:8): expected an integer in 1...1000"),
    ("count: 99999999999999999999", "count = 99999999999999999999 (study.yaml:1:8): expected an integer in 1...1000"),
    ("count:", "count = null (study.yaml:1:7): expected an integer in 1...1000"),
    ("seed: yes", "seed = yes (study.yaml:1:7): expected an integer of at least 0"),
    ("count: {a: 1}", "count = {\"a\": 1} (study.yaml:1:8): expected an integer in 1...1000"),
    ("learning_rate: fast", "learning_rate = fast (study.yaml:1:16): expected a number in 1e-8...1"),
    ("uses_bootstrap: yes", "uses_bootstrap = yes (study.yaml:1:17): expected true or false"),
    ("label: [a]", "label = [\"a\"] (study.yaml:1:8): expected a text"),
    ("hidden_sizes: wide", "hidden_sizes = wide (study.yaml:1:15): expected a list of integers, each in 1...4096"),
    ("hidden_sizes: [a]", "hidden_sizes[0] = a (study.yaml:1:16): expected an integer in 1...4096"),
    ("limit: none", "limit = none (study.yaml:1:8): expected an integer of at least 1 or auto"),
  ])
  func valuesOfTheWrongType(yaml: String, expected: String) {
    #expect(message { () throws(ConfigurationError) in try SampleSettings.decode(tree(yaml)) } == expected)
  }

  @Test(arguments: ["nan", ".nan", ".NaN", "inf", "-inf", ".inf", "-.INF", "Infinity", "1e400", "-1e400"])
  func numbersThatAreNotFinite(text: String) {
    for key in ["scale", "learning_rate"] {
      let error = message { () throws(ConfigurationError) in try SampleSettings.decode(tree("\(key): \(text)")) }
      #expect(error.hasPrefix("\(key) = \(text) (study.yaml:1:"))
      #expect(error.contains("): expected a finite number"))
    }
    let element = message { () throws(ConfigurationError) in try SampleSettings.decode(tree("noises: [1, \(text)]")) }
    #expect(element.hasPrefix("noises[1] = \(text) "))
  }

  @Test func floatOverflowIsNotFinite() {
    let error = message { () throws(ConfigurationError) in try SampleSettings.decode(tree("entropy_target: -1e39")) }
    #expect(error == "entropy_target = -1e39 (study.yaml:1:17): expected a finite number in -10...0 or auto")
  }

  @Test func unknownKeysNameTheNearest() {
    func error(_ yaml: String) -> String {
      message { () throws(ConfigurationError) in try AgentSettings.decode(tree(yaml)) }
    }
    #expect(
      error("planer.horizon: 20")
        == "unknown setting 'planer.horizon' (study.yaml:1:1): did you mean 'planner.horizon'?")
    #expect(
      error("planner:\n  horizn: 20")
        == "unknown setting 'planner.horizn' (study.yaml:2:3): did you mean 'planner.horizon'?")
    #expect(error("horizon: 20") == "unknown setting 'horizon' (study.yaml:1:1): did you mean 'planner.horizon'?")
    #expect(error("hidden: [1]") == "unknown setting 'hidden' (study.yaml:1:1): did you mean 'model.hidden'?")
    #expect(error("warmUp: 1") == "unknown setting 'warmUp' (study.yaml:1:1): did you mean 'warm_up'?")
    #expect(
      error("zzzzzzzz: 1").hasPrefix("unknown setting 'zzzzzzzz' (study.yaml:1:1): known are warm_up, planner.horizon,")
    )
    #expect(
      error("planner.horizon.x: 1") == "planner.horizon = {\"x\": 1} (study.yaml:1:1): expected an integer in 1...1000")
    #expect(error("planner: 5") == "planner = 5 (study.yaml:1:10): expected a mapping of settings")
    #expect(error("[1]") == "study.yaml:1:1: expected a mapping of settings")
  }

  @Test func assignmentErrorsNameTheOption() {
    let unknown = message { () throws(ConfigurationError) in
      try AgentSettings.decode(ConfigurationTree(assignment: "planer.horizon=20"))
    }
    #expect(unknown == "unknown setting 'planer.horizon' (--set): did you mean 'planner.horizon'?")
    let range = message { () throws(ConfigurationError) in
      try AgentSettings.decode(ConfigurationTree(assignment: "planner.horizon=0"))
    }
    #expect(range == "planner.horizon = 0 (--set): must be in 1...1000")
  }

  @Test func pathPrefixesEveryKey() {
    let unknown = message { () throws(ConfigurationError) in
      try PlannerSettings.decode(tree("horizn: 1"), path: "agent.planner")
    }
    #expect(unknown == "unknown setting 'agent.planner.horizn' (study.yaml:1:1): did you mean 'agent.planner.horizon'?")
    let relation = message { () throws(ConfigurationError) in
      try PlannerSettings.decode(tree("population: 10"), path: "agent")
    }
    #expect(relation == "agent.elites = 40: must not exceed population (10)")
  }

  @Test func relationsAreCheckedWithKeyValueAndPlace() {
    func error(_ yaml: String) -> String {
      message { () throws(ConfigurationError) in try AgentSettings.decode(tree(yaml)) }
    }
    #expect(
      error("planner: {elites: 401}") == "planner.elites = 401 (study.yaml:1:19): must not exceed population (400)")
    #expect(
      error("model.planner.elites: 51")
        == "model.planner.elites = 51 (study.yaml:1:23): must not exceed population (50)")
    #expect(error("warm_up: 14") == "planner.horizon = 15: must not exceed warm_up (14)")
  }

  @Test func errorsCarryTheirParts() throws {
    let error = #expect(throws: ConfigurationError.self) { try AgentSettings.decode(tree("\nplanner.horizon: 0")) }
    #expect(error?.kind == .outOfRange)
    #expect(error?.key == "planner.horizon")
    #expect(error?.value == "0")
    #expect(error?.location == .init(source: "study.yaml", line: 2, column: 18))
    #expect(error?.problem == "must be in 1...1000")
  }
}
