import Archive
import Catalog
import Configuration
import Foundation
import Laboratory
import TestSupport
import Testing

/// Behaviour cloning and DAgger, from experts and from files.
@Suite struct ImitationTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private static let small = [
    "learner.policy.hidden=[16]", "environment.step_limit=20", "evaluation.episodes=4", "log.interval=20",
  ]

  /// Runs `agent` in a folder `name` with one evaluation, in the end.
  private func train(
    _ agent: String, in environment: String = "point-mass", steps: Int, _ settings: [String], name: String
  ) throws -> RunFolder {
    var tree = ConfigurationTree()
    for setting in settings + ["evaluation.interval=\(steps)", "evaluation.at_start=false"] {
      tree = tree.merging(try ConfigurationTree(assignment: setting))
    }
    let plan = try RunPlan(
      agent: agent, environment: environment, seed: 1, steps: steps, settings: tree, in: Catalog.registry)
    let folder = RunFolder("\(scratch.path)/\(name)")
    guard case .ready(var run) = try Run.open(plan, in: folder, host: .forTests) else { return folder }
    #expect(try run.execute(stop: StopRequest()) == .finished)
    return folder
  }

  private func column(_ name: String, of table: RunTable, _ folder: RunFolder) throws -> [Double] {
    let rows = CSV.records(try FileSystem.read(folder.path(of: table)))
    let index = try #require(rows.first?.firstIndex(of: name), "\(rows.first ?? [])")
    return rows.dropFirst().compactMap { Double($0[index]) }
  }

  private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  /// Clones of iLQR do nearly as well as it, and far better than chance.
  @Test(arguments: ["behaviour-cloning", "dagger"]) func clonesComeNearTheirExpert(_ agent: String) throws {
    let length = ["environment.step_limit=20", "evaluation.episodes=4"]
    let expert = mean(
      try column("return", of: .evaluations, train("ilqr", steps: 20, length, name: "expert")))
    let chance = mean(
      try column("return", of: .evaluations, train("random", steps: 20, length, name: "chance")))
    let clone = mean(
      try column(
        "return", of: .evaluations,
        train(
          agent, steps: 600,
          Self.small + ["expert.agent=ilqr", "agent.steps=200", "learner.epochs=60", "learner.learning_rate=0.003"],
          name: agent)))
    #expect(clone > expert - 0.1 * (expert - chance), "\(clone): the expert has \(expert), chance \(chance)")
  }

  /// With a learner that never learns, behaviour cloning goes on to collect the expert's episodes, DAgger its own, and
  /// both keep every step with what the expert would do.
  @Test func whoActsDecidesWhatIsLearnedFrom() throws {
    let settings =
      Self.small + [
        "expert.agent=ilqr", "agent.steps=40", "learner.learning_rate=0", "learner.epochs=1", "log.interval=40",
      ]
    let cloning = try train("behaviour-cloning", steps: 120, settings, name: "cloning")
    let aggregation = try train("dagger", steps: 120, settings, name: "aggregation")
    let (own, mixed) = (
      try column("return", of: .episodes, cloning), try column("return", of: .episodes, aggregation)
    )
    #expect(own.count == 6 && mixed.count == 6 && Array(own[..<2]) == Array(mixed[..<2]))
    #expect(mean(Array(mixed[2...])) < mean(Array(own[2...])) - 1, "\(mixed) \(own)")
    for (folder, shares) in [(cloning, [1.0, 1, 1]), (aggregation, [1.0, 0, 0])] {
      #expect(try column("decisions", of: .training, folder) == [40, 80, 120])
      #expect(try column("expert_share", of: .training, folder) == shares)
    }
  }

  /// The agent of a saved run is the expert, and plays as it did: iLQR explores nowhere.
  @Test func savedRunsAreExperts() throws {
    let length = ["environment.step_limit=20", "evaluation.episodes=1"]
    let saved = try train("ilqr", steps: 20, length, name: "saved")
    let folder = try train(
      "behaviour-cloning", steps: 20, Self.small + ["expert.run=\(saved.path)"], name: "clone")
    let (first, own) = (try column("return", of: .episodes, folder)[0], try column("return", of: .episodes, saved)[0])
    #expect(abs(first - own) < 1e-3, "\(first) \(own)")
    let error = #expect(throws: ConfigurationError.self) {
      try train("dagger", in: "Pendulum-v1", steps: 20, ["expert.run=\(saved.path)"], name: "refused")
    }
    #expect(error?.key == "expert.run" && error?.problem.contains("not those of Pendulum-v1") == true)
  }

  /// The same decisions as safetensors and as a table give the same clone: here one that pushes the cart back under the
  /// pole, which a table of two signs teaches.
  @Test func filesAreLearnedFrom() throws {
    var (observations, actions): ([Float], [Float]) = ([], [])
    for index in 0..<400 {
      let (angle, speed) = (Float(index % 20 - 10) / 50, Float(index / 20 - 10) / 5)
      observations += [0, 0, angle, speed]
      actions.append(angle + 0.3 * speed > 0 ? 1 : 0)
    }
    var file = TensorFile()
    file.tensors["observations"] = observations.withUnsafeBufferPointer { Tensor(shape: [400, 4], $0) }
    file.tensors["actions"] = actions.withUnsafeBufferPointer { Tensor(shape: [400, 1], $0) }
    let (tensors, table) = ("\(scratch.path)/decisions.safetensors", "\(scratch.path)/decisions.csv")
    try file.write(to: tensors)
    var text = CSV.line(["x", "v", "angle", "speed", "action"].map { .text($0) })
    for row in 0..<400 {
      let numbers = observations[4 * row..<4 * row + 4] + [actions[row]]
      text += CSV.line(numbers.map { .number(Double($0)) })
    }
    try FileSystem.replace(table, with: text)
    let settings = [
      "learner.policy.hidden=[32]", "evaluation.episodes=10", "learner.epochs=100", "learner.learning_rate=0.003",
    ]
    let returns = try [tensors, table].enumerated().map { index, path in
      try column(
        "return", of: .evaluations,
        train("behaviour-cloning", in: "CartPole-v1", steps: 10, settings + ["agent.dataset=\(path)"], name: "\(index)")
      )
    }
    #expect(returns[0] == returns[1] && mean(returns[0]) > 150, "\(returns)")
  }

  /// An expert that was trained on normalized observations is asked as in its own environment: its clone is worth nearly
  /// as much.
  @Test func expertsKnowNormalizedObservations() throws {
    let length = ["environment.step_limit=20", "evaluation.episodes=8"]
    let normalized =
      length + [
        "environment.wrappers.normalize_observations=true", "agent.steps=200", "learner.policy.hidden=[16]",
        "learner.learning_rate=0.005", "learner.discount=0.9", "log.interval=1000",
      ]
    let saved = try train("ppo", steps: 10_000, normalized, name: "saved")
    let own = mean(try column("return", of: .evaluations, saved))
    let chance = mean(try column("return", of: .evaluations, train("random", steps: 20, length, name: "chance")))
    let clone = mean(
      try column(
        "return", of: .evaluations,
        train(
          "dagger", steps: 800,
          Self.small + [
            "evaluation.episodes=8", "expert.run=\(saved.path)", "agent.steps=200", "learner.epochs=100",
            "learner.learning_rate=0.003",
          ], name: "clone")))
    #expect(own > chance / 3, "the expert has \(own), chance \(chance)")
    #expect(abs(clone - own) < 0.05 * (own - chance), "\(clone): the expert has \(own), chance \(chance)")
    let error = #expect(throws: ConfigurationError.self) {
      try train("dagger", steps: 20, Array(normalized[..<3]) + ["expert.run=\(saved.path)"], name: "refused")
    }
    #expect(error?.key == "expert.run")
  }

  /// NumPy's archives hold the same decisions under either of the usual names; what is compressed is refused by name.
  @Test func numpyArchivesAreLearnedFrom() throws {
    let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures").path
    func decisions(_ name: String) throws -> [Double] {
      try column(
        "return", of: .evaluations,
        train(
          "behaviour-cloning", in: "CartPole-v1", steps: 10,
          [
            "learner.policy.hidden=[32]", "evaluation.episodes=10", "learner.epochs=100",
            "learner.learning_rate=0.003", "agent.dataset=\(fixtures)/\(name).npz",
          ], name: name))
    }
    let returns = try decisions("decisions")
    #expect(try decisions("other-names") == returns && mean(returns) > 150, "\(returns)")
    let error = #expect(throws: ConfigurationError.self) { try decisions("compressed") }
    #expect(error?.key == "agent.dataset" && error?.problem.contains("numpy.savez") == true)
  }

  /// Files of another shape, and choices that there are not, are refused by the setting's name.
  @Test(arguments: [
    "a,b,c,d\r\n1,2,3,4\r\n", "a,b,c,d,e\r\n1,2,3,4,2\r\n", "a,b,c,d,e\r\n1,2,3,4,0.5\r\n", "a,b,c,d,e\r\n",
    "a,b,c,d,e\r\n1,2,3,nan,1\r\n", "a,b,c,d,e\r\n1,2,3,x,1\r\n", "a,b,c,d,e,f\r\n1,2,3,4,1,0\r\n",
  ]) func filesThatDoNotFitAreRefused(_ text: String) throws {
    let path = "\(scratch.path)/wrong.csv"
    try FileSystem.replace(path, with: Array(text.utf8))
    let error = #expect(throws: ConfigurationError.self) {
      try train("behaviour-cloning", in: "CartPole-v1", steps: 10, ["agent.dataset=\(path)"], name: "wrong")
    }
    #expect(error?.key == "agent.dataset")
  }
}
