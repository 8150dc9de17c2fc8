import Archive
import Interfaces
import Kernels

/// Prioritised replay (Schaul et al. 2016, proportional variant): transition i is drawn with probability
/// P(i) = p_i^alpha / sum of p_k^alpha, p_i = error_i + offset, and weighs (N P(i))^-beta, divided by the largest such
/// weight of the batch.
///
/// It stands beside a `ReplayBuffer`: transitions that were appended since the last draw get the largest priority seen
/// so far, so that each is drawn soon.
public struct ReplayPriorities: Sendable {
  private let alpha: Float
  private let offset: Float
  private var tree: SumTree
  /// Largest p^alpha given so far.
  private var highest: Float = 1
  /// Transitions of the buffer that have a priority.
  private var seen = 0
  /// Places of the last draw, in the tree.
  private var drawn: [Int32] = []

  /// Nothing seen yet of a buffer of that capacity. With `alpha` = 0 draws are uniform; `offset` > 0 keeps transitions
  /// of no error in play.
  public init(capacity: Int, alpha: Float, offset: Float) {
    precondition(alpha >= 0 && offset > 0, "alpha \(alpha), offset \(offset)")
    (self.alpha, self.offset) = (alpha, offset)
    tree = SumTree(count: capacity)
  }

  /// Draws all `indices` (0 is the oldest transition of `replay`), one from each of as many equal parts of the total
  /// priority, with their `weights`. O(count log capacity), besides O(log capacity) for each transition that is new;
  /// does not allocate after the first call of that size.
  public mutating func draw(
    _ indices: UnsafeMutableBufferPointer<Int32>, weights: UnsafeMutablePointer<Float>, from replay: ReplayBuffer,
    beta: Float, using random: inout RandomStream
  ) {
    precondition(replay.count > 0 && replay.capacity == tree.count, "drawing from another buffer")
    admit(replay)
    if drawn.count != indices.count { drawn = Array(repeating: 0, count: indices.count) }
    let (count, first) = (indices.count, replay.firstSlot)
    // (N P)^-beta = (N p^alpha / total)^-beta
    let scale = Double(replay.count) / Double(tree.total)
    var largest: Float = 0
    for row in 0..<count {
      let uniform = Double(random.next() >> 11) * 0x1p-53
      let place = tree.place(at: (Double(row) + uniform) / Double(count))
      drawn[row] = Int32(place)
      let index = place - first
      indices[row] = Int32(index < 0 ? index + replay.capacity : index)
      weights[row] = Power.of(Float(scale * Double(tree[place])), -beta)
      largest = max(largest, weights[row])
    }
    for row in 0..<count { weights[row] /= largest }
  }

  /// Gives the transitions of the last draw, in its order, new `errors` (absolute values; not negative). Of one drawn
  /// twice the last counts. O(count log capacity).
  public mutating func update(_ errors: UnsafePointer<Float>) {
    for row in drawn.indices {
      let priority = Power.of(errors[row] + offset, alpha)
      // an error that is not finite stops the run elsewhere
      guard priority.isFinite else { continue }
      tree.set(Int(drawn[row]), to: priority)
      highest = max(highest, priority)
    }
  }

  /// P(i) of the transition `index` of `replay`.
  public mutating func probability(of index: Int, in replay: ReplayBuffer) -> Double {
    admit(replay)
    return Double(tree[(replay.firstSlot + index) % replay.capacity]) / Double(tree.total)
  }

  private mutating func admit(_ replay: ReplayBuffer) {
    for number in max(seen, replay.appended - replay.capacity)..<max(seen, replay.appended) {
      tree.set(number % replay.capacity, to: highest)
    }
    seen = replay.appended
  }
}

/// x^y for x >= 0, the same on every machine.
enum Power {
  static func of(_ x: Float, _ y: Float) -> Float {
    if y == 0 { return 1 }
    if y == 1 { return x }
    return x > 0 ? Scalar.exp(y * Scalar.log(x)) : (y > 0 ? 0 : .infinity)
  }
}

extension ReplayPriorities: Checkpointable {
  public func save(to writer: inout StateWriter) {
    let held = min(seen, tree.count)
    writer.write("seen", seen)
    writer.write("highest", highest)
    writer.write("weights", Vector((0..<held).map { tree[$0] }))
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    seen = try reader.integer("seen")
    guard seen >= 0 else { throw .mismatch(name: "seen", expected: "at least 0", found: "\(seen)") }
    highest = try reader.value("highest", as: Float.self)
    let held = min(seen, tree.count)
    var weights = Vector(count: held)
    if held > 0 { try reader.read("weights", into: &weights) }
    for place in 0..<held {
      guard weights[place] >= 0, weights[place].isFinite else {
        throw .mismatch(name: "weights", expected: "finite and not negative", found: "\(weights[place])")
      }
      tree.set(place, to: weights[place])
    }
  }
}
