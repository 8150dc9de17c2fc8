private import CSIMD

/// A register's worth of floats at a time of the functions in the hottest loops: the same operations at every width,
/// and each to the bit what `Scalar` computes, but for reciprocals. The compiler's own vectors are half as wide on
/// AVX-512, since it prefers 256 bits where the processor has 512.
enum SIMDMath {
  #if FORESIGHT_AVX512
  typealias SIMDVector = SIMD16<Float>
  typealias Bits = SIMD16<UInt32>
  /// Floats in a vector.
  static let width = 16
  #else
  typealias SIMDVector = SIMD8<Float>
  typealias Bits = SIMD8<UInt32>
  /// Floats in a vector.
  static let width = 8
  #endif

  /// a * b + c, fused where `Scalar.multiplyAdd` is.
  @inline(__always)
  static func multiplyAdd(_ a: SIMDVector, _ b: SIMDVector, _ c: SIMDVector) -> SIMDVector {
    #if FORESIGHT_AVX512
    foresight_fma16(a, b, c)
    #elseif FORESIGHT_FMA
    foresight_fma8(a, b, c)
    #else
    a * b + c
    #endif
  }

  @inline(__always)
  private static func multiplyAdd(_ a: SIMDVector, _ b: SIMDVector, _ c: Float) -> SIMDVector {
    multiplyAdd(a, b, SIMDVector(repeating: c))
  }

  /// `Scalar.saturatingExp` of each vector.
  @inline(__always)
  static func saturatingExp(_ x: SIMDVector) -> SIMDVector {
    let clamped = saturated(x)
    let shifted = multiplyAdd(clamped, SIMDVector(repeating: 1.442_695_04), 12_582_912)
    let n = shifted - 12_582_912
    let r = multiplyAdd(
      n, SIMDVector(repeating: 2.121_944_4e-4), multiplyAdd(n, SIMDVector(repeating: -0.693_359_375), clamped))
    var p = SIMDVector(repeating: 1.987_569_15e-4)
    p = multiplyAdd(p, r, 1.398_199_95e-3)
    p = multiplyAdd(p, r, 8.333_451_9e-3)
    p = multiplyAdd(p, r, 4.166_579_6e-2)
    p = multiplyAdd(p, r, 1.666_666_5e-1)
    p = multiplyAdd(p, r, 5.000_000_1e-1)
    p = multiplyAdd(p, r * r, r) + 1
    return p * powerOfTwo(shifted)
  }

  /// x, or the nearer end of [-87, 87]; NaN stays NaN.
  @inline(__always)
  static func saturated(_ x: SIMDVector) -> SIMDVector {
    let (lowest, highest) = (SIMDVector(repeating: -87), SIMDVector(repeating: 87))
    let low = x.replacing(with: lowest, where: x .< lowest)
    return low.replacing(with: highest, where: low .> highest)
  }

  /// 2^n, where `shifted` is n + 1.5 * 2^23.
  @inline(__always)
  static func powerOfTwo(_ shifted: SIMDVector) -> SIMDVector {
    let bits = unsafeBitCast(shifted, to: Bits.self) &- Bits(repeating: 0x4B40_0000 - 127)
    // a product, which the compiler turns into a shift; SIMD shifts it takes apart into scalars
    return unsafeBitCast(bits &* Bits(repeating: 1 << 23), to: SIMDVector.self)
  }

  /// 1 / x within 1 ulp, where x and the result are positive normal numbers.
  @inline(__always)
  static func reciprocal(_ x: SIMDVector) -> SIMDVector {
    #if FORESIGHT_AVX512
    foresight_reciprocal16(x)
    #elseif FORESIGHT_FMA
    foresight_reciprocal8(x)
    #else
    1 / x
    #endif
  }

  /// `Scalar.sigmoid` of each vector, up to the reciprocal.
  @inline(__always)
  static func sigmoid(_ x: SIMDVector) -> SIMDVector {
    let quad = SIMDQuad.sigmoid(SIMDQuad(x, x, x, x))
    return quad.a
  }

  /// `Scalar.tanh` of each vector.
  @inline(__always)
  static func tanh(_ x: SIMDVector) -> SIMDVector {
    let magnitude = x.replacing(with: -x, where: x .< 0)
    let z = x * x
    var p = SIMDVector(repeating: -5.704_988_7e-3)
    p = multiplyAdd(p, z, 2.063_908_9e-2)
    p = multiplyAdd(p, z, -5.373_971_6e-2)
    p = multiplyAdd(p, z, 1.333_144_2e-1)
    p = multiplyAdd(p, z, -3.333_328_2e-1)
    let near = x + x * z * p
    let far = 1 - 2 / (saturatingExp(2 * magnitude) + 1)
    let signed = far.replacing(with: -far, where: x .< 0)
    return signed.replacing(with: near, where: magnitude .< 0.625)
  }
}

/// Four vectors at once: chains of dependent operations four abreast, since one alone leaves the multipliers waiting.
struct SIMDQuad {
  typealias SIMDVector = SIMDMath.SIMDVector
  var a: SIMDVector
  var b: SIMDVector
  var c: SIMDVector
  var d: SIMDVector

  @inline(__always)
  init(_ a: SIMDVector, _ b: SIMDVector, _ c: SIMDVector, _ d: SIMDVector) {
    (self.a, self.b, self.c, self.d) = (a, b, c, d)
  }

  @inline(__always)
  init(repeating value: Float) {
    let vector = SIMDVector(repeating: value)
    self.init(vector, vector, vector, vector)
  }

  @inline(__always)
  static func + (x: SIMDQuad, y: SIMDQuad) -> SIMDQuad { SIMDQuad(x.a + y.a, x.b + y.b, x.c + y.c, x.d + y.d) }

  @inline(__always)
  static func - (x: SIMDQuad, y: SIMDQuad) -> SIMDQuad { SIMDQuad(x.a - y.a, x.b - y.b, x.c - y.c, x.d - y.d) }

  @inline(__always)
  static func * (x: SIMDQuad, y: SIMDQuad) -> SIMDQuad { SIMDQuad(x.a * y.a, x.b * y.b, x.c * y.c, x.d * y.d) }

  @inline(__always)
  static func multiplyAdd(_ x: SIMDQuad, _ y: SIMDQuad, _ z: SIMDQuad) -> SIMDQuad {
    SIMDQuad(
      SIMDMath.multiplyAdd(x.a, y.a, z.a), SIMDMath.multiplyAdd(x.b, y.b, z.b), SIMDMath.multiplyAdd(x.c, y.c, z.c),
      SIMDMath.multiplyAdd(x.d, y.d, z.d))
  }

  @inline(__always)
  private static func multiplyAdd(_ x: SIMDQuad, _ y: SIMDQuad, _ z: Float) -> SIMDQuad {
    multiplyAdd(x, y, SIMDQuad(repeating: z))
  }

  /// `Scalar.sigmoid` of each element, up to the reciprocal.
  @inline(__always)
  static func sigmoid(_ x: SIMDQuad) -> SIMDQuad {
    let clamped = SIMDQuad(
      SIMDMath.saturated(x.a), SIMDMath.saturated(x.b), SIMDMath.saturated(x.c), SIMDMath.saturated(x.d))
    // e^-x = 2^n e^-r, |r| <= ln 2 / 2
    let shifted = multiplyAdd(clamped, SIMDQuad(repeating: -1.442_695_04), 12_582_912)
    let n = shifted - SIMDQuad(repeating: 12_582_912)
    #if FORESIGHT_FMA
    let r = multiplyAdd(n, SIMDQuad(repeating: 0.693_147_18), clamped)
    #else
    let r = n * SIMDQuad(repeating: -2.121_944_4e-4) + (n * SIMDQuad(repeating: 0.693_359_375) + clamped)
    #endif
    var p = SIMDQuad(repeating: -8.290_298_3e-3)
    p = multiplyAdd(p, r, 4.189_797_5e-2)
    p = multiplyAdd(p, r, -1.666_763_7e-1)
    p = multiplyAdd(p, r, 4.999_915_1e-1)
    p = multiplyAdd(p, r, -9.999_997e-1)
    p = multiplyAdd(p, r, 1)
    let (a, b) = (SIMDMath.powerOfTwo(shifted.a), SIMDMath.powerOfTwo(shifted.b))
    let scale = SIMDQuad(a, b, SIMDMath.powerOfTwo(shifted.c), SIMDMath.powerOfTwo(shifted.d))
    let sum = multiplyAdd(p, scale, 1)
    return SIMDQuad(
      SIMDMath.reciprocal(sum.a), SIMDMath.reciprocal(sum.b), SIMDMath.reciprocal(sum.c), SIMDMath.reciprocal(sum.d))
  }
}
