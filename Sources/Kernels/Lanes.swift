/// Sixteen lanes at a time of the functions in the hottest loops. The compiler's own vectors are half as wide, since it
/// prefers 256 bits where the processor has 512.
enum Lanes {
  @inline(__always)
  private static func multiplyAdd(_ a: SIMD16<Float>, _ b: SIMD16<Float>, _ c: Float) -> SIMD16<Float> {
    multiplyAdd(a, b, SIMD16(repeating: c))
  }

  @inline(__always)
  private static func multiplyAdd(_ a: SIMD16<Float>, _ b: SIMD16<Float>, _ c: SIMD16<Float>) -> SIMD16<Float> {
    #if FORESIGHT_FMA
      c.addingProduct(a, b)
    #else
      a * b + c
    #endif
  }

  /// `Scalar.saturatingExp` of each lane, to the bit.
  @inline(__always)
  static func saturatingExp(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let (lowest, highest) = (SIMD16<Float>(repeating: -87), SIMD16<Float>(repeating: 87))
    let low = x.replacing(with: lowest, where: x .< lowest)
    let clamped = low.replacing(with: highest, where: low .> highest)
    let shifted = multiplyAdd(clamped, SIMD16(repeating: 1.442_695_04), 12_582_912)
    let n = shifted - 12_582_912
    let r = multiplyAdd(
      n, SIMD16(repeating: 2.121_944_4e-4), multiplyAdd(n, SIMD16(repeating: -0.693_359_375), clamped))
    var p = SIMD16<Float>(repeating: 1.987_569_15e-4)
    p = multiplyAdd(p, r, 1.398_199_95e-3)
    p = multiplyAdd(p, r, 8.333_451_9e-3)
    p = multiplyAdd(p, r, 4.166_579_6e-2)
    p = multiplyAdd(p, r, 1.666_666_5e-1)
    p = multiplyAdd(p, r, 5.000_000_1e-1)
    p = multiplyAdd(p, r * r, r) + 1
    let bits = unsafeBitCast(shifted, to: SIMD16<UInt32>.self) &- SIMD16(repeating: 0x4B40_0000 - 127)
    return p * unsafeBitCast(bits &<< SIMD16(repeating: 23), to: SIMD16<Float>.self)
  }
}
