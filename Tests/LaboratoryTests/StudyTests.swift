import Archive
import Configuration
import Laboratory
import Testing
import TestSupport

/// Study files, and the files of a study's folder.
@Suite struct StudyTests {
  private func study(_ yaml: String) throws(ConfigurationError) -> Study {
    try Study(ConfigurationTree.parse(yaml: yaml, file: "study.yaml"), in: fixtures)
  }

  private func refusal(_ yaml: String) -> String {
    do throws(ConfigurationError) {
      _ = try study(yaml)
      return "none"
    } catch {
      return error.description
    }
  }

  private let full = """
    name: full
    environments: [countdown]
    seeds: 2
    steps: 10
    thresholds: {countdown: 1.5}
    settings: {log.interval: 5, nested.depth: 2}
    figures: {names: {deep: Deep}, scores: {countdown: {random: 0, reference: 2}}, baseline: tally}
    agents:
      tally:
      deep:
        agent: tally
        steps: 20
        settings: {nested.depth: 9}
      deeper:
        agent: tally
        settings: {nested: {depth: 9}}
        environments:
          countdown: {steps: 30, settings: {nested.depth: 10, environment.largest: 7}}
    """

  @Test func everyCombinationIsARun() throws {
    let study = try study(full)
    #expect(
      study.runs.map { "\($0.label) \($0.seed) \($0.steps)" } == [
        "tally 0 10", "tally 1 10", "deep 0 20", "deep 1 20", "deeper 0 30", "deeper 1 30",
      ])
    #expect(study.thresholds.map(\.environment) == ["countdown"] && study.thresholds.map(\.value) == [1.5])
    #expect(study.figures?["names"]?["deep"]?.scalarText == "Deep")
  }

  @Test(arguments: [
    ("{colour: {}}", "colour"), ("{names: {nobody: x}}", "nobody"), ("{baseline: nobody}", "nobody"),
    ("{scores: {countdown: {best: 1}}}", "best"),
    ("{scores: {countdown: {random: low}}}", "figures.scores.countdown.random"),
  ])
  func figuresMustNameWhatThereIs(_ figures: String, _ fragment: String) {
    #expect(
      refusal("{name: s, environments: [countdown], agents: [tally], steps: 5, seeds: 1, figures: \(figures)}")
        .contains(fragment))
  }

  @Test func theMoreSpecialSettingWins() throws {
    let runs = try study(full).runs
    #expect(try runs.map { try $0.resolved.integer(at: "nested.depth") } == [2, 2, 9, 9, 10, 10])
    #expect(try runs.map { try $0.resolved.integer(at: "environment.largest") } == [6, 6, 6, 6, 7, 7])
    #expect(try runs.allSatisfy { try $0.resolved.integer(at: "log.interval") == 5 })
  }

  @Test func anAgentMayHaveItsOwnSeeds() throws {
    let study = try study(
      "{name: s, environments: [countdown], agents: {a: {agent: tally, seeds: [7]}, b: {agent: tally}}, steps: 5, seeds: 2}"
    )
    #expect(study.runs.map { "\($0.label)\($0.seed)" } == ["a7", "b0", "b1"])
    #expect(study.seeds == [0, 1])
  }

  @Test func seedsMayBeListed() throws {
    let study = try study("{name: s, environments: [countdown], agents: [tally], steps: 5, seeds: [4, 2]}")
    #expect(study.runs.map(\.seed) == [4, 2])
  }

  @Test(arguments: [
    ("{name: s, environments: [countdow], agents: [tally], steps: 5, seeds: 1}", "unknown environment 'countdow'"),
    (
      "{name: s, environments: [countdown], agents: [tall], steps: 5, seeds: 1}",
      "study.yaml:1:47: unknown agent 'tall'"
    ),
    ("{name: s, environments: [countdown], agents: [tally], seeds: 1}", "missing setting 'agents.tally.steps'"),
    ("{name: s, environments: [countdown], agents: [tally], steps: 5}", "missing setting 'seeds'"),
    ("{name: s, environments: [countdown], agents: [tally], steps: 5, seeds: 0}", "seeds = 0"),
    ("{name: s, environments: [countdown], agents: [tally], steps: 5, seeds: [1, 1]}", "must be different"),
    (
      "{name: s, environments: [countdown], agents: {tally: {seeds: []}}, steps: 5, seeds: 1}",
      "agents.tally.seeds = []"
    ),
    ("{name: s, environments: [countdown], agents: [tally], steps: 0, seeds: 1}", "steps = 0"),
    ("{name: s, environments: [countdown], agents: [tally, tally], steps: 5, seeds: 1}", "more than once"),
    ("{name: s, environments: [countdown], agents: [tally], steps: 5, seeds: 1, sedes: 2}", "did you mean 'seeds'?"),
    (
      "{name: s, environments: [countdown], agents: [tally], steps: 5, seeds: 1, settings: {nested.depth: 11}}",
      "nested.depth = 11 (study.yaml:1:100): must be in 1...10"
    ),
    (
      "{name: s, environments: [countdown], agents: {tally: {setings: {}}}, steps: 5, seeds: 1}",
      "did you mean 'settings'?"
    ),
    ("name: s\nagents: [tally\nseeds: 1\n", "study.yaml:3:"),
  ])
  func mistakesAreNamed(yaml: String, expected: String) {
    #expect(refusal(yaml).contains(expected), "\(refusal(yaml))")
  }

  @Test func resultsAreTidyAndInTheStudysOrder() throws {
    let study = try study(
      "{name: s, environments: [countdown], agents: {b: {agent: tally}, a: {agent: tally}}, steps: 4, seeds: 2, "
        + "settings: {evaluation.episodes: 1, evaluation.interval: 4}}")
    let root = try ScratchFolder()
    let folder = StudyFolder(root.path)
    for plan in study.runs.reversed() {
      let place = RunFolder(output: root.path, plan: plan)
      guard case .ready(var run) = try Run.open(plan, in: place, host: .forTests) else { continue }
      _ = try run.execute(stop: StopRequest())
    }
    try folder.writeResults(of: study)
    let rows = CSV.records(try FileSystem.read(folder.results))
    #expect(rows[0] == ["study", "environment", "agent", "seed", "environment_steps", "episode", "return"])
    #expect(
      rows.dropFirst().map { $0[..<6].joined(separator: " ") } == [
        "s countdown b 0 0 0", "s countdown b 0 4 0", "s countdown b 1 0 0", "s countdown b 1 4 0",
        "s countdown a 0 0 0", "s countdown a 0 4 0", "s countdown a 1 0 0", "s countdown a 1 4 0",
      ])
    #expect(rows.dropFirst().allSatisfy { Double($0[6]) != nil })
  }

  /// A run's table that was cut or edited is named, and nothing of it is used.
  @Test func damagedTablesAreNotGathered() throws {
    let study = try study(
      "{name: s, environments: [countdown], agents: [tally], steps: 8, seeds: 1, "
        + "settings: {evaluation.episodes: 1, evaluation.interval: 4}}")
    let root = try ScratchFolder()
    let (folder, place) = (StudyFolder(root.path), RunFolder(output: root.path, plan: study.runs[0]))
    guard case .ready(var run) = try Run.open(study.runs[0], in: place, host: .forTests) else { return }
    _ = try run.execute(stop: StopRequest())
    let path = place.path(of: .evaluations)
    let rows = CSV.records(try FileSystem.read(path))
    func edited(_ column: Int, _ text: String) -> [[String]] {
      var copy = rows
      copy[2][column] = text
      return copy
    }
    for (rows, reason) in [
      (edited(0, "-4"), "line 3: environment_steps must be a whole number, at least 0, found '-4'"),
      (edited(2, "high"), "line 3: a whole number and a finite one are expected, found '0' and 'high'"),
      (edited(2, "nan"), "line 3: a whole number and a finite one are expected, found '0' and 'nan'"),
      (
        [rows[0], rows[1], Array(rows[2].dropLast())],
        "line 3: \(rows[0].count) cells are expected, found \(rows[0].count - 1)"
      ),
      (
        [rows[0], rows[1], rows[3], rows[2]], "line 4: environment_steps must be a whole number, at least 8, found '4'"
      ),
      (rows.dropLast(), "it ends at 4 of 8 steps, but its run is finished and was evaluated every 4"),
    ] {
      try FileSystem.replace(path, with: rows.flatMap { CSV.line($0.map { .text($0) }) })
      #expect(throws: ArchiveError.damaged(path: path, reason: reason)) { try folder.writeResults(of: study) }
      #expect(!FileSystem.exists(folder.results))
    }
  }

  /// Where a step is several, the last evaluation lies just beyond the budget; those of a longer budget do not count.
  @Test(arguments: [(6, [0, 6]), (5, [0, 6]), (3, [0, 6]), (12, [0, 6, 12])])
  func resultsEndAtTheBudget(steps: Int, expected: [Int]) throws {
    let root = try ScratchFolder()
    func study(_ steps: Int) throws -> Study {
      try self.study(
        "{name: s, environments: [countdown], agents: [tally], steps: \(steps), seeds: 1, "
          + "settings: {evaluation.episodes: 1, evaluation.interval: 6, run.copies: 6}}")
    }
    for plan in try study(12).runs {
      let place = RunFolder(output: root.path, plan: plan)
      guard case .ready(var run) = try Run.open(plan, in: place, host: .forTests) else { continue }
      _ = try run.execute(stop: StopRequest())
    }
    let folder = StudyFolder(root.path)
    try folder.writeResults(of: try study(steps))
    let rows = CSV.records(try FileSystem.read(folder.results)).dropFirst()
    #expect(rows.map { Int($0[4]) } == expected)
  }

  @Test func theListReadsBack() throws {
    let study = try study(full)
    let root = try ScratchFolder()
    let folder = StudyFolder(root.path)
    try folder.writeList(of: study)
    #expect(try folder.readList() == StudyFolder.entries(of: study))
    #expect(try folder.readList()[2].folder == "countdown/deep/seed-0")
  }

  @Test func progressLinesReadBack() {
    for progress in [
      RunProgress(steps: 3, budget: 9), RunProgress(steps: 5, budget: 9, evaluation: -1.25, rate: 0.1),
    ] {
      #expect(StudyReport.parse(StudyReport.line(progress).dropLast()) == progress)
    }
    #expect(StudyReport.parse("something else") == nil)
  }
}
