import Archive
import Interfaces
import Kernels

/// An environment without a picture.
struct Invisible: Environment {
  let spec = EnvironmentSpec(observationSize: 1, action: .discrete(count: 2), timeStep: 0.1, stepLimit: 5)
  mutating func reset(using random: inout RandomStream, observation: inout [Float]) {}
  mutating func step(_ action: [Float], observation: inout [Float]) -> StepOutcome {
    StepOutcome(reward: 0, ending: .none)
  }
  func save(to writer: inout StateWriter) {}
  mutating func restore(from reader: StateReader) throws(ArchiveError) {}
}
