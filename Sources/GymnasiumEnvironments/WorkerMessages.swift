import Foundation
import Interfaces

/// What the worker is asked in a message; `worker.py` documents the protocol.
struct WorkerRequest: Encodable {
  enum Action: String, Encodable { case open, close, save, restore, draw }

  var action: Action
  var group: Int?
  var identifier: String?
  var module: String?
  /// A JSON object as text: its parts keep the types they were written with.
  var arguments: String?
  var stepLimit: Int?
  var count: Int?
  var renews: Bool?
  var renders: Bool?
  /// Steps that can be scored at a time.
  var scores: Int?

  enum CodingKeys: String, CodingKey {
    case action = "do", group, identifier = "id", module, arguments, stepLimit = "step_limit", count, renews, renders
    case scores
  }
}

/// The first message of a worker.
struct WorkerGreeting: Decodable {
  let control: Int32
  let gymnasium: String
  /// Processors that it and this process may run on.
  let processors: Int
}

/// An empty answer, or why a state cannot be saved.
struct WorkerAnswer: Decodable {
  let refused: String?
}

/// Rows and columns of the pixels that follow.
struct PictureSize: Decodable {
  let height: Int
  let width: Int
}

/// An exception in the worker.
struct WorkerException: Decodable {
  struct Content: Decodable {
    let kind: String
    let message: String
    let traceback: String
  }
  let error: Content
}

/// A group of environments as the worker describes it.
struct GroupDescription: Decodable {
  struct Observation: Decodable {
    let size: Int
    let bytes: Bool
    /// Height, width, channels.
    let image: [Int]?
    /// The largest value of an image.
    let maximum: Float?
    let oneHot: Bool
    /// What each number is; empty where the space does not say.
    let names: [String]

    enum CodingKeys: String, CodingKey { case size, bytes, image, maximum, oneHot = "one_hot", names }
  }
  struct Action: Decodable {
    let kind: String
    let counts: [Int]?
    let low: [Float]?
    let high: [Float]?
  }
  struct Offsets: Decodable {
    let actions: Int
    let seeds: Int
    let rewards: Int
    let endings: Int
    let observations: Int
    let finals: Int
    // where steps are scored
    let scoreStates: Int?
    let scoreActions: Int?
    let scoreNext: Int?
    let scoreRewards: Int?
    let scoreTerminations: Int?

    enum CodingKeys: String, CodingKey {
      case actions, seeds, rewards, endings, observations, finals
      case scoreStates = "score_states", scoreActions = "score_actions", scoreNext = "score_next"
      case scoreRewards = "score_rewards", scoreTerminations = "score_terminations"
    }
  }
  /// Which functions the environment has.
  struct Known: Decodable {
    let rewards: Bool
    let terminations: Bool
  }

  let group: Int
  let observation: Observation
  let action: Action
  let stepLimit: Int?
  let timeStep: Float
  let descriptor: Int32
  let size: Int
  let offsets: Offsets
  let known: Known
  /// Versions of Python and of packages, and hashes of modules, by name.
  let provenance: [String: String]

  enum CodingKeys: String, CodingKey {
    case group, observation, action, stepLimit = "step_limit", timeStep = "time_step", descriptor, size, offsets, known
    case provenance
  }

  /// Shapes and limits. An environment without a step limit gets one that no episode reaches.
  var spec: EnvironmentSpec {
    let shape = observation.image.map {
      ImageShape(height: $0[0], width: $0[1], channels: $0[2], maximum: observation.maximum ?? 255)
    }
    let counts = action.counts ?? []
    let space: ActionSpace =
      switch action.kind {
      case "choice": .discrete(count: counts.first ?? 0)
      case "choices": .multiDiscrete(counts: counts)
      default: .box(low: action.low ?? [], high: action.high ?? [])
      }
    return EnvironmentSpec(
      observationSize: observation.size, imageShape: shape, isOneHot: observation.oneHot, action: space,
      timeStep: timeStep, stepLimit: stepLimit ?? EnvironmentSpec.unlimited)
  }
}
