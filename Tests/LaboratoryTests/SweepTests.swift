import Configuration
import Laboratory
import Testing

/// The key `sweep` of study files, and agents that name their environments.
@Suite struct SweepTests {
  private func study(_ agents: String, _ more: String = "") throws(ConfigurationError) -> Study {
    let text = "{name: s, environments: [countdown], seeds: 1, steps: 5, agents: \(agents)\(more)}"
    return try Study(ConfigurationTree.parse(yaml: text, file: "study.yaml"), in: fixtures)
  }

  private func refusal(_ agents: String, _ more: String = "") -> String {
    do throws(ConfigurationError) {
      _ = try study(agents, more)
      return "none"
    } catch {
      return error.description
    }
  }

  @Test func aGridIsEveryCombination() throws {
    let study = try study(
      "{tally: {settings: {reach: 2}, sweep: {grid: {nested.depth: [2, 3], environment.largest: [5, 7]}}}, other: {agent: tally}}"
    )
    #expect(
      study.agents == [
        "tally-depth-2-largest-5", "tally-depth-2-largest-7", "tally-depth-3-largest-5", "tally-depth-3-largest-7",
        "other",
      ])
    #expect(try study.runs.map { try $0.resolved.integer(at: "nested.depth") } == [2, 2, 3, 3, 3])
    #expect(try study.runs.map { try $0.resolved.integer(at: "environment.largest") } == [5, 7, 5, 7, 6])
    #expect(try study.runs.dropLast().allSatisfy { try $0.resolved.integer(at: "reach") == 2 })
    #expect(study.runs.allSatisfy { $0.agent.name == "tally" })
  }

  @Test func namedConfigurationsOfAllAgentsCombineWithAGrid() throws {
    let study = try study(
      "[tally]", ", sweep: {configurations: {small: {nested.depth: 1}, plain: {}}, grid: {log.interval: [5, 10]}}")
    #expect(
      study.agents == [
        "tally-small-interval-5", "tally-small-interval-10", "tally-plain-interval-5", "tally-plain-interval-10",
      ])
    #expect(try study.runs.map { try $0.resolved.integer(at: "nested.depth") } == [1, 1, 3, 3])
  }

  /// The same file gives the same variants, more of them leave the first as they were, and values are where they may
  /// be.
  @Test func randomVariantsAreReproducible() throws {
    func drawn(_ count: Int, seed: Int = 0) throws -> [(depth: Int, reach: Double)] {
      let random =
        "{count: \(count), seed: \(seed), settings: {nested.depth: {low: 2, high: 9}, reach: {low: 0.001, high: 1, log: true}}}"
      return try study("{tally: {sweep: {random: \(random)}}}").runs.map {
        (try $0.resolved.integer(at: "nested.depth"), try $0.resolved.double(at: "reach"))
      }
    }
    let (few, many, others) = (try drawn(5), try drawn(200), try drawn(5, seed: 1))
    #expect(few.map(\.depth) == many.prefix(5).map(\.depth) && few.map(\.reach) == many.prefix(5).map(\.reach))
    #expect(few.map(\.reach) != others.map(\.reach))
    #expect(Set(many.map(\.depth)) == Set(2...9))
    #expect(many.allSatisfy { (0.001...1).contains($0.reach) })
    // a third of a logarithmic range of three decades is a decade
    let low = many.count { $0.reach < 0.01 }
    #expect((40...95).contains(low), "\(low) of 200 in the lowest of three decades")
    #expect(
      try study("{tally: {sweep: {random: {count: 12, settings: {reach: [1, 2]}}}}}").agents[3] == "tally-random-03")
  }

  @Test func agentsMayNameTheirEnvironments() throws {
    let text = """
      {name: s, environments: [countdown], seeds: 1, steps: 5,
       agents: {a: {agent: tally, environments: [countdown]}, b: {agent: tally, environments: []}}}
      """
    let study = try Study(ConfigurationTree.parse(yaml: text, file: "study.yaml"), in: fixtures)
    #expect(study.runs.map(\.label) == ["a"])
    #expect(refusal("{a: {agent: tally, environments: [countdwn]}}").contains("countdown"))
  }

  @Test(arguments: [
    ("{tally: {sweep: {grit: {}}}}", "did you mean 'grid'"),
    ("{tally: {sweep: {grid: {nested.depth: 3}}}}", "expected a list of values"),
    ("{tally: {sweep: {grid: {nested.deep: [3]}}}}", "nested.depth"),
    ("{tally: {sweep: {random: {count: 2, settings: {reach: {low: 2, high: 1}}}}}}", "low must be less than high"),
    ("{tally: {sweep: {grid: {reach: [1, 1.0, 1]}}}}", "two variants would have this label"),
  ])
  func mistakesAreNamed(agents: String, words: String) {
    #expect(refusal(agents).contains(words), "\(refusal(agents))")
  }
}
