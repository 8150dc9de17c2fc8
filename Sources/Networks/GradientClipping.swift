import Kernels

extension Vector {
  /// Scales the gradient so that its Euclidean norm is at most `limit`; returns the norm before. A norm that is not finite
  /// leaves the gradient as it is, for the caller to report.
  @discardableResult
  public mutating func clipNorm(to limit: Float) -> Float {
    precondition(limit > 0, "norm limit \(limit)")
    let norm = self.norm
    if norm.isFinite && norm > limit { Elementwise.scale(mutablePointer, count: count, by: limit / norm) }
    return norm
  }

  /// Polyak averaging: self += tau * (source - self), of equal length.
  public mutating func interpolate(toward source: Vector, tau: Float) {
    precondition(source.count == count && tau >= 0 && tau <= 1, "vectors of different lengths, or tau \(tau)")
    Elementwise.interpolate(mutablePointer, toward: source.pointer, count: count, tau: tau)
  }
}
