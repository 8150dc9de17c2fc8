public import Archive
public import Interfaces
public import Kernels

/// Shows the last observations together, oldest first: images in more channels, other observations end to end. An
/// episode starts with copies of its first one.
public struct FrameStack<Base: Environment>: EnvironmentWrapper {
  public var base: Base
  public let spec: EnvironmentSpec
  private let frames: Int
  /// Floats of a frame that stay together: a pixel's channels, or the whole observation.
  private let chunk: Int
  private var newest: [Float]
  private var stack: [Float]

  /// Shows `frames` observations, at least 1.
  public init(_ base: Base, frames: Int) {
    precondition(frames >= 1, "a stack of \(frames) frames")
    self.base = base
    self.frames = frames
    let size = base.spec.observationSize
    let image = base.spec.imageShape
    chunk = image?.channels ?? size
    spec = base.spec.observing(
      size * frames,
      imageShape: image.map {
        ImageShape(
          height: $0.height, width: $0.width, channels: $0.channels * frames, frames: $0.frames * frames,
          maximum: $0.maximum)
      })
    newest = Array(repeating: 0, count: size)
    stack = Array(repeating: 0, count: size * frames)
  }

  public mutating func reset(using random: inout RandomStream, observation: inout [Float]) throws {
    try base.reset(using: &random, observation: &newest)
    for _ in 0..<frames { push() }
    show(&observation)
  }

  public mutating func step(_ action: [Float], observation: inout [Float]) throws -> StepOutcome {
    let outcome = try base.step(action, observation: &newest)
    push()
    show(&observation)
    return outcome
  }

  /// Moves every chunk's frames one place toward the front and puts the newest at the end.
  private mutating func push() {
    let (kept, width, chunk) = ((frames - 1) * chunk, frames * chunk, chunk)
    let count = newest.count
    newest.withUnsafeBufferPointer { newest in
      stack.withUnsafeMutableBufferPointer { stack in
        guard let newest = newest.baseAddress, let stack = stack.baseAddress else { return }
        for place in 0..<count / chunk {
          let target = stack + place * width
          target.update(from: target + chunk, count: kept)
          (target + kept).update(from: newest + place * chunk, count: chunk)
        }
      }
    }
  }

  private func show(_ observation: inout [Float]) {
    precondition(observation.count == stack.count, "\(observation.count) floats for \(stack.count) observed")
    for index in stack.indices { observation[index] = stack[index] }
  }

  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("base", &base)
    try fields.field("stack", &stack)
  }
}
