import Archive
import Interfaces
import Kernels

/// An environment that gives away nothing about its rewards.
struct UnscoredTask: Environment {
  let spec = EnvironmentSpec(observationSize: 1, action: .box(low: [-1], high: [1]), timeStep: 1, stepLimit: 5)

  mutating func reset(using random: inout RandomStream, observation: inout [Float]) { observation[0] = 0 }

  mutating func step(_ action: [Float], observation: inout [Float]) -> StepOutcome {
    StepOutcome(reward: 0, ending: .none)
  }

  func save(to writer: inout StateWriter) {}

  mutating func restore(from reader: StateReader) throws(ArchiveError) {}
}
