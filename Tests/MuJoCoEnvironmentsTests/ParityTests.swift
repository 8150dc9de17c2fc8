#if MuJoCo

import Archive
import Configuration
import Foundation
import Interfaces
import Kernels
import MuJoCoEnvironments
import TestSupport
import Testing

/// Every task against its definition in Python, on the same build of MuJoCo: the same starts and actions give the same
/// observations, rewards and endings. Compared are the numbers in double precision, before `step` rounds them.
@Suite struct ParityTests {
  /// One task with some settings, and what it did.
  private struct Course {
    let key: String
    let name: String
    let options: String
    let spec: EnvironmentSpec
    var episodes: [Request.Episode] = []
    var observations: [[Double]] = []
    var rewards: [Double] = []
    var endings: [Ending] = []
  }

  private struct Request: Encodable {
    struct Episode: Encodable {
      var positions: [Double]
      var velocities: [Double]
      var actions: [[Double]] = []
    }
    struct Task: Encodable {
      var key: String
      var environment: String
      var options: String
      var episodes: [Episode]
    }
    var tensors: String
    var tasks: [Task]
  }

  private struct Spaces: Decodable {
    var observationSize: Int
    var low: [Float]
    var high: [Float]
    var stepLimit: Int
    var timeStep: Double
  }

  @Test func publishedDefinitions() throws {
    let courses = try [
      record(HalfCheetah.self), record(HalfCheetahPETS.self), record(Hopper.self), record(Walker2d.self),
      record(Ant.self), record(Humanoid.self), record(HumanoidStandup.self), record(Swimmer.self), record(Reacher.self),
      record(Pusher.self), record(InvertedPendulum.self), record(InvertedDoublePendulum.self),
    ].flatMap { $0 }
    #expect(courses.count == 25)
    let endings = try compare(courses)
    for name in ["Hopper", "Walker2d", "Ant", "Humanoid", "InvertedPendulum", "InvertedDoublePendulum"] {
      for (key, seen) in endings where key.hasPrefix(name) && !key.hasPrefix("HumanoidStandup") {
        #expect(seen.contains(.terminated), "\(key) never terminated")
      }
    }
    for name in ["HalfCheetah", "half-cheetah", "HumanoidStandup", "Swimmer", "Reacher", "Pusher"] {
      for (key, seen) in endings where key.hasPrefix(name) { #expect(seen == [.none, .truncated], "\(key): \(seen)") }
    }
  }

  /// The settings are Gymnasium's constructor options, by the same names.
  @Test func constructorOptions() throws {
    let motion = """
      "forward_reward_weight": 2.5, "ctrl_cost_weight": 0.3, "exclude_current_positions_from_observation": false
      """
    let courses = try [
      record(HalfCheetah.self, "{\(motion), \"frame_skip\": 3}"),
      record(Swimmer.self, "{\(motion)}"),
      record(
        Hopper.self,
        """
        {\(motion), "healthy_reward": 3, "terminate_when_unhealthy": false, "healthy_state_range": [-9, 9],
        "healthy_z_range": [0.9, 1.3], "healthy_angle_range": [-0.1, 0.15]}
        """),
      record(Walker2d.self, "{\(motion), \"healthy_z_range\": [0.9, 1.3], \"xml_file\": \"walker2d.xml\"}"),
      record(
        Ant.self,
        """
        {\(motion), "main_body": 4, "contact_cost_weight": 0.01, "contact_force_range": [-2, 0.5],
        "healthy_z_range": [0.3, 0.9], "healthy_reward": 2}
        """),
      record(Ant.self, "{\"include_cfrc_ext_in_observation\": false, \"terminate_when_unhealthy\": false}", key: "+"),
      record(
        Humanoid.self,
        """
        {\(motion), "contact_cost_weight": 1e-5, "include_cinert_in_observation": false,
        "include_cfrc_ext_in_observation": false, "healthy_z_range": [1.2, 1.6]}
        """),
      record(
        HumanoidStandup.self,
        "{\"impact_cost_weight\": 1e-5, \"ctrl_cost_weight\": 0.5, \"include_qfrc_actuator_in_observation\": false}"),
      record(Reacher.self, "{\"reward_dist_weight\": 2, \"reward_control_weight\": 0.5}"),
      record(
        Pusher.self, "{\"reward_near_weight\": 2, \"reward_dist_weight\": 3, \"reward_control_weight\": 0.5}"),
      record(InvertedPendulum.self, "{\"frame_skip\": 5}"),
      record(InvertedDoublePendulum.self, "{\"healthy_reward\": 4}"),
    ].flatMap { $0 }
    _ = try compare(courses)
  }

  /// Takes 1,000 random steps in every edition of a task, or with `options` 200 in its `-v5`.
  private func record<Task: MuJoCoTask>(_: Task.Type, _ options: String? = nil, key: String = "") throws -> [Course] {
    try Task.editions.filter { options == nil || $0.edition == .v5 }.map { edition, name in
      let tree = try ConfigurationTree.parse(yaml: options ?? "{}", file: "options")
      var environment = try MuJoCoEnvironment<Task>(edition, Task.defaults(edition).updated(by: tree))
      let spec = environment.spec
      let (low, high) = spec.action.bounds
      var course = Course(key: name + key, name: name, options: options ?? "{}", spec: spec)
      var random = RandomStream(seed: 21).child(name)
      var observation = [Float](repeating: 0, count: spec.observationSize)
      var (isOver, rounds) = (true, true)
      for _ in 0..<(options == nil ? 1000 : 200) {
        if isOver {
          environment.reset(using: &random, observation: &observation)
          let (positions, velocities) = environment.pose
          course.episodes.append(Request.Episode(positions: positions, velocities: velocities))
          course.observations.append(environment.exactObservation)
        }
        let action = zip(low, high).map { random.uniform($0, $1) }
        let outcome = try environment.step(action, observation: &observation)
        course.episodes[course.episodes.count - 1].actions.append(action.map { Double($0) })
        course.observations.append(environment.exactObservation)
        course.rewards.append(environment.exactReward)
        course.endings.append(outcome.ending)
        isOver = outcome.ending != .none
        rounds = rounds && outcome.reward == Float(environment.exactReward)
        rounds = rounds && zip(observation, environment.exactObservation).allSatisfy { $0 == Float($1) }
      }
      #expect(rounds, "\(name): step gives other numbers than those compared")
      return course
    }
  }

  /// Has Python repeat the courses and compares; returns the endings that occurred in each.
  private func compare(_ courses: [Course]) throws -> [String: Set<Ending>] {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let tasks = courses.map {
      Request.Task(key: $0.key, environment: $0.name, options: $0.options, episodes: $0.episodes)
    }
    let spaces = try PeerProcess.ask(
      "mujoco_replay.py", of: "MuJoCoEnvironmentsTests", Request(tensors: path, tasks: tasks), as: [String: Spaces].self
    )
    let reader = StateReader(try TensorFile(contentsOf: path))
    for course in courses {
      let (name, theirs) = (course.key, try #require(spaces[course.key]))
      #expect(theirs.observationSize == course.spec.observationSize, "\(name)")
      #expect(ActionSpace.box(low: theirs.low, high: theirs.high) == course.spec.action, "\(name)")
      #expect(theirs.stepLimit == course.spec.stepLimit, "\(name)")
      #expect(Float(theirs.timeStep) == course.spec.timeStep, "\(name)")
      let size = course.spec.observationSize
      let observations = try reader.read(
        "\(name).observations", as: Double.self, shape: [course.observations.count, size])
      let rewards = try reader.read("\(name).rewards", as: Double.self, shape: [course.rewards.count])
      let worst = zip(course.observations.joined(), observations).map(relativeDifference).max() ?? .infinity
      #expect(worst <= 1e-10, "\(name): observations differ by up to \(worst)")
      let dearest = zip(course.rewards, rewards).map(relativeDifference).max() ?? .infinity
      #expect(dearest <= 1e-10, "\(name): rewards differ by up to \(dearest)")
      let terminated = try reader.read("\(name).terminated", as: UInt8.self).map { $0 != 0 }
      let truncated = try reader.read("\(name).truncated", as: UInt8.self).map { $0 != 0 }
      #expect(course.endings.map { $0 == .terminated } == terminated, "\(name)")
      #expect(course.endings.map { $0 == .truncated } == zip(terminated, truncated).map { $1 && !$0 }, "\(name)")
    }
    return Dictionary(uniqueKeysWithValues: courses.map { ($0.key, Set($0.endings)) })
  }

  private func relativeDifference(_ a: Double, _ b: Double) -> Double {
    a == b ? 0 : abs(a - b) / max(1, abs(a), abs(b))
  }
}

#endif
