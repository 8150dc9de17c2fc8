public import Archive
public import Interfaces
public import Kernels

/// Several environments of the same kind as one family: every episode is of one of them, drawn uniformly, and observations
/// end with its one-hot code unless it is hidden.
///
/// Each member keeps a state of its own; those that are not in use cost nothing but their memory (or their process).
public struct TaskCollection: TaskFamily {
  /// The members', with K more floats in an observation where the task is shown.
  public let spec: EnvironmentSpec
  public private(set) var currentTask = 0
  private var members: [any Environment]
  private let only: Int?
  private let shown: Bool
  private var seen: [Float]

  /// Of `members`, at least one; episodes are all of task `only` if given. Throws unless all have the same observations,
  /// actions, time step and step limit.
  public init(_ members: [any Environment], shown: Bool, only: Int?) throws(WrapperError) {
    precondition(!members.isEmpty && only.map(members.indices.contains) != false, "no such task")
    let first = members[0].spec
    for (index, member) in members.enumerated() {
      let spec = member.spec
      func check(_ what: String, _ own: some Equatable, _ others: some Equatable) throws(WrapperError) {
        guard "\(own)" != "\(others)" else { return }
        throw WrapperError(
          description: "must have the same \(what) for all tasks: task \(index) has \(own), task 0 \(others)")
      }
      try check("size of observations", spec.observationSize, first.observationSize)
      try check("actions", spec.action, first.action)
      try check("time step", spec.timeStep, first.timeStep)
      try check("step limit", spec.stepLimit, first.stepLimit)
    }
    self.members = members
    self.only = only
    self.shown = shown
    let ranges = members.compactMap(\.spec.rewardRange)
    let (low, high) = (ranges.map(\.lowerBound).min(), ranges.map(\.upperBound).max())
    var rewardRange: ClosedRange<Float>?
    if let low, let high, ranges.count == members.count { rewardRange = low...high }
    spec = EnvironmentSpec(
      observationSize: first.observationSize + (shown ? members.count : 0), action: first.action,
      timeStep: first.timeStep, stepLimit: first.stepLimit, rewardRange: rewardRange)
    seen = Array(repeating: 0, count: first.observationSize)
  }

  public var taskCount: Int { members.count }
  public var taskCode: Range<Int>? { shown ? seen.count..<spec.observationSize : nil }

  public mutating func reset(using random: inout RandomStream, observation: inout [Float]) throws {
    let drawn = random.index(below: members.count)
    currentTask = only ?? drawn
    try members[currentTask].reset(using: &random, observation: &seen)
    show(in: &observation)
  }

  public mutating func step(_ action: [Float], observation: inout [Float]) throws -> StepOutcome {
    let outcome = try members[currentTask].step(action, observation: &seen)
    show(in: &observation)
    return outcome
  }

  private func show(in observation: inout [Float]) {
    for index in seen.indices { observation[index] = seen[index] }
    guard shown else { return }
    for task in members.indices { observation[seen.count + task] = task == currentTask ? 1 : 0 }
  }

  public mutating func prepareToSave() throws -> Bool {
    var isWhole = true
    for index in members.indices {
      let isReady = try members[index].prepareToSave()
      if index == currentTask { isWhole = isReady }
    }
    return isWhole
  }

  public func saveStatistics(to writer: inout StateWriter) {
    for (index, member) in members.enumerated() {
      writer.scope("\(index)") { (writer: inout StateWriter) in member.saveStatistics(to: &writer) }
    }
  }

  public mutating func beginMeasurement(with statistics: StateReader) throws(ArchiveError) {
    for index in members.indices { try members[index].beginMeasurement(with: statistics.scope("\(index)")) }
  }

  public var observationNames: [String] {
    let names = members[0].observationNames
    guard !names.isEmpty, shown else { return names }
    return names + members.indices.map { "task \($0)" }
  }

  public var provenance: [(name: String, value: String)] { members[0].provenance }

  /// The members' own, if all have the same.
  public var measureNames: [String] {
    members.allSatisfy { $0.measureNames == members[0].measureNames } ? members[0].measureNames : []
  }

  public var measures: [Double] { measureNames.isEmpty ? [] : members[currentTask].measures }

  public mutating func beginShowing() { for index in members.indices { members[index].beginShowing() } }

  public mutating func picture() throws -> Picture? { try members[currentTask].picture() }
}

extension TaskCollection: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    for index in members.indices { try fields.field("\(index)", &members[index]) }
    try fields.field("task", &currentTask, in: 0...members.count - 1)
  }
}

/// Reward and termination of a collection's steps: those of the task that the observation's code shows.
public struct TaskCollectionObjective: Objective {
  private let members: [any Objective]
  private let observationSize: Int
  private let actionSize: Int

  /// Of `members`, in an environment of `spec` that shows its task.
  public init(_ members: [any Objective], spec: EnvironmentSpec) {
    precondition(!members.isEmpty && spec.observationSize > members.count, "no tasks, or no room for their code")
    self.members = members
    observationSize = spec.observationSize
    actionSize = spec.action.size
  }

  public var knowsReward: Bool { members.allSatisfy(\.knowsReward) }
  public var knowsTermination: Bool { members.allSatisfy(\.knowsTermination) }

  /// The task is the largest component of the code of the state before the step: predictions of it need not be exact.
  public func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    for row in 0..<count {
      let (state, after) = (states + row * observationSize, next + row * observationSize)
      let code = state + observationSize - members.count
      var task = 0
      for index in members.indices where code[index] > code[task] { task = index }
      members[task].evaluate(
        count: 1, states: state, actions: actions + row * actionSize, next: after, rewards: rewards + row,
        terminated: terminated + row)
    }
  }
}
