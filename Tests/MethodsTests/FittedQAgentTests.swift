import Archive
import Catalog
import Configuration
import Environments
import Foundation
import Interfaces
import Kernels
import Laboratory
import TestSupport
import Testing

/// The agent `fitted-q`: that it learns from random steps, and the same from a file of them.
@Suite struct FittedQAgentTests {
  private static let settings = [
    "agent.random_steps=4000", "learner.iterations=20", "learner.trees.trees=10", "learner.discount=0.95",
  ]

  private func made(_ settings: [String], in environment: String = "car-on-hill") throws -> any Agent {
    var tree = ConfigurationTree()
    for setting in settings { tree = tree.merging(try ConfigurationTree(assignment: setting, source: "test")) }
    let place = try Catalog.registry.environment(environment).make()
    return try Catalog.registry.agent("fitted-q").make(tree, for: place, using: RandomStream(seed: 1)).agent
  }

  private let anywhere = CarOnHill(CarOnHillSettings())

  private var valley: CarOnHill {
    var settings = CarOnHillSettings()
    settings.starts = .valley
    return CarOnHill(settings)
  }

  /// 4,000 random steps from anywhere are enough to climb the hill from the valley, which the random agent does not.
  @Test func climbsTheHill() throws {
    func climb(_ agent: some Agent) throws {
      var runner = AgentRunner(agent, in: anywhere, seed: 1)
      for _ in 0..<3999 { try runner.step() }
      var before = AgentRunner(runner.agent, in: valley, seed: 1)
      #expect(try before.evaluate().total <= 0)
      try runner.step()
      var after = AgentRunner(runner.agent, in: valley, seed: 1)
      let (actions, _, total) = try after.evaluate()
      // 19 steps are the fewest
      #expect(total == 1 && actions.count < 40, "\(total) after \(actions.count) steps")
    }
    try climb(made(Self.settings))
  }

  /// A file of the same transitions teaches the same values, and its steps are not learned from.
  @Test(arguments: [[], ["learner.latent.size=1", "learner.latent.epochs=2"]])
  func learnsFromAFile(_ latent: [String]) throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("fitted-\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: path) }
    let settings = ["agent.random_steps=300", "learner.iterations=3", "learner.trees.trees=3"] + latent
    func learned(_ agent: some Agent, steps: Int) throws -> TensorFile {
      var runner = AgentRunner(agent, in: anywhere, seed: 1)
      for _ in 0..<steps { try runner.step() }
      return OracleState(runner.agent).file
    }
    let own = try learned(made(settings), steps: 300)
    var file = TensorFile()
    for name in ["observations", "actions", "rewards", "next_observations", "continues"] {
      file.tensors[name] = own.tensors["replay." + name]
    }
    try file.write(to: path.path)
    let offline = try learned(made(settings + ["agent.dataset=\(path.path)"]), steps: 2)
    let names = own.tensors.keys.filter { $0.hasPrefix("learner.") }
    #expect(names.count > 4 && names.allSatisfy { own.tensors[$0] == offline.tensors[$0] })
    #expect(!offline.tensors.keys.contains { $0.hasPrefix("replay.") })

    func refusal(_ change: (inout TensorFile) -> Void) throws -> String {
      var changed = file
      change(&changed)
      try changed.write(to: path.path)
      let error = #expect(throws: ConfigurationError.self) { _ = try made(["agent.dataset=\(path.path)"]) }
      return error.map { "\($0)" } ?? ""
    }
    #expect(try refusal { $0.tensors["rewards"] = nil }.contains("'rewards'"))
    #expect(try refusal { $0.tensors["actions"] = twos }.contains("action 2"))
    #expect(try refusal { $0.tensors["continues"] = $0.tensors["observations"] }.contains("'continues'"))
    let missing = #expect(throws: ConfigurationError.self) { _ = try made(["agent.dataset=/no/such/file"]) }
    #expect(missing.map { "\($0)" }?.contains("cannot be read") == true)
  }

  /// What does not go together, or with the observations, is refused by name.
  @Test func codesMustFit() throws {
    func refusal(_ settings: [String], in environment: String = "car-on-hill") -> String {
      let error = #expect(throws: ConfigurationError.self) { _ = try made(settings, in: environment) }
      return error.map { "\($0)" } ?? ""
    }
    #expect(refusal(["learner.latent.size=2"]).contains("learner.latent.size = 2: must be less than the 2 numbers"))
    let codes = "learner.latent.size=1"
    #expect(refusal([codes, "learner.restart=false"]).contains("learner.restart = false: needs codes that stay"))
    #expect(
      refusal([codes, "learner.latent.convolution=small"]).contains(
        "learner.latent.convolution = small: needs observations that are images"))
    #expect(refusal(["learner.latent.size=-1"]).contains("learner.latent.size"))
    _ = try made([codes, "learner.restart=false", "learner.latent.retrain=false"])
    // features are those of codes
    let fourier = ["learner.regressor=linear", "learner.linear.order=10"]
    #expect(refusal(fourier, in: "CartPole-v1").contains("of 4 inputs"))
    _ = try made(fourier + [codes], in: "CartPole-v1")
  }

  /// 300 actions that there are not.
  private var twos: Tensor {
    let actions = [Float](repeating: 2, count: 300)
    return actions.withUnsafeBufferPointer { Tensor(shape: [300, 1], $0) }
  }
}
