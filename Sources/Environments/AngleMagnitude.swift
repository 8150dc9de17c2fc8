/// |atan2(sine, cosine)| in [0, pi]; absolute error below 4e-7 rad, NaN if either is NaN, and the vector need not have
/// unit length.
///
/// Without branches, so that loops over it vectorize. atan(t) on [0, 1] is t P(t²) with a P of degree 8 fitted for the
/// smallest maximal error (6e-9 before rounding); the octants follow by symmetry. The origin counts as angle 0 or pi.
@inline(__always)
package func angleMagnitude(cosine: Float, sine: Float) -> Float {
  let (x, y) = (cosine.magnitude, sine.magnitude)
  let low = y < x ? y : x
  let high = y < x ? x : y
  let t = low / (high == 0 ? 1 : high)
  let z = t * t
  var p: Float = 2.456_725_3e-3
  p = p * z - 1.440_136_1e-2
  p = p * z + 3.978_123_1e-2
  p = p * z - 7.234_857_7e-2
  p = p * z + 1.049_894_6e-1
  p = p * z - 1.416_122_9e-1
  p = p * z + 1.998_590_7e-1
  p = p * z - 3.333_259_8e-1
  p = p * z + 9.999_998_8e-1
  let octant = p * t
  let quadrant = y < x ? octant : Float.pi / 2 - octant
  return cosine < 0 ? Float.pi - quadrant : quadrant
}
