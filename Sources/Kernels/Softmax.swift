/// Softmax over rows.
package enum Softmax {
  /// Writes the exponentials e^(x - max) of `count` numbers and returns their sum and the maximum.
  @inline(__always)
  package static func exponentials(
    _ x: UnsafePointer<Float>, count: Int, into e: UnsafeMutablePointer<Float>
  ) -> (sum: Float, top: Float) {
    var lanes = SIMDMath.SIMDVector(repeating: x[0])
    let width = SIMDMath.width
    let whole = count / width * width
    for c in stride(from: 0, to: whole, by: width) {
      let v = Microkernel.load(x + c)
      lanes = lanes.replacing(with: v, where: v .> lanes)
    }
    var top = lanes.max()
    for c in whole..<count { top = max(top, x[c]) }
    for c in stride(from: 0, to: count, by: width) {
      let valid = min(width, count - c)
      let v = SIMDMath.saturatingExp(Microkernel.load(x + c, valid: valid) - top)
      Microkernel.store(v, to: e + c, valid: valid)
    }
    return (Reductions.sum(e, count: count), top)
  }
}
