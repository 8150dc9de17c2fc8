import Archive
import Configuration
import Experience
import Imagining
import Interfaces
import Kernels

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

extension ObservedRange: Archived {
  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("low", &low)
    try fields.field("high", &high)
  }
}
