import Archive
import Kernels

/// Affine map of D components to zero mean and unit variance, fixed between fits.
struct Normalizer: Sendable, Archived {
  /// Means, [D].
  private(set) var mean: Vector
  /// Standard deviations, 1 where the data hardly vary, [D].
  private(set) var scale: Vector
  /// 1 / `scale`, [D].
  private(set) var inverse: Vector

  /// The identity.
  init(size: Int) {
    mean = Vector(count: size)
    scale = Vector(count: size)
    inverse = Vector(count: size)
    scale.fill(1)
    inverse.fill(1)
  }

  /// Takes mean and deviation from the rows of `x` [N, D]. A component that does not vary counts as one of deviation 1 among
  /// inputs, where it would otherwise be blown up to noise, and of next to none among `targets`, so that it is predicted as
  /// it was.
  mutating func fit(_ x: Matrix, targets: Bool = false) {
    var moments = RunningMoments(size: mean.count)
    moments.add(x)
    let deviations = moments.standardDeviation
    for i in 0..<mean.count {
      let small = 1e-6 * max(1, abs(moments.mean[i]))
      let deviation = deviations[i] > small ? Float(deviations[i]) : targets ? Float(small) : 1
      mean[i] = Float(moments.mean[i])
      scale[i] = deviation
      inverse[i] = 1 / deviation
    }
  }

  /// Normalizes the rows of `x` [rows, D] in place.
  func apply(_ x: UnsafeMutablePointer<Float>, rows: Int) {
    let (mean, inverse, size) = (self.mean.pointer, self.inverse.pointer, self.mean.count)
    for r in 0..<rows {
      let row = x + r * size
      for c in 0..<size { row[c] = (row[c] - mean[c]) * inverse[c] }
    }
  }

  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("mean", &mean)
    try fields.field("scale", &scale)
    guard fields.isRestoring else { return }
    for i in 0..<scale.count { inverse[i] = 1 / scale[i] }
  }
}
