public import Interfaces

/// Pixels to draw on: red, green and blue in 0...255, row by row from the top left.
public struct Canvas: Sendable {
  /// Rows.
  public let height: Int
  /// Pixels a row.
  public let width: Int
  /// The pixels, `height * width * 3` values.
  public private(set) var pixels: [UInt8]

  /// A canvas of the given size in the background's color.
  public init(height: Int, width: Int) {
    precondition(height > 0 && width > 0, "a canvas of \(height)x\(width)")
    self.height = height
    self.width = width
    pixels = Array(repeating: 255, count: height * width * 3)
    fill(.background)
  }

  /// Paints everything in one color.
  public mutating func fill(_ color: Scene.Color) {
    for pixel in 0..<height * width {
      pixels[3 * pixel] = color.red
      pixels[3 * pixel + 1] = color.green
      pixels[3 * pixel + 2] = color.blue
    }
  }

  /// Copies an image, at most as large, into the upper left corner.
  public mutating func show(_ image: [UInt8], height: Int, width: Int) {
    precondition(image.count == 3 * height * width && height <= self.height && width <= self.width, "another image")
    for row in 0..<height {
      let (from, to) = (3 * row * width, 3 * row * self.width)
      for index in 0..<3 * width { pixels[to + index] = image[from + index] }
    }
  }

  /// Draws a scene on a fresh background, as large as fits, in the middle. Edges are smooth: a pixel takes a color by the
  /// share of it that the shape covers, as its signed distance from the edge tells (within half a pixel, linearly).
  public mutating func draw(_ scene: Scene) {
    fill(.background)
    let scale = min(Double(width) / scene.size.x, Double(height) / scene.size.y)
    let middle = SIMD2(Double(width), Double(height)) / 2
    // world to pixels: y downward
    func place(_ point: SIMD2<Double>) -> SIMD2<Double> {
      let offset = scale * (point - scene.center)
      return middle + SIMD2(offset.x, -offset.y)
    }
    for shape in scene.shapes {
      switch shape {
      case .line(let from, let to, let width, let color):
        let (a, b, radius) = (place(from), place(to), max(scale * width / 2, 0.5))
        let along = b - a
        let square = (along * along).sum()
        paint(color, corners: [a, b], margin: radius) { point in
          let offset = point - a
          let share = square > 0 ? max(0, min(1, (offset * along).sum() / square)) : 0
          return length(offset - share * along) - radius
        }
      case .disc(let center, let radius, let color):
        let (middle, radius) = (place(center), max(scale * radius, 0.5))
        paint(color, corners: [middle], margin: radius) { length($0 - middle) - radius }
      case .polygon(let points, let color):
        let corners = points.map(place)
        let edges = Edge.around(corners)
        paint(color, corners: corners, margin: 0) { point in edges.map { $0.distance(of: point) }.max() ?? .infinity }
      }
    }
  }

  /// Blends `color` into the pixels around `corners` by their distance from the shape, negative inside, in pixels.
  private mutating func paint(
    _ color: Scene.Color, corners: [SIMD2<Double>], margin: Double, distance: (SIMD2<Double>) -> Double
  ) {
    guard corners.allSatisfy({ $0.x.isFinite && $0.y.isFinite }) else { return }
    let (xs, ys) = (corners.map(\.x), corners.map(\.y))
    let columns = range((xs.min() ?? 0) - margin, (xs.max() ?? 0) + margin, below: width)
    let rows = range((ys.min() ?? 0) - margin, (ys.max() ?? 0) + margin, below: height)
    let target = [color.red, color.green, color.blue].map { Double($0) }
    for y in rows {
      for x in columns {
        let coverage = max(0, min(1, 0.5 - distance(SIMD2(Double(x) + 0.5, Double(y) + 0.5))))
        guard coverage > 0 else { continue }
        let first = 3 * (y * width + x)
        for channel in 0..<3 {
          let old = Double(pixels[first + channel])
          pixels[first + channel] = UInt8((old + coverage * (target[channel] - old)).rounded())
        }
      }
    }
  }

  private func range(_ low: Double, _ high: Double, below limit: Int) -> Range<Int> {
    let bound = Double(limit)
    let first = Int(max(0, min(bound, (low - 1).rounded(.down))))
    return first..<max(first, Int(max(0, min(bound, (high + 1).rounded(.up)))))
  }
}

/// One side of a convex polygon: inside is where the distance is negative.
private struct Edge {
  let start: SIMD2<Double>
  let outward: SIMD2<Double>

  func distance(of point: SIMD2<Double>) -> Double { ((point - start) * outward).sum() }

  /// The sides, whichever way around the corners are given; none for fewer than three.
  static func around(_ corners: [SIMD2<Double>]) -> [Edge] {
    guard corners.count > 2 else { return [] }
    let sides = zip(corners, corners.dropFirst() + corners.prefix(1))
    let area = sides.reduce(0) { $0 + $1.0.x * $1.1.y - $1.0.y * $1.1.x }
    return sides.map { from, to in
      let along = to - from
      let size = max(length(along), .leastNormalMagnitude)
      return Edge(start: from, outward: (area > 0 ? 1 : -1) / size * SIMD2(along.y, -along.x))
    }
  }
}

private func length(_ vector: SIMD2<Double>) -> Double { (vector * vector).sum().squareRoot() }
