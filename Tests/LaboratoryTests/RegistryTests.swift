import Configuration
import Laboratory
import Testing

/// Names and settings that are not known, and how a run's tree is put together.
@Suite struct RegistryTests {
  private func error(agent: String = "tally", environment: String = "countdown", _ settings: String...) throws -> String
  {
    var tree = ConfigurationTree()
    for setting in settings { tree = tree.merging(try ConfigurationTree(assignment: setting)) }
    do throws(ConfigurationError) {
      _ = try RunPlan(
        agent: agent, environment: environment, seed: 0, steps: 10, settings: tree, in: fixtures)
      return "none"
    } catch {
      return error.description
    }
  }

  @Test func unknownNamesOfferTheNearest() throws {
    #expect(try error(agent: "taly") == "unknown agent 'taly': did you mean 'tally'?")
    #expect(try error(environment: "cuntdown") == "unknown environment 'cuntdown': did you mean 'countdown'?")
    #expect(try error(agent: "zzz") == "unknown agent 'zzz': known are tally")
  }

  @Test(arguments: [
    ("nested.dept=4", "nested.depth"), ("depth=4", "nested.depth"), ("evaluation.intervall=4", "evaluation.interval"),
    ("interval=4", "log.interval"), ("environment.larges=4", "environment.largest"),
    ("largest=4", "environment.largest"),
  ])
  func unknownSettingsOfferTheNearestOfAll(setting: String, nearest: String) throws {
    #expect(try error(setting).hasSuffix("did you mean '\(nearest)'?"))
  }

  @Test func aValueOutOfRangeNamesKeyValueAndRange() throws {
    #expect(try error("nested.depth=11") == "nested.depth = 11 (--set): must be in 1...10")
    #expect(try error("evaluation.interval=0").contains("evaluation.interval = 0"))
    #expect(try error("environment.largest=1") == "environment.largest = 1 (--set): must be in 2...100")
  }

  @Test func theResolvedTreeHasEverySetting() throws {
    let plan = try plan(["nested.depth=4", "environment.largest=9"])
    let known = RunSettings.documentation() + fixtures.agents[0].documentation + fixtures.environments[0].documentation
    for item in known { #expect(plan.resolved.subtree(at: item.key) != nil, "\(item.key)") }
    #expect(try plan.resolved.integer(at: "nested.depth") == 4)
    #expect(try plan.resolved.integer(at: "environment.largest") == 9)
  }

  @Test func theResolvedTreeResolvesToItself() throws {
    let first = try plan(["nested.depth=4", "log.interval=3"])
    let second = try RunPlan(
      agent: "tally", environment: "countdown", seed: 3, steps: 20, settings: first.resolved, in: fixtures)
    #expect(first.resolved == second.resolved)
    #expect(first.resolved.json() == second.resolved.json())
  }

  @Test func labelsAreFolderNames() {
    for label in ["", "a/b", "..", ".hidden", "a b"] {
      #expect(throws: ConfigurationError.self) {
        try RunPlan(agent: "tally", environment: "countdown", label: label, seed: 0, steps: 1, in: fixtures)
      }
    }
  }
}
