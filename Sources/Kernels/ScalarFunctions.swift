/// Single-precision functions written so that the compiler vectorizes loops over them: no branches, no tables, no
/// library calls. Stated errors are in units in the last place against a double-precision reference, measured over the
/// stated range by `ScalarFunctionsTests`.
///
/// Polynomial coefficients are those of the Cephes library (Moshier), single precision.
@frozen @usableFromInline
package enum Scalar {
  /// a * b + c: fused where the build is told that the processor fuses (`FORESIGHT_FMA`, set by the Makefile), else rounded
  /// twice. Without hardware support a fused product is a library call, twenty times slower.
  @inlinable @inline(__always)
  package static func multiplyAdd(_ a: Float, _ b: Float, _ c: Float) -> Float {
    #if FORESIGHT_FMA
    c.addingProduct(a, b)
    #else
    a * b + c
    #endif
  }

  /// Rounds |x| < 2^22 to the nearest integer by the carry of a float addition; also gives it as an integer.
  @inlinable @inline(__always)
  package static func nearest(_ x: Float) -> (value: Float, bits: UInt32) {
    let shifted = x + 12_582_912  // 1.5 * 2^23
    return (shifted - 12_582_912, shifted.bitPattern &- 0x4B40_0000)
  }

  /// e^r for |r| <= ln 2 / 2.
  @inlinable @inline(__always)
  package static func expMantissa(_ r: Float) -> Float {
    var p: Float = 1.987_569_15e-4
    p = multiplyAdd(p, r, 1.398_199_95e-3)
    p = multiplyAdd(p, r, 8.333_451_9e-3)
    p = multiplyAdd(p, r, 4.166_579_6e-2)
    p = multiplyAdd(p, r, 1.666_666_5e-1)
    p = multiplyAdd(p, r, 5.000_000_1e-1)
    return multiplyAdd(p, r * r, r) + 1
  }

  /// e^x on [-87, 87], constant outside, so that neither it nor its reciprocal leaves the normal numbers: cheaper than
  /// `exp` where only 1 + e^x matters. At most 2 ulp; NaN stays NaN.
  @inlinable @inline(__always)
  package static func saturatingExp(_ x: Float) -> Float {
    let low = x < -87 ? -87 : x
    let clamped = low > 87 ? 87 : low
    let shifted = multiplyAdd(clamped, 1.442_695_04, 12_582_912)
    let n = shifted - 12_582_912
    let r = multiplyAdd(n, 2.121_944_4e-4, multiplyAdd(n, -0.693_359_375, clamped))
    return expMantissa(r) * Float(bitPattern: (shifted.bitPattern &- 0x4B40_0000 &+ 127) &<< 23)
  }

  /// e^x; at most 1 ulp on [-87.3, 88.7], infinite above, vanishing gradually below; NaN stays NaN.
  @inlinable @inline(__always)
  package static func exp(_ x: Float) -> Float {
    // beyond these bounds the result is 0 or infinite
    let low = x < -104 ? -104 : x
    let clamped = low > 89 ? 89 : low
    // e^x = 2^n e^r, |r| <= ln 2 / 2
    let (n, bits) = nearest(clamped * 1.442_695_04)
    let r = multiplyAdd(n, 2.121_944_4e-4, multiplyAdd(n, -0.693_359_375, clamped))
    let mantissa = expMantissa(r)
    // 2^n in two halves, since n goes from -150 to 128
    let half = UInt32(bitPattern: Int32(bitPattern: bits) &>> 1)
    let first = Float(bitPattern: (half &+ 127) &<< 23)
    let second = Float(bitPattern: (bits &- half &+ 127) &<< 23)
    return mantissa * first * second
  }

  /// Natural logarithm of a positive normal number, at most 1 ulp; infinity and NaN stay as they are. For numbers that
  /// are not positive and normal the result is finite and meaningless.
  @inlinable @inline(__always)
  package static func log(_ x: Float) -> Float {
    // x = 2^e m with m in [sqrt(1/2), sqrt(2))
    let shifted = x.bitPattern &- 0x3F35_04F3
    let e = Float(Int32(bitPattern: shifted) &>> 23)
    let m = Float(bitPattern: (shifted & 0x007F_FFFF) &+ 0x3F35_04F3) - 1
    let z = m * m
    var p: Float = 7.037_683_6e-2
    p = multiplyAdd(p, m, -1.151_461_0e-1)
    p = multiplyAdd(p, m, 1.167_699_9e-1)
    p = multiplyAdd(p, m, -1.242_014_1e-1)
    p = multiplyAdd(p, m, 1.424_932_3e-1)
    p = multiplyAdd(p, m, -1.666_805_8e-1)
    p = multiplyAdd(p, m, 2.000_071_5e-1)
    p = multiplyAdd(p, m, -2.499_999_4e-1)
    p = multiplyAdd(p, m, 3.333_333_1e-1)
    let tail = p * m * z + e * -2.121_944_4e-4 - 0.5 * z
    let result = m + tail + e * 0.693_359_375
    return x <= Float.greatestFiniteMagnitude ? result : x
  }

  /// ln(1 + y) for y in [0, 2^60]; at most 2.5 ulp, exact as y vanishes.
  @inlinable @inline(__always)
  package static func log1p(_ y: Float) -> Float {
    let u = 1 + y
    let d = u - 1
    let quotient = log(u) * (y / (d == 0 ? 1 : d))
    return d == 0 ? y : quotient
  }

  /// 1 / (1 + e^-x); at most 4.5 ulp on [-20, infinity], 6.5 on [-87, -20], constant (1.6e-38) further down.
  ///
  /// A cheaper exponential than `exp`: the polynomial has the least maximal relative error, 9.2e-8, of its degree.
  @inlinable @inline(__always)
  package static func sigmoid(_ x: Float) -> Float {
    let low = x < -87 ? -87 : x
    let clamped = low > 87 ? 87 : low
    // e^-x = 2^n e^-r, |r| <= ln 2 / 2
    let shifted = multiplyAdd(clamped, -1.442_695_04, 12_582_912)
    let n = shifted - 12_582_912
    #if FORESIGHT_FMA
    let r = multiplyAdd(n, 0.693_147_18, clamped)
    #else
    let r = n * -2.121_944_4e-4 + (n * 0.693_359_375 + clamped)
    #endif
    var p: Float = -8.290_298_3e-3
    p = multiplyAdd(p, r, 4.189_797_5e-2)
    p = multiplyAdd(p, r, -1.666_763_7e-1)
    p = multiplyAdd(p, r, 4.999_915_1e-1)
    p = multiplyAdd(p, r, -9.999_997e-1)
    p = multiplyAdd(p, r, 1)
    let scale = Float(bitPattern: (shifted.bitPattern &- 0x4B40_0000 &+ 127) &<< 23)
    return 1 / multiplyAdd(p, scale, 1)
  }

  /// x / (1 + e^-x), the sigmoid-weighted linear unit; at most 5 ulp on [-20, infinity], 7 on [-87, -20], x * 1.6e-38 further down.
  @inlinable @inline(__always)
  package static func silu(_ x: Float) -> Float { x * sigmoid(x) }

  /// ln(1 + e^x); at most 3 ulp on [-87, infinity], constant (1.6e-38) below.
  @inlinable @inline(__always)
  package static func softplus(_ x: Float) -> Float { (x > 0 ? x : 0) + log1p(saturatingExp(x > 0 ? -x : x)) }

  /// Hyperbolic tangent; at most 1.5 ulp.
  @inlinable @inline(__always)
  package static func tanh(_ x: Float) -> Float {
    let magnitude = x < 0 ? -x : x
    let z = x * x
    var p: Float = -5.704_988_7e-3
    p = multiplyAdd(p, z, 2.063_908_9e-2)
    p = multiplyAdd(p, z, -5.373_971_6e-2)
    p = multiplyAdd(p, z, 1.333_144_2e-1)
    p = multiplyAdd(p, z, -3.333_328_2e-1)
    let near = x + x * z * p
    let far = 1 - 2 / (saturatingExp(2 * magnitude) + 1)
    return magnitude < 0.625 ? near : (x < 0 ? -far : far)
  }

  /// (sin, cos) of `turns` full turns, `turns` in [0, 1]; absolute error below 1.5e-7.
  @inlinable @inline(__always)
  package static func sincos(turns: Float) -> (sin: Float, cos: Float) {
    let (n, quadrant) = nearest(turns * 4)
    let a = (turns * 4 - n) * 1.570_796_3
    let z = a * a
    var s: Float = -1.951_529_6e-4
    s = s * z + 8.332_161e-3
    s = s * z - 1.666_665_5e-1
    s = s * z * a + a
    var c: Float = 2.443_315_7e-5
    c = c * z - 1.388_731_6e-3
    c = c * z + 4.166_664_6e-2
    c = c * z * z - 0.5 * z + 1
    let swapped = quadrant & 1 == 1
    let sine = swapped ? c : s
    let cosine = swapped ? s : c
    let sineSign = (quadrant & 2) &<< 30
    let cosineSign = ((quadrant &+ 1) & 2) &<< 30
    return (
      Float(bitPattern: sine.bitPattern ^ sineSign), Float(bitPattern: cosine.bitPattern ^ cosineSign)
    )
  }
}
