import Control
import Kernels
import Testing

@Suite struct BoxQuadraticProgramTests {
  /// Every way to hold coordinates at bounds is tried; the best feasible one is the minimum.
  @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6]) func enumerationFindsTheSamePoint(_ seed: UInt64) throws {
    var random = RandomStream(seed: seed)
    for size in 1...4 {
      for _ in 0..<20 {
        let h = Problems.positive(size, &random)
        let g = Problems.normal(size, 2, &random)
        let low = (0..<size).map { _ in -Double(random.uniform()) }
        let high = (0..<size).map { _ in Double(random.uniform()) }
        let program = BoxQuadraticProgram(size: size)
        guard case .solved = program.solve(hessian: h, gradient: g, low: low, high: high) else {
          #expect(Bool(false), "not solved: \(h) \(g) \(low) \(high)")
          continue
        }
        let best = try enumerate(h, g, low, high)
        #expect(Problems.gap(program.point, best) < 1e-9, "\(program.point) \(best)")
        for i in 0..<size { #expect(program.point[i] >= low[i] && program.point[i] <= high[i]) }
      }
    }
  }

  private func enumerate(_ h: DoubleMatrix, _ g: [Double], _ low: [Double], _ high: [Double]) throws -> [Double] {
    let size = g.count
    var (best, least) = ([Double](), Double.infinity)
    var choices = 1
    for _ in 0..<size { choices *= 3 }
    for choice in 0..<choices {
      var (x, free, rest) = ([Double](repeating: 0, count: size), [Int](), choice)
      for i in 0..<size {
        switch rest % 3 {
        case 0: free.append(i)
        case 1: x[i] = low[i]
        default: x[i] = high[i]
        }
        rest /= 3
      }
      if !free.isEmpty {
        var (part, right) = (
          DoubleMatrix(rows: free.count, columns: free.count), DoubleMatrix(rows: free.count, columns: 1)
        )
        for (r, i) in free.enumerated() {
          right[r, 0] = -g[i]
          for j in 0..<size { right[r, 0] -= h[i, j] * x[j] }
          for (c, j) in free.enumerated() { part[r, c] = h[i, j] }
        }
        let solution = try part.solve(right)
        for (r, i) in free.enumerated() { x[i] = solution[r, 0] }
      }
      guard zip(x, zip(low, high)).allSatisfy({ $0 >= $1.0 && $0 <= $1.1 }) else { continue }
      let column = DoubleMatrix(rows: size, columns: 1, x)
      let cost = (column.transposed * h * column)[0, 0] / 2 + zip(g, x).map { $0 * $1 }.reduce(0, +)
      if cost < least { (best, least) = (x, cost) }
    }
    return best
  }

  @Test func whatCannotBeSolvedIsSaid() {
    let program = BoxQuadraticProgram(size: 2)
    let saddle = DoubleMatrix(rows: 2, columns: 2, [1, 2, 2, 1])
    #expect(program.solve(hessian: saddle, gradient: [0.1, -0.1], low: [-1, -1], high: [1, 1]) == .indefinite)
    #expect(
      program.solve(hessian: .identity(2), gradient: [.nan, 0], low: [-1, -1], high: [1, 1]) == .notFinite)
  }
}
