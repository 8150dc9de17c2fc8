import Archive
import Configuration
import Foundation
import GymnasiumEnvironments
import Interfaces
import Kernels

/// Environments of `Tasks/user_tasks.py`.
enum UserTask {
  static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Tasks/user_tasks.py").path
  static let name = "gymnasium:\(file):Counter-v0"

  /// An environment of that file with keyword arguments, such as `action=box`.
  static func make(
    _ arguments: [String] = [], stepTimeout: Double = 60, name: String = "Counter-v0"
  ) throws -> GymnasiumEnvironment {
    try GymnasiumEnvironment(task(arguments, stepTimeout: stepTimeout, name: name))
  }

  static func task(
    _ arguments: [String] = [], stepTimeout: Double = 60, workers: Int = 1, name: String = "Counter-v0"
  ) throws -> GymnasiumTask {
    var tree = ConfigurationTree()
    for argument in arguments { tree = tree.merging(try ConfigurationTree(assignment: "arguments.\(argument)")) }
    var settings = try GymnasiumSettings.decode(tree)
    settings.stepTimeout = stepTimeout
    settings.workers = workers
    settings.startTimeout = 60
    return try GymnasiumTask("gymnasium:\(file):\(name)", settings)
  }
}

/// An environment with the buffers it needs.
struct Player<Task: Environment> {
  var environment: Task
  var random = RandomStream(seed: 5)
  var observation: [Float]

  init(_ environment: Task) {
    self.environment = environment
    observation = Array(repeating: .nan, count: environment.spec.observationSize)
  }

  mutating func reset() throws { try environment.reset(using: &random, observation: &observation) }

  @discardableResult
  mutating func step(_ action: [Float]) throws -> StepOutcome {
    try environment.step(action, observation: &observation)
  }

  /// The environment as it is after a save and a restore into a new one.
  mutating func resumed(in fresh: Task) throws -> Player {
    _ = try environment.prepareToSave()
    var writer = StateWriter()
    environment.save(to: &writer)
    var copy = self
    copy.environment = fresh
    try copy.environment.restore(from: StateReader(writer.file))
    return copy
  }
}
