import Archive
import Environments
import Interfaces
import Kernels
import TestSupport
import Testing

/// A pendulum with one thing wrong.
private struct FaultyPendulum: Environment {
  enum Fault: CaseIterable {
    case none, wrongReward, wrongTermination, forgetsStepsOnRestore, allocates, allocatesOnReset, ignoresSeed
    case leavesObservation, acceptsNaN, clipsTooWide, outlivesLimit, notDeterministic
  }

  let fault: Fault
  private var task: Pendulum
  private var hidden = 0
  private var scratch: [Float] = []

  init(_ fault: Fault) {
    self.fault = fault
    task = Pendulum(PendulumSettings())
  }

  var spec: EnvironmentSpec {
    guard fault == .outlivesLimit else { return task.spec }
    return EnvironmentSpec(observationSize: 3, action: task.spec.action, timeStep: 0.05, stepLimit: 150)
  }

  mutating func reset(using random: inout RandomStream, observation: inout [Float]) {
    if fault == .allocatesOnReset { scratch = Array(repeating: 1, count: 10_000 + hidden) }
    var fixed = RandomStream(seed: 0)
    if fault == .ignoresSeed {
      task.reset(using: &fixed, observation: &observation)
    } else {
      task.reset(using: &random, observation: &observation)
    }
    if fault == .notDeterministic { observation[0] += Float.random(in: 0..<0.1) }
    hidden = 0
  }

  mutating func step(_ action: [Float], observation: inout [Float]) throws -> StepOutcome {
    hidden += 1
    if fault == .allocates { scratch = Array(repeating: 1, count: 10_000 + hidden) }
    if fault == .acceptsNaN && action[0].isNaN { return StepOutcome(reward: 0, ending: .none) }
    let kept = observation
    var outcome = try task.step(action, observation: &observation)
    if fault == .leavesObservation { observation[2] = kept[2] }
    if fault == .wrongReward { outcome.reward *= 1.001 }
    if fault == .clipsTooWide { outcome.reward -= max(0, action[0].magnitude - 2) }
    if fault == .wrongTermination && outcome.ending == .truncated { outcome.ending = .terminated }
    return outcome
  }

  func save(to writer: inout StateWriter) { writer.write("task", task) }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    let before = task
    try reader.read("task", into: &task)
    if fault == .forgetsStepsOnRestore && task.episode.isRunning && before.episode.isRunning {
      task.episode = Episode(startingAt: task.episode.state)
    }
  }
}

/// The conformance checks themselves: each kind of fault is found.
@Suite struct ConformanceChecksTests {
  @Test func everyFaultIsFound() throws {
    let objective = Pendulum(PendulumSettings()).objective
    for fault in FaultyPendulum.Fault.allCases where fault != .none {
      let failures = try EnvironmentConformance.failures(objective: objective) { FaultyPendulum(fault) }
      #expect(!failures.isEmpty, "\(fault) went unnoticed")
    }
  }
}
