#if MuJoCo

import Archive
import Foundation
import Interfaces
import Kernels
import MuJoCoEnvironments
import TestSupport
import Testing

/// What `MuJoCoEnvironment` adds to a task; `CatalogTests` runs the rules for all environments over all of them.
@Suite struct EnvironmentTests {
  @Test func rulesHoldInWholeEpisodes() throws {
    var settings = HopperSettings()
    settings.excludeCurrentPositionsFromObservation = false
    settings.approximateObjective = true
    let environment = try MuJoCoEnvironment<Hopper>(.v5)
    #expect(
      try EnvironmentConformance.failures(objective: environment.objective) { environment } == [])
    #expect(environment.objective?.knowsReward == false)
    #expect(try MuJoCoEnvironment<Hopper>(.v5, settings).objective?.knowsReward == true)
  }

  @Test func modelsAreShared() throws {
    let (first, second) = (try MuJoCoEnvironment<Hopper>(.v5), try MuJoCoEnvironment<Hopper>(.v4))
    #expect(first.model === second.model)
  }

  @Test func copiesAreIndependent() throws {
    var (original, random) = (try MuJoCoEnvironment<HalfCheetah>(.v5), RandomStream(seed: 3))
    var observation = [Float](repeating: 0, count: 17)
    original.reset(using: &random, observation: &observation)
    var copy = original
    let action: [Float] = [1, -1, 0.5, 0, 0.3, -0.4]
    var (mine, theirs) = (observation, observation)
    _ = try original.step(action, observation: &mine)
    _ = try original.step(action, observation: &mine)
    _ = try copy.step(action, observation: &theirs)
    #expect(mine != theirs)
    _ = try copy.step(action, observation: &theirs)
    #expect(mine == theirs)
  }

  @Test func actionsThatAreNotNumbersAreRefused() throws {
    var (environment, random) = (try MuJoCoEnvironment<HalfCheetah>(.v5), RandomStream(seed: 3))
    var observation = [Float](repeating: 0, count: 17)
    environment.reset(using: &random, observation: &observation)
    _ = try environment.step([0, 1, -1, 1.5, -.infinity, 0.2], observation: &observation)
    let error = #expect(throws: MuJoCoError.self) {
      try environment.step([0, .nan, 0, 0, 0, 0], observation: &observation)
    }
    #expect(error.map { "\($0)" }?.contains("HalfCheetah-v5 was given the action [0.0, nan") == true)
  }

  /// A simulation that blows up ends the episode with an error, and the next episode is sound.
  @Test func divergenceIsAnError() throws {
    var environment = try MuJoCoEnvironment<HalfCheetah>(.v5)
    var (random, observation) = (RandomStream(seed: 4), [Float](repeating: 0, count: 17))
    environment.start(
      positions: environment.model.initialPositions, velocities: Array(repeating: 1e9, count: 9),
      observation: &observation)
    let error = #expect(throws: MuJoCoError.self) {
      for _ in 0..<50 { _ = try environment.step([0, 0, 0, 0, 0, 0], observation: &observation) }
    }
    guard case .diverged("HalfCheetah-v5", _) = error else {
      Issue.record("thrown: \(error.map { "\($0)" } ?? "nothing")")
      return
    }
    environment.reset(using: &random, observation: &observation)
    #expect(try environment.step([0, 0, 0, 0, 0, 0], observation: &observation).reward.isFinite)
  }

  @Test func badModelsAreNamed() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("models-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let texts = [
      "torn": "<mujoco><worldbody>", "odd": "<mujoco><worldbody><cube/></worldbody></mujoco>",
      "empty": "<mujoco><worldbody><body><freejoint/><geom size='1'/></body></worldbody></mujoco>",
    ]
    for (name, text) in texts {
      try text.write(to: folder.appendingPathComponent(name + ".xml"), atomically: true, encoding: .utf8)
    }
    try expect(folder.path + "/torn.xml", ["MuJoCo cannot load", "torn.xml", "XML parse error"])
    try expect(folder.path + "/odd.xml", ["MuJoCo cannot load", "odd.xml", "cube"])
    try expect(folder.path + "/none.xml", ["MuJoCo cannot load", "none.xml"])
    try expect(folder.path + "/empty.xml", ["empty.xml does not fit", "no actuators"])
    try expect("hopper.xml", ["hopper.xml does not fit", "two joints"])
  }

  private func expect(_ file: String, _ parts: [String]) throws {
    var settings = ReacherSettings()
    settings.xmlFile = file
    let error = #expect(throws: MuJoCoError.self) { try MuJoCoEnvironment<Reacher>(.v5, settings) }
    for part in parts { #expect(error.map { "\($0)" }?.contains(part) == true, "\(error.map { "\($0)" } ?? "")") }
  }
}

#endif
