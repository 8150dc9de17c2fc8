/// Minimizes a smooth function of some dozen to some thousand variables by limited-memory BFGS (Nocedal and Wright,
/// "Numerical Optimization" 2006, algorithms 7.4 and 7.5) with a line search for the strong Wolfe conditions (algorithms
/// 3.5 and 3.6). Values that are not finite count as infinitely large: the search steps back from them.
package struct QuasiNewton: Sendable {
  /// Pairs of steps and gradient changes that the curvature comes from.
  package var memory = 10
  /// Most iterations.
  package var iterations: Int
  /// Largest component of a gradient at which the search ends.
  package var tolerance = 1e-6
  /// Share of the value's size below which an iteration's decrease ends the search.
  package var improvement = 1e-12

  /// At most `iterations` iterations.
  package init(iterations: Int) { self.iterations = iterations }

  /// What a search came to.
  package struct Outcome: Sendable {
    /// The value at the end; not finite only where the first one was not.
    package var value: Double
    /// Iterations taken.
    package var iterations: Int
    /// Values computed.
    package var evaluations: Int
  }

  private struct Pair {
    let step: [Double]
    let change: [Double]
    let inverseProduct: Double
  }

  private struct Point {
    var length: Double
    var value: Double
    var slope: Double
  }

  /// Moves `x` [n] to a minimum. `evaluate` returns the value at a point [n] and writes the gradient [n] there.
  package func minimize(
    _ x: inout [Double], _ evaluate: @escaping (_ x: [Double], _ gradient: inout [Double]) -> Double
  ) -> Outcome {
    var line = Line(origin: x, evaluate: evaluate)
    var (gradient, value) = ([Double](repeating: 0, count: x.count), 0.0)
    value = evaluate(x, &gradient)
    line.evaluations = 1
    var pairs: [Pair] = []
    var taken = 0
    while taken < iterations, value.isFinite, gradient.contains(where: { abs($0) > tolerance }) {
      var direction = Self.direction(gradient, pairs)
      var slope = Self.dot(direction, gradient)
      if !(slope < 0) {
        pairs = []
        direction = gradient.map { -$0 }
        slope = Self.dot(direction, gradient)
      }
      let length = pairs.isEmpty ? min(1, 1 / Self.dot(gradient, gradient).squareRoot()) : 1
      line.begin(at: x, along: direction)
      guard let found = line.search(value: value, slope: slope, first: length) else {
        if pairs.isEmpty { break }
        // once more, down the gradient
        pairs = []
        continue
      }
      taken += 1
      let step = direction.map { $0 * found.length }
      let change = zip(line.gradient, gradient).map { $0 - $1 }
      let product = Self.dot(step, change)
      if product > 1e-12 * Self.dot(change, change) {
        pairs.append(Pair(step: step, change: change, inverseProduct: 1 / product))
        if pairs.count > memory { pairs.removeFirst() }
      }
      for i in x.indices { x[i] += step[i] }
      gradient = line.gradient
      let decrease = value - found.value
      value = found.value
      if decrease <= improvement * max(1, abs(value)) { break }
    }
    return Outcome(value: value, iterations: taken, evaluations: line.evaluations)
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for i in a.indices { sum += a[i] * b[i] }
    return sum
  }

  /// Minus the approximate inverse Hessian times the gradient: the two-loop recursion.
  private static func direction(_ gradient: [Double], _ pairs: [Pair]) -> [Double] {
    var q = gradient
    var weights = [Double](repeating: 0, count: pairs.count)
    for (index, pair) in pairs.enumerated().reversed() {
      weights[index] = pair.inverseProduct * dot(pair.step, q)
      for i in q.indices { q[i] -= weights[index] * pair.change[i] }
    }
    if let last = pairs.last {
      let scale = 1 / (last.inverseProduct * dot(last.change, last.change))
      for i in q.indices { q[i] *= scale }
    }
    for (index, pair) in pairs.enumerated() {
      let weight = weights[index] - pair.inverseProduct * dot(pair.change, q)
      for i in q.indices { q[i] += weight * pair.step[i] }
    }
    return q.map { -$0 }
  }

  /// The function along a line.
  private struct Line {
    private var origin: [Double]
    private var direction: [Double] = []
    private var place: [Double]
    /// The gradient at the last point.
    var gradient: [Double]
    var evaluations = 0
    private let evaluate: (_ x: [Double], _ gradient: inout [Double]) -> Double

    init(origin: [Double], evaluate: @escaping (_ x: [Double], _ gradient: inout [Double]) -> Double) {
      self.origin = origin
      place = origin
      gradient = Array(repeating: 0, count: origin.count)
      self.evaluate = evaluate
    }

    mutating func begin(at origin: [Double], along direction: [Double]) {
      self.origin = origin
      self.direction = direction
    }

    private mutating func point(_ length: Double) -> Point {
      for i in place.indices { place[i] = origin[i] + length * direction[i] }
      evaluations += 1
      let value = evaluate(place, &gradient)
      let slope = QuasiNewton.dot(direction, gradient)
      guard value.isFinite && slope.isFinite else { return Point(length: length, value: .infinity, slope: 0) }
      return Point(length: length, value: value, slope: slope)
    }

    /// A point that satisfies the strong Wolfe conditions with c1 = 1e-4 and c2 = 0.9, or the best one found; its gradient
    /// is left in `gradient`. Nil where nothing lies lower.
    mutating func search(value: Double, slope: Double, first: Double) -> Point? {
      let start = Point(length: 0, value: value, slope: slope)
      var (before, length) = (start, first)
      for round in 0..<20 {
        let now = point(length)
        if now.value > value + 1e-4 * length * slope || round > 0 && now.value >= before.value {
          return zoom(start, low: before, high: now)
        }
        if abs(now.slope) <= -0.9 * slope { return now }
        if now.slope >= 0 { return zoom(start, low: now, high: before) }
        before = now
        length *= 2.5
      }
      return before
    }

    private mutating func zoom(_ start: Point, low: Point, high: Point) -> Point? {
      var (low, high) = (low, high)
      for _ in 0..<30 {
        let width = high.length - low.length
        if abs(width) <= 1e-14 * max(abs(low.length), abs(high.length)) { break }
        let now = point(low.length + width * Self.share(low, high))
        if now.value > start.value + 1e-4 * now.length * start.slope || now.value >= low.value {
          high = now
        } else {
          if abs(now.slope) <= -0.9 * start.slope { return now }
          if now.slope * width >= 0 { high = low }
          low = now
        }
      }
      guard low.length > 0, low.value < start.value else { return nil }
      return point(low.length)
    }

    /// Where between the two, as a share of their distance, the parabola through both values and the lower one's slope has
    /// its minimum; kept off the ends.
    private static func share(_ low: Point, _ high: Point) -> Double {
      let width = high.length - low.length
      guard high.value.isFinite else { return 0.2 }
      let bend = high.value - low.value - low.slope * width
      let share = bend > 0 ? -low.slope * width / (2 * bend) : 0.5
      return min(max(share, 0.1), 0.9)
    }
  }
}
