import Archive
import Configuration
import Experience
import Imagining
import Interfaces
import Kernels

/// Settings of imagined experience.
public struct ImaginationSettings: Configuration {
  public init() {}
  @Setting("Imagined steps from each start", in: 1...1000) public var length: Int = 10
  @Setting("Starts of each round, drawn from real trajectories", in: 1...100_000) public var rollouts: Int = 10
  @Setting("Real steps between rounds", in: 1...1_000_000) public var interval: Int = 10
  @Setting("Imagined transitions held", in: 1...100_000_000) public var capacity: Int = 10_000
  @Setting("Learner updates on imagined transitions for each real step", in: 0...10_000) public var updates: Int = 5
  @Setting("Whether imagined actions explore as collected ones do") public var explore: Bool = true
  @Setting("Episodes between fits of the model", in: 1...1_000_000) public var fitInterval: Int = 1
  @Setting("Episodes before the first fit", in: 1...1_000_000) public var firstFit: Int = 2
  @Setting("Real steps after which imagination ends; auto is never", in: 0...1_000_000_000) public var end: Int? = nil
  @Setting(
    "Share of the range of each observation by which imagined ones may leave it before their rollout is given up",
    in: 0...1000)
  public var margin: Float = 0.2
}

/// The range of real observations, beyond which a model is not believed.
struct ObservedRange {
  /// Least and greatest real observations so far, [D].
  private var (low, high): ([Float], [Float])

  /// Range of observations that were never seen to vary: models are not exact there either.
  private static var leastRange: Float { 1e-3 }

  /// Nothing seen yet.
  init(size: Int) {
    low = Array(repeating: .infinity, count: size)
    high = Array(repeating: -.infinity, count: size)
  }

  /// Widens the range to include a real observation.
  mutating func include(_ observation: UnsafeBufferPointer<Float>) {
    for i in observation.indices {
      low[i] = min(low[i], observation[i])
      high[i] = max(high[i], observation[i])
    }
  }

  /// The range, widened by the share `margin` on each side.
  func bounds(margin: Float) -> StateBounds {
    let slack = low.indices.map { margin * max(high[$0] - low[$0], Self.leastRange) }
    return StateBounds(
      low: low.indices.map { low[$0] - slack[$0] }, high: high.indices.map { high[$0] + slack[$0] })
  }
}

extension ObservedRange: Checkpointable {
  func save(to writer: inout StateWriter) {
    writer.write("low", low)
    writer.write("high", high)
  }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    low = try reader.read("low", shape: [low.count])
    high = try reader.read("high", shape: [high.count])
  }
}
