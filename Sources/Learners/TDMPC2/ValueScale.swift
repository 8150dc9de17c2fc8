import Archive
import Kernels

/// Running range of values by which the policy's loss is divided: the difference of their 95th and 5th percentile, at
/// least 1, averaged over updates.
struct ValueScale {
  private(set) var value: Float = 1

  /// Takes in `values` [count], which it sorts, with the share `tau`.
  mutating func update(_ values: UnsafeMutablePointer<Float>, count: Int, tau: Float) {
    ValueScale.sort(values, count: count)
    func percentile(_ share: Float) -> Float {
      let place = share * Float(count - 1)
      let lower = Int(place)
      let upper = min(lower + 1, count - 1)
      return values[lower] * (1 - (place - Float(lower))) + values[upper] * (place - Float(lower))
    }
    value += tau * (max(percentile(0.95) - percentile(0.05), 1) - value)
  }

  /// Shell's method: the library's sort allocates.
  private static func sort(_ values: UnsafeMutablePointer<Float>, count: Int) {
    var gap = 1
    while gap < count / 3 { gap = 3 * gap + 1 }
    while gap > 0 {
      for i in stride(from: gap, to: count, by: 1) {
        let moved = values[i]
        var j = i
        while j >= gap && values[j - gap] > moved {
          values[j] = values[j - gap]
          j -= gap
        }
        values[j] = moved
      }
      gap /= 3
    }
  }
}

extension ValueScale: Archived {
  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("value_scale", &value)
  }
}
