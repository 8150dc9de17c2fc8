import Archive
import Interfaces
import Kernels
import TestSupport

/// A camera at a wall whose color follows the actions: image observations of `height` x `width` in three channels.
struct Camera: Environment {
  let spec: EnvironmentSpec
  private(set) var time = 0
  private var offset: Float = 0

  init(height: Int = 4, width: Int = 6, channels: Int = 3, stepLimit: Int = 12) {
    spec = EnvironmentSpec(
      observationSize: height * width * channels,
      imageShape: ImageShape(height: height, width: width, channels: channels),
      action: .discrete(count: 3), timeStep: 0.1, stepLimit: stepLimit)
  }

  mutating func reset(using random: inout RandomStream, observation: inout [Float]) {
    offset = random.uniform() * 10
    time = 0
    show(&observation)
  }

  mutating func step(_ action: [Float], observation: inout [Float]) throws -> StepOutcome {
    guard action[0] >= 0, action[0] <= 2, action[0] == action[0].rounded() else { throw Refusal() }
    offset += action[0]
    time += 1
    show(&observation)
    return StepOutcome(reward: offset, ending: time == spec.stepLimit ? .truncated : .none)
  }

  struct Refusal: Error {}

  /// Value of the pixel's channel at `index` of an image whose offset is `offset`.
  static func value(_ index: Int, _ offset: Float) -> Float {
    (offset + Float(index * 7 % 31)).truncatingRemainder(dividingBy: 256)
  }

  private func show(_ observation: inout [Float]) {
    for index in observation.indices { observation[index] = Self.value(index, offset) }
  }

  func save(to writer: inout StateWriter) {
    writer.write("time", time)
    writer.write("offset", offset)
  }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    time = try reader.integer("time")
    offset = try reader.value("offset")
  }
}

/// Shows its action and a counter, earns the counter, terminates at `length`; keeps every action it took.
struct Recorder: Environment {
  let spec: EnvironmentSpec
  let length: Int
  private(set) var taken: [[Float]] = []
  private var count = 0

  init(actions: ActionSpace = .box(low: [-1, 2], high: [3, 4]), length: Int = 7, stepLimit: Int = 100) {
    spec = EnvironmentSpec(
      observationSize: actions.size + 1, action: actions, timeStep: 0.5, stepLimit: stepLimit, rewardRange: 0...100)
    self.length = length
  }

  mutating func reset(using random: inout RandomStream, observation: inout [Float]) {
    count = 0
    for index in observation.indices { observation[index] = 0 }
  }

  mutating func step(_ action: [Float], observation: inout [Float]) throws -> StepOutcome {
    count += 1
    taken.append(action)
    for index in action.indices { observation[index] = action[index] }
    observation[action.count] = Float(count)
    return StepOutcome(
      reward: Float(count),
      ending: count == length ? .terminated : count == spec.stepLimit ? .truncated : .none)
  }

  func save(to writer: inout StateWriter) { writer.write("count", count) }
  mutating func restore(from reader: StateReader) throws(ArchiveError) { count = try reader.integer("count") }
}

/// Resets an environment and takes a step for each action; what was observed and what each step gave.
func play<Task: Environment>(
  _ environment: inout Task, _ actions: [[Float]], seed: UInt64 = 1
) throws -> (observations: [[Float]], outcomes: [StepOutcome]) {
  var random = RandomStream(seed: seed)
  var observation = [Float](repeating: .nan, count: environment.spec.observationSize)
  try environment.reset(using: &random, observation: &observation)
  var (observations, outcomes) = ([observation], [StepOutcome]())
  for action in actions {
    outcomes.append(try environment.step(action, observation: &observation))
    observations.append(observation)
  }
  return (observations, outcomes)
}
