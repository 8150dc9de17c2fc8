import Kernels

/// What actions an environment takes.
public enum ActionSpace: Sendable, Equatable {
  /// One of `count` choices; an action is one float, the choice's index.
  case discrete(count: Int)
  /// Several choices at once, the i-th one of `counts[i]`; an action is one float each, the choice's index.
  case multiDiscrete(counts: [Int])
  /// A vector of reals between the bounds, inclusive.
  case box(low: [Float], high: [Float])

  /// Floats per action as environments take them: one for each choice or real.
  public var size: Int {
    switch self {
    case .discrete: 1
    case .multiDiscrete(let counts): counts.count
    case .box(let low, _): low.count
    }
  }

  /// Bounds of each component; for one of `count` choices `0` and `count - 1`.
  public var bounds: (low: [Float], high: [Float]) {
    switch self {
    case .discrete(let count): ([0], [Float(count - 1)])
    case .multiDiscrete(let counts): (counts.map { _ in 0 }, counts.map { Float($0 - 1) })
    case .box(let low, let high): (low, high)
    }
  }

  /// Draws an action (`size` floats) uniformly; bounds must be finite. Does not allocate.
  public func draw(_ action: inout [Float], using random: inout RandomStream) {
    precondition(action.count == size, "\(action.count) floats for actions of \(size)")
    action.withUnsafeMutableBufferPointer { if let action = $0.baseAddress { draw(into: action, using: &random) } }
  }

  /// Draws an action into `action` [`size`].
  private func draw(into action: UnsafeMutablePointer<Float>, using random: inout RandomStream) {
    switch self {
    case .discrete(let count): action[0] = Float(random.index(below: count))
    case .multiDiscrete(let counts):
      for i in counts.indices { action[i] = Float(random.index(below: counts[i])) }
    case .box(let low, let high): for i in low.indices { action[i] = random.uniform(low[i], high[i]) }
    }
  }

  /// Draws `actions` [N, A] uniformly, row i from `streams[i]`; bounds must be finite. Does not allocate.
  public func draw(_ actions: inout Matrix, using streams: inout [RandomStream]) {
    precondition(
      actions.columns == size && actions.rows == streams.count,
      "[\(actions.rows), \(actions.columns)] for \(streams.count) actions of \(size)")
    let rows = actions.mutablePointer
    for row in streams.indices { draw(into: rows + row * size, using: &streams[row]) }
  }
}

/// Shape of observations that are images: rows from top to bottom, pixels from left to right, channels innermost, each
/// value a whole number in 0...`maximum`.
public struct ImageShape: Sendable, Equatable {
  /// Rows of pixels.
  public let height: Int
  /// Pixels in a row.
  public let width: Int
  /// Values of a pixel: 1 for gray, 3 for red, green, blue; more where frames are stacked.
  public let channels: Int
  /// Images stacked in the channels, the last of which alone is new in a step.
  public let frames: Int
  /// The largest value: 255 where values were bytes, 1 for grids of cells that are taken or free.
  public let maximum: Float

  /// Images of `height` rows of `width` pixels of `channels` values, `frames` images stacked in these; none may be zero.
  public init(height: Int, width: Int, channels: Int, frames: Int = 1, maximum: Float = 255) {
    precondition(height > 0 && width > 0 && channels > 0, "empty image \(height)x\(width)x\(channels)")
    precondition(frames > 0 && channels % frames == 0, "\(frames) frames in \(channels) channels")
    precondition(maximum > 0, "images of values up to \(maximum)")
    self.height = height
    self.width = width
    self.channels = channels
    self.frames = frames
    self.maximum = maximum
  }

  /// Floats per image, `height * width * channels`.
  public var count: Int { height * width * channels }
}

/// Shapes and limits of an environment.
public struct EnvironmentSpec: Sendable, Equatable {
  /// Floats per observation.
  public let observationSize: Int
  /// How the floats of an observation make an image; nil where it is none.
  public let imageShape: ImageShape?
  /// Whether there are only `observationSize` different observations, each shown as a vector of zeros with a 1 at its
  /// number. Tabular methods need this; to networks such observations are like any others.
  public let isOneHot: Bool
  /// What it takes.
  public let action: ActionSpace
  /// Seconds that a step lasts.
  public let timeStep: Float
  /// Steps after which an episode is cut off; `unlimited` where none is.
  public let stepLimit: Int
  /// Bounds of the reward of a step, inclusive; an infinite one where there is none. Nil where they are not known.
  public let rewardRange: ClosedRange<Float>?

  /// A step limit that no episode reaches.
  public static let unlimited = Int(Int32.max)

  /// An image must have `observationSize` floats.
  public init(
    observationSize: Int, imageShape: ImageShape? = nil, isOneHot: Bool = false, action: ActionSpace, timeStep: Float,
    stepLimit: Int, rewardRange: ClosedRange<Float>? = nil
  ) {
    precondition(observationSize > 0 && action.size > 0 && stepLimit > 0, "empty space or step limit")
    precondition(imageShape.map { $0.count == observationSize } ?? true, "image of another size")
    self.observationSize = observationSize
    self.imageShape = imageShape
    self.isOneHot = isOneHot
    self.action = action
    self.timeStep = timeStep
    self.stepLimit = stepLimit
    self.rewardRange = rewardRange
  }
}

/// Why an episode ended, if it did. Only `.terminated` stops the bootstrap: a truncated episode would have gone on.
public enum Ending: UInt8, Sendable, CaseIterable {
  /// It goes on.
  case none
  /// The task itself is over: no reward can follow.
  case terminated
  /// Cut off by the step limit.
  case truncated

  /// Name in CSV files.
  public var name: String {
    switch self {
    case .none: "none"
    case .terminated: "terminated"
    case .truncated: "truncated"
    }
  }
}

/// What a step gave besides the observation.
public struct StepOutcome: Sendable, Equatable {
  /// Reward of the step, as agents learn from it.
  public var reward: Float
  /// Reward of the step in the task's own units, which measured returns add up: other than `reward` where wrappers scale it.
  public var taskReward: Float
  /// Whether and why the episode ended.
  public var ending: Ending
  /// Steps that the task's own simulator took for it: 1, but more where wrappers repeat actions.
  public var simulatorSteps: Int

  /// A step that was worth `reward`, ended the episode as `ending` says, and took the simulator `simulatorSteps` steps.
  public init(reward: Float, ending: Ending, simulatorSteps: Int = 1) {
    (self.reward, taskReward) = (reward, reward)
    self.ending = ending
    self.simulatorSteps = simulatorSteps
  }
}
