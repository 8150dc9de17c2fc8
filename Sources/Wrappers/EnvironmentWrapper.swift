public import Archive
public import Interfaces
public import Kernels

/// An environment that changes one thing about another. Wrappers are values and compose:
/// `FrameStack(Resized(Grayscale(game)))`.
///
/// Whatever a wrapper does not define itself is the base's.
public protocol EnvironmentWrapper: Environment, Archived {
  /// The type of `base`.
  associatedtype Base: Environment

  /// What is wrapped.
  var base: Base { get set }
}

extension EnvironmentWrapper {
  public var spec: EnvironmentSpec { base.spec }

  public mutating func reset(using random: inout RandomStream, observation: inout [Float]) throws {
    try base.reset(using: &random, observation: &observation)
  }

  public mutating func step(_ action: [Float], observation: inout [Float]) throws -> StepOutcome {
    try base.step(action, observation: &observation)
  }

  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) { try fields.field("base", &base) }

  public mutating func prepareToSave() throws -> Bool { try base.prepareToSave() }

  /// The base's, where observations have as many floats.
  public var observationNames: [String] {
    spec.observationSize == base.spec.observationSize ? base.observationNames : []
  }

  public var provenance: [(name: String, value: String)] { base.provenance }

  public var measureNames: [String] { base.measureNames }

  public var measures: [Double] { base.measures }

  public mutating func beginShowing() { base.beginShowing() }

  public mutating func picture() throws -> Picture? { try base.picture() }

  public func saveStatistics(to writer: inout StateWriter) { base.saveStatistics(to: &writer) }

  public mutating func beginMeasurement(with statistics: StateReader) throws(ArchiveError) {
    try base.beginMeasurement(with: statistics)
  }

  public mutating func skipEpisodes(_ episodes: Int) { base.skipEpisodes(episodes) }
}

/// A wrapper that does not fit the environment it was to wrap.
public struct WrapperError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What does not fit, in words that follow the wrapper's name.
  public let description: String

  /// With the words that follow the wrapper's name.
  public init(description: String) { self.description = description }
}

extension EnvironmentSpec {
  /// The same but for what is given.
  func with(
    action: ActionSpace? = nil, timeStep: Float? = nil, stepLimit: Int? = nil, rewardRange: ClosedRange<Float>?? = nil
  ) -> EnvironmentSpec {
    EnvironmentSpec(
      observationSize: observationSize, imageShape: imageShape, isOneHot: isOneHot, action: action ?? self.action,
      timeStep: timeStep ?? self.timeStep, stepLimit: stepLimit ?? self.stepLimit,
      rewardRange: rewardRange ?? self.rewardRange)
  }

  /// The same with other observations, of `size` floats, an image where `imageShape` says so.
  func observing(_ size: Int, imageShape: ImageShape? = nil) -> EnvironmentSpec {
    EnvironmentSpec(
      observationSize: size, imageShape: imageShape, action: action, timeStep: timeStep, stepLimit: stepLimit,
      rewardRange: rewardRange)
  }
}
