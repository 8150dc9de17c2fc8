/// What an environment looks like now, in the form in which it can tell.
public enum Picture: Sendable {
  /// A drawing of a few shapes.
  case scene(Scene)
  /// Pixels: `height` rows of `width` times red, green and blue, from the top left, in 0...255.
  case pixels([UInt8], height: Int, width: Int)
  /// The pose of a MuJoCo model, for MuJoCo's own renderer: the model's file and its generalized positions.
  case pose(modelFile: String, positions: [Double])
}

/// A flat drawing: a rectangle of the world, seen with y upward, and shapes in it, later ones in front.
public struct Scene: Sendable, Equatable {
  /// A color of the screen.
  public struct Color: Sendable, Equatable {
    /// Share of red, 0 (none) to 255 (full).
    public let red: UInt8
    /// Share of green, 0 to 255.
    public let green: UInt8
    /// Share of blue, 0 to 255.
    public let blue: UInt8

    /// Shares of red, green and blue, 0 to 255 each.
    public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
      self.red = red
      self.green = green
      self.blue = blue
    }

    /// Paper behind everything.
    public static let background = Color(255, 255, 255)
    /// Ground, rails, walls.
    public static let ground = Color(110, 110, 115)
    /// What is pushed.
    public static let body = Color(40, 60, 90)
    /// What swings.
    public static let limb = Color(205, 150, 100)
    /// Joints and axles.
    public static let joint = Color(130, 125, 205)
    /// Where to go.
    public static let goal = Color(40, 160, 90)
  }

  /// One shape, in world units.
  public enum Shape: Sendable, Equatable {
    /// A straight stroke with round ends.
    case line(from: SIMD2<Double>, to: SIMD2<Double>, width: Double, Color)
    /// A full disc.
    case disc(center: SIMD2<Double>, radius: Double, Color)
    /// A full convex polygon, its corners in order around it.
    case polygon([SIMD2<Double>], Color)
  }

  /// Center of the rectangle seen.
  public let center: SIMD2<Double>
  /// Width and height of the rectangle seen.
  public let size: SIMD2<Double>
  /// What is in it.
  public var shapes: [Shape] = []

  /// An empty view.
  public init(center: SIMD2<Double>, size: SIMD2<Double>) {
    precondition(size.x > 0 && size.y > 0, "a view of size \(size)")
    self.center = center
    self.size = size
  }

  /// Adds a stroke through several points.
  public mutating func addPath(_ points: [SIMD2<Double>], width: Double, _ color: Color) {
    for (from, to) in zip(points, points.dropFirst()) { shapes.append(.line(from: from, to: to, width: width, color)) }
  }

  /// Adds a rectangle of `size` around `center`, turned counterclockwise by `angle` in rad.
  public mutating func addRectangle(
    center: SIMD2<Double>, size: SIMD2<Double>, angle: (sine: Double, cosine: Double) = (0, 1), _ color: Color
  ) {
    let (across, up) = (size.x / 2 * SIMD2(angle.cosine, angle.sine), size.y / 2 * SIMD2(-angle.sine, angle.cosine))
    shapes.append(
      .polygon([center - across - up, center + across - up, center + across + up, center - across + up], color))
  }
}
