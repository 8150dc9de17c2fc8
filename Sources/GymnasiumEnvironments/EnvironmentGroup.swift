import Interfaces
import Kernels

/// Environments of one kind in a worker that are stepped together, and the memory through which they are.
///
/// Safe to release on any thread. Its methods are for one thread at a time.
final class EnvironmentGroup: @unchecked Sendable {
  let worker: PythonWorker
  /// Number of environments.
  let count: Int
  let description: GroupDescription
  let spec: EnvironmentSpec
  private let memory: SharedMemory
  /// Bounds of an action where it is a box, otherwise empty.
  private let low: [Float]
  private let high: [Float]
  /// Why the state cannot be saved, once that was tried in vain.
  private(set) var whyUnsaved: String?

  private var task: GymnasiumTask { worker.task }

  /// Makes `count` environments. With `renews`, ended episodes are followed by new ones within the same step; with
  /// `renders`, they can be drawn; with `scores`, that many steps can be scored at a time.
  init(
    of count: Int, in worker: PythonWorker, renews: Bool, renders: Bool = false, scores: Int? = nil
  ) throws(GymnasiumError) {
    self.worker = worker
    self.count = count
    let task = worker.task
    let request = WorkerRequest(
      action: .open, identifier: task.identifier, module: task.module, arguments: task.arguments,
      stepLimit: task.stepLimit, count: count, renews: renews, renders: renders,
      scores: scores)
    let deadline = Deadline(task.startTimeout, "make", setting: "start_timeout")
    description = try worker.exclusively { () throws(GymnasiumError) in
      try worker.ask(request, within: deadline).answer
    }
    if let problem = description.problem(copies: count, scores: scores) {
      throw .refused(
        environment: task.name, reason: "its worker described \(problem)", traceback: "", isMistake: false)
    }
    spec = description.spec
    if case .box(let low, let high) = spec.action {
      (self.low, self.high) = (low, high)
    } else {
      (low, high) = ([], [])
    }
    memory = try SharedMemory(of: worker.process, descriptor: description.descriptor, size: description.size)
  }

  deinit {
    // An environment that does not close has no influence on results.
    let request = WorkerRequest(action: .close, group: description.group)
    try? worker.exclusively { () throws(GymnasiumError) in
      let _: WorkerAnswer = try worker.ask(request, within: stepDeadline("close")).answer
    }
  }

  // MARK: - Resets and steps

  /// The deadline of a step or reset that starts now.
  func stepDeadline(_ activity: String) -> Deadline {
    Deadline(task.stepTimeout, activity, setting: "step_timeout")
  }

  /// Sets the seed that environment `index` is reset with next.
  func setSeed(_ index: Int, using random: inout RandomStream) {
    // 31 bits: some environments hand it on to C.
    block(description.offsets.seeds, UInt64.self)[index] = random.next() >> 33
  }

  /// Sets the action of environment `index`; reals are clipped to the bounds.
  func setAction(_ index: Int, _ action: UnsafePointer<Float>) {
    let size = spec.action.size
    if low.isEmpty {
      let row = block(description.offsets.actions, Int64.self) + index * size
      for component in 0..<size { row[component] = Int64(action[component]) }
    } else {
      let row = block(description.offsets.actions, Float.self) + index * size
      for component in 0..<size { row[component] = min(max(action[component], low[component]), high[component]) }
    }
  }

  /// Starts an episode in every environment with the seeds set.
  func reset() throws(GymnasiumError) { try perform(.reset) }

  /// Takes a step in every environment with the actions set.
  func step() throws(GymnasiumError) { try perform(.step) }

  private func perform(_ kind: PythonWorker.Kind) throws(GymnasiumError) {
    let deadline = stepDeadline(kind.activity)
    try worker.exclusively { () throws(GymnasiumError) in
      try begin(kind, deadline)
      try complete(deadline)
    }
  }

  /// Asks for a reset or step without waiting; `complete` must follow. For those who have the worker to themselves.
  func begin(_ kind: PythonWorker.Kind, _ deadline: Deadline) throws(GymnasiumError) {
    try worker.begin(kind, group: description.group, deadline)
  }

  /// Waits for what `begin` asked.
  func complete(_ deadline: Deadline) throws(GymnasiumError) { try worker.complete(deadline) }

  /// Reward and ending of the last step of environment `index`. Throws when the reward is not finite.
  func outcome(_ index: Int) throws(GymnasiumError) -> StepOutcome {
    let given = block(description.offsets.rewards, Double.self)[index]
    let reward = Float(given)
    guard reward.isFinite else {
      let value = given.isFinite ? "\(given), which is more than a 32-bit float can hold" : "\(given)"
      throw .notFinite(environment: task.name, what: "a reward of", value: value)
    }
    // the worker writes 0, 1 or 2
    let ending = Ending(rawValue: block(description.offsets.endings, UInt8.self)[index]) ?? .terminated
    return StepOutcome(reward: reward, ending: ending)
  }

  /// Copies the observation of environment `index` to `target`, `spec.observationSize` floats.
  func copyObservation(_ index: Int, to target: UnsafeMutablePointer<Float>) throws(GymnasiumError) {
    try copy(index, description.offsets.observations, to: target)
  }

  /// Copies the last observation of the episode that environment `index` has ended.
  func copyFinal(_ index: Int, to target: UnsafeMutablePointer<Float>) throws(GymnasiumError) {
    try copy(index, description.offsets.finals, to: target)
  }

  /// Throws unless its spaces are those of `expected`: an environment may have others each time it is made, and buffers are
  /// of the first ones.
  func check(against expected: EnvironmentSpec) throws(GymnasiumError) {
    guard spec.observationSize == expected.observationSize, spec.imageShape == expected.imageShape,
      spec.action == expected.action
    else {
      throw .refused(
        environment: task.name, reason: "made once more, it has other spaces than before", traceback: "",
        isMistake: true)
    }
  }

  /// Bytes become floats from 0 to 255. Throws when a float is not finite.
  private func copy(_ index: Int, _ offset: Int, to target: UnsafeMutablePointer<Float>) throws(GymnasiumError) {
    let size = description.observation.size
    if description.observation.bytes {
      let row = block(offset, UInt8.self) + index * size
      for component in 0..<size { target[component] = Float(row[component]) }
      return
    }
    let row = block(offset, Float.self) + index * size
    target.update(from: row, count: size)
    for component in 0..<size where !row[component].isFinite {
      throw .notFinite(
        environment: task.name, what: "an observation whose component \(component) is", value: "\(row[component])")
    }
  }

  private func block<Element>(_ offset: Int, _: Element.Type) -> UnsafeMutablePointer<Element> {
    (memory.base + offset).assumingMemoryBound(to: Element.self)
  }

  // MARK: - Scores

  /// Scores `count` steps by the environment's functions: `states` [count, D], `actions` [count, A] and `next` [count, D].
  /// Where it has no function for rewards they become NaN, without one for terminations nothing terminates.
  func score(
    _ count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) throws(GymnasiumError) {
    let (offsets, known) = (description.offsets, description.known)
    guard let statesAt = offsets.scoreStates, let actionsAt = offsets.scoreActions, let nextAt = offsets.scoreNext,
      let rewardsAt = offsets.scoreRewards, let terminationsAt = offsets.scoreTerminations
    else { preconditionFailure("a group that was not made to score") }
    block(statesAt, Float.self).update(from: states, count: count * spec.observationSize)
    block(actionsAt, Float.self).update(from: actions, count: count * spec.action.size)
    block(nextAt, Float.self).update(from: next, count: count * spec.observationSize)
    let deadline = stepDeadline(PythonWorker.Kind.score.activity)
    try worker.exclusively { () throws(GymnasiumError) in
      try worker.begin(.score, group: description.group, count: count, deadline)
      try worker.complete(deadline)
    }
    if known.rewards {
      rewards.update(from: block(rewardsAt, Float.self), count: count)
    } else {
      rewards.update(repeating: .nan, count: count)
    }
    let ends = block(terminationsAt, UInt8.self)
    for row in 0..<count { terminated[row] = known.terminations && ends[row] != 0 }
  }

  // MARK: - Pictures

  /// What the first environment looks like.
  func picture() throws(GymnasiumError) -> Picture {
    let request = WorkerRequest(action: .draw, group: description.group)
    let (size, pixels): (PictureSize, [UInt8]) = try worker.exclusively { () throws(GymnasiumError) in
      try worker.ask(request, within: stepDeadline("drawing"))
    }
    return .pixels(pixels, height: size.height, width: size.width)
  }

  // MARK: - State

  /// The environments' state; nil where it cannot be saved, and then `whyUnsaved` says why.
  func save() throws(GymnasiumError) -> [UInt8]? {
    guard whyUnsaved == nil else { return nil }
    let request = WorkerRequest(action: .save, group: description.group)
    let (answer, state): (WorkerAnswer, [UInt8]) = try worker.exclusively { () throws(GymnasiumError) in
      try worker.ask(request, within: stepDeadline("saving its state"))
    }
    whyUnsaved = answer.refused
    return answer.refused == nil ? state : nil
  }

  /// Sets the environments' state to one that `save` gave.
  func restore(_ state: [UInt8]) throws(GymnasiumError) {
    let request = WorkerRequest(action: .restore, group: description.group)
    try worker.exclusively { () throws(GymnasiumError) in
      let _: WorkerAnswer = try worker.ask(request, state, within: stepDeadline("restoring its state")).answer
    }
  }
}
