/// The square patches of an image that a convolution looks at, without padding.
///
/// Images are rows from top to bottom, pixels from left to right, channels innermost, [height, width, channels]. A
/// patch is a row of a matrix: its lines one after the other, [size, size, channels]. Patches are numbered like the
/// pixels of the convolution's output.
package struct ImagePatches: Sendable, Equatable {
  /// Rows of the image.
  package let height: Int
  /// Pixels in a row.
  package let width: Int
  /// Values of a pixel.
  package let channels: Int
  /// Rows and columns of a patch.
  package let size: Int
  /// Pixels between neighboring patches, in both directions.
  package let stride: Int

  /// Patches of an image that is at least as large as one of them.
  package init(height: Int, width: Int, channels: Int, size: Int, stride: Int) {
    precondition(size > 0 && stride > 0 && channels > 0, "patches of \(size) with stride \(stride)")
    precondition(height >= size && width >= size, "patches of \(size) in an image of \(height)x\(width)")
    self.height = height
    self.width = width
    self.channels = channels
    self.size = size
    self.stride = stride
  }

  /// Patches from top to bottom.
  package var rows: Int { (height - size) / stride + 1 }
  /// Patches from left to right.
  package var columns: Int { (width - size) / stride + 1 }
  /// Number of patches.
  package var count: Int { rows * columns }
  /// Floats in a patch, `size * size * channels`.
  package var length: Int { size * size * channels }
  /// Floats in an image.
  package var imageLength: Int { height * width * channels }

  /// Where the patch of number `patch` begins in the image.
  @inline(__always)
  private func start(_ patch: Int) -> Int {
    let (row, column) = patch.quotientAndRemainder(dividingBy: columns)
    return (row * width + column) * stride * channels
  }

  /// Writes the patches of numbers `range` of `image`, times `scale`, as rows [range.count, length] (im2col).
  package func gather(
    _ range: Range<Int>, of image: UnsafePointer<Float>, scale: Float, into patches: UnsafeMutablePointer<Float>
  ) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "patches \(range) of \(count)")
    let (line, pitch) = (size * channels, width * channels)
    var target = patches
    for patch in range {
      var source = image + start(patch)
      for _ in 0..<size {
        ImagePatches.copy(source, line, scale: scale, into: target)
        source += pitch
        target += line
      }
    }
  }

  /// Adds rows `patches` [range.count, length] to the places of `image` that they were gathered from (col2im).
  package func scatter(
    _ patches: UnsafePointer<Float>, _ range: Range<Int>, to image: UnsafeMutablePointer<Float>
  ) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "patches \(range) of \(count)")
    let (line, pitch) = (size * channels, width * channels)
    var source = patches
    for patch in range {
      var target = image + start(patch)
      for _ in 0..<size {
        ImagePatches.add(source, line, to: target)
        target += pitch
        source += line
      }
    }
  }

  @inline(__always)
  private static func copy(
    _ source: UnsafePointer<Float>, _ length: Int, scale: Float, into target: UnsafeMutablePointer<Float>
  ) {
    let whole = length / SIMDMath.width * SIMDMath.width
    for i in Swift.stride(from: 0, to: whole, by: SIMDMath.width) {
      Microkernel.store(scale * Microkernel.load(source + i), to: target + i)
    }
    for i in whole..<length { target[i] = scale * source[i] }
  }

  @inline(__always)
  private static func add(_ source: UnsafePointer<Float>, _ length: Int, to target: UnsafeMutablePointer<Float>) {
    let whole = length / SIMDMath.width * SIMDMath.width
    for i in Swift.stride(from: 0, to: whole, by: SIMDMath.width) {
      Microkernel.store(Microkernel.load(target + i) + Microkernel.load(source + i), to: target + i)
    }
    for i in whole..<length { target[i] += source[i] }
  }
}
