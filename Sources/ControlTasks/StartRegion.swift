import Kernels

/// Where the episodes of a conditioned task start: at a few points of a box, the conditions, or anywhere in it.
///
/// The first condition is the box's center, the others are the points of Halton's sequence in the bases 2, 3, 5, ... (1960),
/// which fill the box evenly however many there are. To start anywhere is to measure what carries over to starts that were
/// not trained on.
public struct StartRegion: Sendable, Equatable {
  /// The box's center and half its width in each component.
  public let center: [Double]
  /// 0 for a component that is always the same.
  public let halfWidths: [Double]
  /// Number of conditions.
  public let count: Int
  /// Whether episodes start anywhere in the box, evenly drawn.
  public let isContinuous: Bool
  /// Standard deviation of normal noise on components of positive width, in units of half their width.
  public let noise: Double
  /// The conditions [count, components].
  private let points: [[Double]]

  private static let bases = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]

  /// A box of at most ten components of positive width.
  public init(center: [Double], halfWidths: [Double], count: Int, isContinuous: Bool, noise: Double) {
    precondition(center.count == halfWidths.count && halfWidths.allSatisfy { $0 >= 0 }, "widths \(halfWidths)")
    precondition(halfWidths.count { $0 > 0 } <= Self.bases.count && count > 0 && noise >= 0, "\(count) conditions")
    self.center = center
    self.halfWidths = halfWidths
    self.count = count
    self.isContinuous = isContinuous
    self.noise = noise
    points = (0..<count).map { number in
      guard number > 0 else { return center }
      var dimension = 0
      return center.indices.map { index in
        guard halfWidths[index] > 0 else { return center[index] }
        defer { dimension += 1 }
        return center[index] + halfWidths[index] * (2 * Self.radicalInverse(number, base: Self.bases[dimension]) - 1)
      }
    }
  }

  /// The digits of `number` in `base`, mirrored at the point: in 0..<1.
  private static func radicalInverse(_ number: Int, base: Int) -> Double {
    var (rest, place, sum) = (number, 1.0, 0.0)
    while rest > 0 {
      place /= Double(base)
      sum += place * Double(rest % base)
      rest /= base
    }
    return sum
  }

  /// The conditions, without noise; empty where starts are drawn from the whole box.
  public var conditions: [[Double]] { isContinuous ? [] : points }

  /// Hands `set` the components of the start of episode `episode`. Does not allocate.
  public func draw(episode: Int, using random: inout RandomStream, set: (_ index: Int, _ value: Double) -> Void) {
    let condition = episode % count
    for index in center.indices {
      if halfWidths[index] == 0 {
        set(index, center[index])
      } else if isContinuous {
        set(index, center[index] + halfWidths[index] * (2 * Double(random.uniform()) - 1))
      } else {
        set(index, points[condition][index] + noise * halfWidths[index] * Double(random.normal()))
      }
    }
  }
}
