import Archive
import Kernels

/// Scaling of inputs by what was seen: (x - offset) * scale, each input by itself.
struct InputScaling: Sendable {
  private(set) var offset: [Float]
  private(set) var scale: [Float]

  /// By `scale` alone: 1 for none.
  init(size: Int, scale: Float = 1) {
    offset = Array(repeating: 0, count: size)
    self.scale = Array(repeating: scale, count: size)
  }

  /// To mean 0 and deviation 1 over the rows of `x` [N, D]; inputs that do not vary are not scaled.
  mutating func standardize(_ x: UnsafePointer<Float>, count: Int) {
    var moments = RunningMoments(size: offset.count)
    for row in 0..<count { moments.add(UnsafeBufferPointer(start: x + row * offset.count, count: offset.count)) }
    let deviations = moments.standardDeviation
    for i in offset.indices {
      offset[i] = Float(moments.mean[i])
      scale[i] = deviations[i] > 1e-6 ? Float(1 / deviations[i]) : 1
    }
  }

  /// To 0...1 over the rows of `x` [N, D]; inputs that do not vary go to 0.
  mutating func normalize(_ x: UnsafePointer<Float>, count: Int) {
    let size = offset.count
    for i in 0..<size {
      var (low, high) = (Float.infinity, -Float.infinity)
      for row in 0..<count { (low, high) = (min(low, x[row * size + i]), max(high, x[row * size + i])) }
      offset[i] = low
      scale[i] = high > low ? 1 / (high - low) : 1
    }
  }

  /// Input `i` of `x` [D], scaled.
  func value(_ x: UnsafePointer<Float>, _ i: Int) -> Float { (x[i] - offset[i]) * scale[i] }

  /// Writes all inputs of `x` [D], scaled.
  func write(_ x: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>) {
    offset.withUnsafeBufferPointer { offset in
      scale.withUnsafeBufferPointer { scale in
        for i in 0..<offset.count { target[i] = (x[i] - offset[i]) * scale[i] }
      }
    }
  }
}

extension InputScaling: Archived {
  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("offset", &offset)
    try fields.field("scale", &scale)
  }
}
