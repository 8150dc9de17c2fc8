import Archive
public import Interfaces
public import Kernels

/// A fixed function of observations.
public protocol ObservationMap: Sendable {
  /// Floats that come out.
  var outputSize: Int { get }
  /// How they make an image, if they do.
  var outputImage: ImageShape? { get }

  /// Writes what is shown (`outputSize` floats) for an observation of the base. May use scratch of its own; does not
  /// allocate.
  mutating func map(_ observation: UnsafePointer<Float>, into shown: UnsafeMutablePointer<Float>)
}

/// Shows a fixed function of the base's observations.
public struct MappedObservations<Base: Environment, Map: ObservationMap>: EnvironmentWrapper {
  public var base: Base
  public let spec: EnvironmentSpec
  private var map: Map
  private var original: [Float]

  init(_ base: Base, _ map: Map) {
    self.base = base
    self.map = map
    spec = base.spec.observing(map.outputSize, imageShape: map.outputImage)
    original = Array(repeating: 0, count: base.spec.observationSize)
  }

  public mutating func reset(using random: inout RandomStream, observation: inout [Float]) throws {
    try base.reset(using: &random, observation: &original)
    show(&observation)
  }

  public mutating func step(_ action: [Float], observation: inout [Float]) throws -> StepOutcome {
    let outcome = try base.step(action, observation: &original)
    show(&observation)
    return outcome
  }

  private mutating func show(_ observation: inout [Float]) {
    precondition(observation.count == map.outputSize, "\(observation.count) floats for \(map.outputSize) observed")
    original.withUnsafeBufferPointer { original in
      observation.withUnsafeMutableBufferPointer { shown in
        if let original = original.baseAddress, let shown = shown.baseAddress { map.map(original, into: shown) }
      }
    }
  }
}

/// The shape of an environment's images. Throws when it shows none.
func image(of environment: some Environment) throws(WrapperError) -> ImageShape {
  guard let shape = environment.spec.imageShape else {
    throw WrapperError(description: "needs images; the observation is \(environment.spec.observationSize) numbers")
  }
  return shape
}
