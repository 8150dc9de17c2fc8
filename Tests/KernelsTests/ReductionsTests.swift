import Kernels
import Testing

@Suite struct ReductionsTests {
  private static let counts = [0, 1, 15, 16, 17, 31, 32, 100, 1_003]

  @Test(arguments: counts) func sumsMatchDoublePrecision(_ count: Int) {
    let (x, y) = (drawnMatrix(1, count, seed: 1).elements, drawnMatrix(1, count, seed: 2).elements)
    let size = max(x.reduce(0.0) { $0 + Double(abs($1)) }, 1)
    #expect(abs(Double(Vector(x).sum) - x.reduce(0.0) { $0 + Double($1) }) < 1e-6 * size)
    let product = zip(x, y).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    #expect(abs(Double(Vector(x).dot(Vector(y))) - product) < 1e-6 * size * 4)
    let norm = x.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    #expect(abs(Double(Vector(x).norm) - norm) < 1e-6 * max(norm, 1))
  }

  @Test func sumIsTheSameAtAnyAlignment() {
    let x = drawnMatrix(1, 200, seed: 3)
    let expected = Reductions.sum(x.pointer, count: 150)
    var moved = Vector(count: 200)
    for shift in 0..<17 {
      for i in 0..<150 { moved[shift + i] = x[0, i] }
      #expect(Reductions.sum(moved.pointer + shift, count: 150) == expected)
      #expect(
        Reductions.dot(moved.pointer + shift, x.pointer, count: 150) == Reductions.dot(x.pointer, x.pointer, count: 150)
      )
    }
  }

  @Test(arguments: [0, 1, 3, 4, 5, 8, 11], [1, 3, 16, 21]) func columnSums(_ rows: Int, _ columns: Int) {
    let x = drawnMatrix(rows, columns, seed: 4)
    let expected = (0..<columns).map { c in (0..<rows).reduce(0.0) { $0 + Double(x[$1, c]) } }
    var sums = [Float](repeating: .nan, count: columns)
    Reductions.columnSums(x.pointer, rows: rows, columns: columns, into: &sums, accumulate: false)
    #expect(worstGap(sums, expected) < 1e-5)
    sums = Array(repeating: 10, count: columns)
    Reductions.columnSums(x.pointer, rows: rows, columns: columns, into: &sums, accumulate: true)
    #expect(worstGap(sums, expected.map { $0 + 10 }) < 1e-5)
  }

  @Test(arguments: [1, 16, 40]) func allFiniteFindsEveryPlace(_ count: Int) {
    var x = [Float](repeating: .greatestFiniteMagnitude, count: count)
    #expect(Reductions.allFinite(x, count: count))
    for bad in [Float.nan, .infinity, -.infinity] {
      for index in 0..<count {
        let kept = x[index]
        x[index] = bad
        #expect(!Reductions.allFinite(x, count: count))
        x[index] = kept
      }
    }
  }
}
