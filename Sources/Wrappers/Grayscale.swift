public import Interfaces

/// Shows the luma of images in color, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), rounded as images in bytes are.
public typealias Grayscale<Base: Environment> = MappedObservations<Base, LumaMap>

extension MappedObservations where Map == LumaMap {
  /// Throws unless the observations of `base` are images of three channels.
  public init(_ base: Base) throws(WrapperError) { self.init(base, try LumaMap(try image(of: base))) }
}

/// Red, green and blue to luma.
public struct LumaMap: ObservationMap {
  private let pixels: Int
  public let outputImage: ImageShape?

  init(_ shape: ImageShape) throws(WrapperError) {
    guard shape.channels == 3 else {
      throw WrapperError(description: "needs images of 3 channels; these have \(shape.channels)")
    }
    pixels = shape.height * shape.width
    outputImage = ImageShape(height: shape.height, width: shape.width, channels: 1, maximum: shape.maximum)
  }

  public var outputSize: Int { pixels }

  public func map(_ observation: UnsafePointer<Float>, into shown: UnsafeMutablePointer<Float>) {
    for pixel in 0..<pixels {
      let color = observation + 3 * pixel
      shown[pixel] = (0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]).rounded(.toNearestOrEven)
    }
  }
}
