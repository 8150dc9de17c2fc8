public import Interfaces

/// Shrinks images: every new pixel is the mean of the area it covers, as OpenCV's INTER_AREA has it,
/// rounded as images in bytes are.
public typealias Resized<Base: Environment> = MappedObservations<Base, AreaMap>

extension MappedObservations where Map == AreaMap {
  /// Images of `height` rows of `width` pixels. Throws unless the observations of `base` are images at least as large.
  public init(_ base: Base, height: Int, width: Int) throws(WrapperError) {
    self.init(base, try AreaMap(try image(of: base), height: height, width: width))
  }
}

/// Means over areas: first along the rows, then across them.
public struct AreaMap: ObservationMap {
  private let input: ImageShape
  private let output: ImageShape
  private let columns: [Cover]
  private let rows: [Cover]
  /// Rows already narrowed, [input height, output width, channels].
  private var narrowed: [Float]

  /// The pixels that a new pixel covers along one direction, with the share of each.
  private struct Cover {
    var first: Int
    var shares: [Float]

    /// Covers of `new` equal intervals over `old` pixels.
    static func covers(of old: Int, by new: Int) -> [Cover] {
      let length = Double(old) / Double(new)
      return (0..<new).map { index in
        let (start, end) = (Double(index) * length, min(Double(index + 1) * length, Double(old)))
        let (first, last) = (Int(start), min(Int(end.rounded(.up)), old))
        // what rounding leaves of a neighbor is none of it
        let parts = (first..<last).map { min(Double($0 + 1), end) - max(Double($0), start) }
        let total = parts.reduce(0, +)
        return Cover(first: first, shares: parts.map { Float(max(0, $0) / total) })
      }
    }
  }

  init(_ input: ImageShape, height: Int, width: Int) throws(WrapperError) {
    precondition(height > 0 && width > 0, "an image of \(height)x\(width)")
    guard height <= input.height, width <= input.width else {
      throw WrapperError(description: "to \(height)x\(width) would enlarge images of \(input.height)x\(input.width)")
    }
    self.input = input
    output = ImageShape(height: height, width: width, channels: input.channels, maximum: input.maximum)
    columns = Cover.covers(of: input.width, by: width)
    rows = Cover.covers(of: input.height, by: height)
    narrowed = Array(repeating: 0, count: input.height * width * input.channels)
  }

  public var outputSize: Int { output.count }
  public var outputImage: ImageShape? { output }

  public mutating func map(_ observation: UnsafePointer<Float>, into shown: UnsafeMutablePointer<Float>) {
    let channels = input.channels
    let (inputRow, outputRow) = (input.width * channels, output.width * channels)
    narrowed.withUnsafeMutableBufferPointer { narrowed in
      for y in 0..<input.height {
        for x in 0..<output.width {
          let first = y * inputRow + columns[x].first * channels
          for channel in 0..<channels {
            var sum: Float = 0
            var source = first + channel
            for share in columns[x].shares {
              sum += share * observation[source]
              source += channels
            }
            narrowed[y * outputRow + x * channels + channel] = sum
          }
        }
      }
      for y in 0..<output.height {
        let target = shown + y * outputRow
        target.update(repeating: 0, count: outputRow)
        var source = rows[y].first * outputRow
        for share in rows[y].shares {
          for index in 0..<outputRow { target[index] += share * narrowed[source + index] }
          source += outputRow
        }
        for index in 0..<outputRow { target[index] = target[index].rounded(.toNearestOrEven) }
      }
    }
  }
}
