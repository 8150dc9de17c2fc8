public import Archive
public import Interfaces
public import Kernels

/// Shows (x - mean) / sqrt(variance + 1e-8), limited to ±`limit`, by running statistics of everything observed so far in
/// training, the observation shown included. A measuring environment uses the statistics it was given and leaves them be.
///
/// As in Gymnasium's wrapper of that name an agent's replay holds observations as they were shown, by the statistics of
/// then; unlike it, values are limited (as in Stable-Baselines3) and nothing is assumed before the first observation.
public struct NormalizedObservations<Base: Environment>: EnvironmentWrapper {
  public var base: Base
  public let spec: EnvironmentSpec
  private let limit: Float
  private var moments: RunningMoments
  private var isMeasuring = false

  /// Limits what is shown to ±`limit`. Throws when the observations of `base` are images, which learners scale
  /// themselves.
  public init(_ base: Base, limit: Float = 10) throws(WrapperError) {
    precondition(limit > 0, "limit \(limit)")
    if base.spec.imageShape != nil { throw WrapperError(description: "is not for images") }
    self.base = base
    spec = base.spec.observing(base.spec.observationSize)
    self.limit = limit
    moments = RunningMoments(size: base.spec.observationSize)
  }

  public mutating func reset(using random: inout RandomStream, observation: inout [Float]) throws {
    try base.reset(using: &random, observation: &observation)
    show(&observation)
  }

  public mutating func step(_ action: [Float], observation: inout [Float]) throws -> StepOutcome {
    let outcome = try base.step(action, observation: &observation)
    show(&observation)
    return outcome
  }

  private mutating func show(_ observation: inout [Float]) {
    observation.withUnsafeMutableBufferPointer { observation in
      if !isMeasuring { moments.add(UnsafeBufferPointer(observation)) }
      moments.standardize(observation, limit: limit)
    }
  }

  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("base", &base)
    try fields.field("moments", &moments)
    try fields.field("is_measuring", &isMeasuring)
  }

  public func saveStatistics(to writer: inout StateWriter) {
    writer.write("observation_moments", moments)
    base.saveStatistics(to: &writer)
  }

  public mutating func beginMeasurement(with statistics: StateReader) throws(ArchiveError) {
    try base.beginMeasurement(with: statistics)
    try statistics.read("observation_moments", into: &moments)
    isMeasuring = true
  }
}
