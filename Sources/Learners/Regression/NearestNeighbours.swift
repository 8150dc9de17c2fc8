import Archive
import Configuration
import Kernels

/// Settings of nearest neighbours.
public struct NearestNeighboursSettings: Configuration {
  public init() {}
  @Setting("Neighbours, whose mean counts", in: 1...64) public var count: Int = 5
  @Setting("Measure distances in standard deviations of each input") public var standardized: Bool = true
}

/// The mean of the targets of the k nearest examples by Euclidean distance, found in a k-d tree (Bentley 1975); of
/// equally near ones the first example counts. A fit is O(N log^2 N), a prediction about O(k log N) in few dimensions.
public struct NearestNeighbours: Regressor {
  /// What was set.
  public let settings: NearestNeighboursSettings
  /// Floats per input, D.
  public let inputs: Int
  private var scaling: InputScaling
  /// Scaled inputs [N, D] and targets [N], as they came.
  private var points: [Float] = []
  private var targets: [Float] = []
  /// The tree: examples in order, the middle of a range being its root, and the input by which each root divides.
  private var order: [Int32] = []
  private var axes: [Int32] = []

  /// Neighbours that have seen nothing.
  public init(_ settings: NearestNeighboursSettings, inputs: Int) {
    precondition(inputs > 0, "no inputs")
    self.settings = settings
    self.inputs = inputs
    scaling = InputScaling(size: inputs)
  }

  public mutating func fit(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, count: Int, using random: RandomStream
  ) {
    if settings.standardized { scaling.standardize(x, count: count) }
    points = (0..<count * inputs).map { scaling.value(x + $0 / inputs * inputs, $0 % inputs) }
    targets = Array(UnsafeBufferPointer(start: y, count: count))
    divide()
  }

  /// Makes the tree.
  private mutating func divide() {
    order = Array(0..<Int32(targets.count))
    axes = Array(repeating: 0, count: targets.count)
    var open = [0..<targets.count]
    while let range = open.popLast() {
      guard range.count > 1 else { continue }
      // by the input that varies most
      var (axis, widest) = (0, -Float.infinity)
      for input in 0..<inputs {
        var (low, high) = (Float.infinity, -Float.infinity)
        for place in range {
          let value = points[Int(order[place]) * inputs + input]
          (low, high) = (min(low, value), max(high, value))
        }
        if high - low > widest { (axis, widest) = (input, high - low) }
      }
      let sorted = order[range].sorted {
        let (first, second) = (points[Int($0) * inputs + axis], points[Int($1) * inputs + axis])
        return first == second ? $0 < $1 : first < second
      }
      order.replaceSubrange(range, with: sorted)
      let middle = (range.lowerBound + range.upperBound) / 2
      axes[middle] = Int32(axis)
      open.append(range.lowerBound..<middle)
      open.append(middle + 1..<range.upperBound)
    }
  }

  /// The nearest examples found so far, the farthest last.
  private struct Found {
    let places: UnsafeMutablePointer<Int32>
    let distances: UnsafeMutablePointer<Float>
    let capacity: Int
    var count = 0

    /// Distance beyond which an example does not count.
    var limit: Float { count < capacity ? .infinity : distances[count - 1] }

    mutating func add(_ example: Int32, _ distance: Float) {
      var place = count
      func isNearer(than other: Int) -> Bool {
        distance < distances[other] || distance == distances[other] && example < places[other]
      }
      if count == capacity {
        guard isNearer(than: count - 1) else { return }
        place -= 1
      } else {
        count += 1
      }
      while place > 0 && isNearer(than: place - 1) {
        (places[place], distances[place]) = (places[place - 1], distances[place - 1])
        place -= 1
      }
      (places[place], distances[place]) = (example, distance)
    }
  }

  /// Calls `body` with the nearest examples to `x` [D], the nearest first.
  private func withNearest<Result>(
    to x: UnsafePointer<Float>, _ body: (UnsafeBufferPointer<Int32>) -> Result
  ) -> Result {
    // at most 64 each: both stay on the stack
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 64) { places in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: 64) { distances in
        guard let first = places.baseAddress, let distance = distances.baseAddress else {
          preconditionFailure("no room on the stack")
        }
        var found = Found(places: first, distances: distance, capacity: min(settings.count, targets.count))
        search(0..<targets.count, x, &found)
        return body(UnsafeBufferPointer(start: first, count: found.count))
      }
    }
  }

  private func search(_ range: Range<Int>, _ x: UnsafePointer<Float>, _ found: inout Found) {
    guard !range.isEmpty else { return }
    let middle = (range.lowerBound + range.upperBound) / 2
    let example = order[middle]
    var distance: Float = 0
    for input in 0..<inputs {
      let difference = scaling.value(x, input) - points[Int(example) * inputs + input]
      distance += difference * difference
    }
    found.add(example, distance)
    let axis = Int(axes[middle])
    let gap = scaling.value(x, axis) - points[Int(example) * inputs + axis]
    let (below, above) = (range.lowerBound..<middle, middle + 1..<range.upperBound)
    search(gap < 0 ? below : above, x, &found)
    if gap * gap <= found.limit { search(gap < 0 ? above : below, x, &found) }
  }

  /// The numbers of the nearest examples to `x` [D], the nearest first.
  public func neighbours(of x: [Float]) -> [Int] {
    precondition(x.count == inputs, "\(x.count) inputs, not \(inputs)")
    return x.withUnsafeBufferPointer { x in
      x.baseAddress.map { withNearest(to: $0) { $0.map { Int($0) } } } ?? []
    }
  }

  public func predict(_ x: UnsafePointer<Float>) -> Float {
    guard !targets.isEmpty else { return 0 }
    return withNearest(to: x) { nearest in
      var sum = 0.0
      for example in nearest { sum += Double(targets[Int(example)]) }
      return Float(sum / Double(nearest.count))
    }
  }
}

extension NearestNeighbours: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("scaling", &scaling)
    try fields.field("targets", &targets, growing: true)
    try fields.field("points", &points, count: targets.count * inputs)
    if fields.isRestoring { divide() }
  }
}
