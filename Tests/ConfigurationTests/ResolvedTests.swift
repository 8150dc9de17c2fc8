import Configuration
import Testing

@Suite struct ResolvedTests {
  @Test func everyKeyIsWrittenInOrder() throws {
    #expect(
      SampleSettings().resolved().keys == [
        "count", "seed", "learning_rate", "scale", "uses_bootstrap", "label", "hidden_sizes", "noises", "names",
        "entropy_target", "limit", "note", "kind", "kinds", "maybe_kind",
      ])
    let expected = """
      {"warm_up": 200, "planner": {"horizon": 15, "population": 400, "elites": 40}, "model": {"hidden": [200, 200], \
      "planner": {"horizon": 15, "population": 50, "elites": 40}}}
      """
    #expect(AgentSettings().resolved().json(indent: 0) == expected)
  }

  @Test func keysAreSnakeCase() {
    struct Names: Configuration {
      init() {}
      @Setting("") var a: Int = 0
      @Setting("") var useUCBBonus: Int = 0
      @Setting("") var l2Penalty: Int = 0
      @Setting("") var tau: Int = 0
      @Setting("") var targetKL: Int = 0
      @Setting("") var gaeLambda95: Int = 0
    }
    #expect(
      Names().resolved().keys == ["a", "use_ucb_bonus", "l2_penalty", "tau", "target_kl", "gae_lambda95"])
  }

  @Test func defaultsReadBackTheSame() throws {
    let sample = SampleSettings()
    #expect(try SampleSettings.decode(.parse(yaml: sample.resolved().json(), file: "manifest.json")) == sample)
    let agent = AgentSettings()
    #expect(try AgentSettings.decode(.parse(yaml: agent.resolved().json(), file: "manifest.json")) == agent)
  }

  @Test func awkwardValuesReadBackTheSame() throws {
    let scales: [Double] = [
      0.1, 1.0 / 3, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1e16, 123_456_789.123, -0.0, 1e-5,
    ]
    let rates: [Float] = [0.1, 1e-8, 1, 0.333_333_34, 1.175_494_4e-5]
    for (scale, rate) in zip(scales, rates + rates) {
      var settings = SampleSettings()
      settings.seed = .max
      settings.scale = scale
      settings.learningRate = rate
      settings.noises = scales.filter { $0 >= 0 }
      settings.label = "auto"
      settings.names = ["", "auto", "1", "true", "null", "a\nb"]
      settings.entropyTarget = -rate
      settings.limit = nil
      settings.note = "null"
      settings.kind = .randomShooting
      settings.maybeKind = .pathIntegral
      for text in [settings.resolved().json(), settings.resolved().json(indent: 0)] {
        let read = try SampleSettings.decode(.parse(yaml: text, file: "manifest.json"))
        #expect(read == settings)
        #expect(read.scale.bitPattern == scale.bitPattern)
        #expect(read.resolved().json() == settings.resolved().json())
      }
    }
  }
}
