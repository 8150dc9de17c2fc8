import Archive
import Interfaces
import Kernels

/// An episode under way: its condition, its time and its noise.
struct ControlledEpisode: Sendable {
  var condition = 0
  /// Steps since its start.
  var time = 0
  var random = RandomStream(seed: 0)
  /// The trajectory so far; only of collected episodes.
  var trajectory: SampledTrajectory
  private var state: [Double]
  private var action: [Double]
  private let conditions: Int

  init(_ task: TrajectoryOptimizationTask) {
    conditions = task.starts.count
    trajectory = SampledTrajectory(horizon: task.horizon, stateSize: task.stateSize, actionSize: task.actionSize)
    state = Array(repeating: 0, count: task.stateSize)
    action = Array(repeating: 0, count: task.actionSize)
  }

  mutating func start(using random: RandomStream) {
    time = 0
    self.random = random
  }

  /// Writes the action for `observation` by the controllers of `conditions`, kept within the bounds. Does not allocate.
  mutating func act(
    on observation: [Float], _ conditions: [InitialCondition], _ mode: ControllerMode,
    _ task: TrajectoryOptimizationTask,
    action: inout [Float]
  ) {
    if time == 0 { condition = task.condition(of: observation) }
    for i in state.indices { state[i] = Double(observation[i]) }
    conditions[condition].act(time, state, mode, using: &random, into: &self.action)
    time += 1
    for i in action.indices { action[i] = min(max(Float(self.action[i]), task.low[i]), task.high[i]) }
  }

  /// Takes in step `time` - 1 as it was: the state left, the action taken and the state reached.
  mutating func record(_ observation: [Float], _ action: [Float], next: [Float]) {
    let (n, m, t) = (trajectory.stateSize, trajectory.actionSize, time - 1)
    guard t >= 0, t < trajectory.horizon else { return }
    for i in 0..<n {
      trajectory.states[t * n + i] = Double(observation[i])
      trajectory.states[(t + 1) * n + i] = Double(next[i])
    }
    for i in 0..<m { trajectory.actions[t * m + i] = Double(action[i]) }
  }
}

extension ControlledEpisode: Archived {
  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    var place = [condition, time]
    try fields.field("place", &place, in: 0...max(conditions - 1, trajectory.horizon))
    guard place[0] < conditions, place[1] <= trajectory.horizon else {
      throw .mismatch(
        name: "place", expected: "less than \(conditions), at most \(trajectory.horizon)", found: "\(place)")
    }
    (condition, time) = (place[0], place[1])
    try fields.field("random", &random)
    try fields.field("states", &trajectory.states)
    try fields.field("actions", &trajectory.actions)
  }
}
