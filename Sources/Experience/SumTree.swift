import Kernels

/// Non-negative weights of `count` places with their sums, for draws in proportion to them.
///
/// A tree of 16 children a node, so that a node is a cache line: a change and a draw touch about log16(count) lines. A
/// node is always the sum of its children added afresh in their order; errors do not accumulate with the number of
/// changes.
public struct SumTree: Sendable {
  private static let fan = 16

  /// Number of places.
  public let count: Int
  /// Levels from the leaves to the root, each padded to whole nodes.
  private var nodes: Vector
  /// Where each level starts in `nodes`, the leaves first.
  private let starts: [Int]

  /// Weights of zero. O(count).
  public init(count: Int) {
    precondition(count > 0, "\(count) places")
    self.count = count
    var (starts, total, width) = ([Int](), 0, count)
    while true {
      let padded = (width + SumTree.fan - 1) / SumTree.fan * SumTree.fan
      starts.append(total)
      total += padded
      width = padded / SumTree.fan
      if width == 1 { break }
    }
    starts.append(total)  // the root alone
    nodes = Vector(count: total + 1)
    self.starts = starts
  }

  /// Sum of all weights.
  public var total: Float { nodes.pointer[starts[starts.count - 1]] }

  /// The weight of a place.
  public subscript(place: Int) -> Float {
    precondition(place >= 0 && place < count, "place \(place) outside 0..<\(count)")
    return nodes.pointer[place]
  }

  /// Changes the weight of a place, which is finite and not negative. O(log count).
  public mutating func set(_ place: Int, to weight: Float) {
    precondition(place >= 0 && place < count, "place \(place) outside 0..<\(count)")
    precondition(weight >= 0 && weight.isFinite, "weight \(weight)")
    let base = nodes.mutablePointer
    base[place] = weight
    var index = place
    for level in 1..<starts.count {
      index /= SumTree.fan
      base[starts[level] + index] = SumTree.sum(base + starts[level - 1] + index * SumTree.fan)
    }
  }

  /// The place at which the running sum of the weights first exceeds `share` * `total`, 0 <= `share` < 1; never one of
  /// weight
  /// 0 unless all are. O(log count).
  public func place(at share: Double) -> Int {
    let base = nodes.pointer
    var (left, index) = (share * Double(total), 0)
    for level in stride(from: starts.count - 2, through: 0, by: -1) {
      let children = base + starts[level] + index * SumTree.fan
      // the last child of any weight, where rounding leaves something over
      var (chosen, last) = (-1, 0)
      for child in 0..<SumTree.fan where children[child] > 0 {
        let weight = Double(children[child])
        last = child
        if left < weight {
          chosen = child
          break
        }
        left -= weight
      }
      if chosen < 0 {
        (chosen, left) = (last, Double(children[last]).nextDown)
      }
      index = index * SumTree.fan + chosen
    }
    return index
  }

  private static func sum(_ children: UnsafePointer<Float>) -> Float {
    var sum: Float = 0
    for child in 0..<fan { sum += children[child] }
    return sum
  }
}
