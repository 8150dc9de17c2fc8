import Interfaces

extension Picture {
  /// Gray cells [height, width] of values from 0 to `maximum` as squares of some pixels, so that small images can be
  /// seen.
  static func cells(_ values: [Float], height: Int, width: Int, maximum: Float) -> Picture {
    let side = max(1, 240 / max(height, width))
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 * values.count * side * side)
    for y in 0..<height * side {
      for x in 0..<width * side {
        let gray = UInt8(min(max(255 * values[y / side * width + x / side] / maximum, 0), 255))
        pixels += [gray, gray, gray]
      }
    }
    return .pixels(pixels, height: height * side, width: width * side)
  }
}
