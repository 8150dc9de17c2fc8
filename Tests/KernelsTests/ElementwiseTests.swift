import Kernels
import Testing

@Suite struct ElementwiseTests {
  /// Rows, columns around the widths of vector registers.
  private static let shapes = [(1, 1), (3, 5), (2, 16), (5, 33), (4, 1), (2, 32), (7, 70)]

  private func drawn(_ count: Int, _ label: String) -> [Float] {
    var stream = RandomStream(seed: 30).child(label)
    return (0..<count).map { _ in stream.normal() * 3 }
  }

  @Test(arguments: shapes) func biasAndActivation(_ rows: Int, _ columns: Int) {
    let (z, bias) = (drawn(rows * columns, "z"), drawn(columns, "bias"))
    func run(_ body: (UnsafeMutablePointer<Float>, UnsafePointer<Float>) -> Void) -> [Float] {
      var result = Vector(z)
      body(result.mutablePointer, bias)
      return result.elements
    }
    let sums = z.indices.map { z[$0] + bias[$0 % columns] }
    #expect(run { Elementwise.addBias($0, $1, rows: rows, columns: columns) } == sums)
    #expect(run { Elementwise.addBiasReLU($0, $1, rows: rows, columns: columns) } == sums.map { max($0, 0) })
    #expect(run { Elementwise.addBiasTanh($0, $1, rows: rows, columns: columns) } == sums.map { Scalar.tanh($0) })
    func silu(slopes: UnsafeMutablePointer<Float>?) -> [Float] {
      run {
        Elementwise.addBias($0, $1, rows: rows, columns: columns)
        Elementwise.silu($0, rows: rows, columns: columns, stride: columns, slopes: slopes)
      }
    }
    let smooth = silu(slopes: nil)
    // reciprocals of vectors may be an ulp off
    #expect(zip(smooth, sums).allSatisfy { abs($0 - Scalar.silu($1)) <= 2 * $0.ulp })
    var slopes = Vector(count: z.count)
    #expect(silu(slopes: slopes.mutablePointer) == smooth)
    for (slope, x) in zip(slopes.elements, sums) {
      let s = 1 / (1 + naiveExp(-Double(x)))
      #expect(abs(Double(slope) - s * (1 + Double(x) * (1 - s))) < 1e-7 * (3 + abs(Double(x))))
    }
  }

  @Test func reluKeepsNaN() {
    var z: [Float] = [.nan, -.infinity, .infinity, -0.5]
    Elementwise.addBiasReLU(&z, [0], rows: 4, columns: 1)
    #expect(z[0].isNaN && z[1] == 0 && z[2] == .infinity && z[3] == 0)
  }

  @Test(arguments: [0, 1, 7, 16, 37]) func blocks(_ count: Int) {
    let (x, y) = (drawn(count, "x"), drawn(count, "y"))
    func run(_ body: (UnsafeMutablePointer<Float>, UnsafePointer<Float>) -> Void) -> [Float] {
      var result = Vector(y)
      body(result.mutablePointer, x)
      return result.elements
    }
    #expect(run { Elementwise.add($0, $1, count: count, scale: 0.5) } == zip(y, x).map { $0 + 0.5 * $1 })
    #expect(run { Elementwise.multiply($0, $1, count: count) } == zip(y, x).map { $0 * $1 })
    #expect(run { pointer, _ in Elementwise.scale(pointer, count: count, by: -3) } == y.map { -3 * $0 })
    #expect(run { Elementwise.maskByPositive($0, $1, count: count) } == zip(y, x).map { $1 > 0 ? $0 : 0 })
    #expect(run { Elementwise.multiplyByTanhSlope($0, $1, count: count) } == zip(y, x).map { $0 * (1 - $1 * $1) })
    #expect(
      run { Elementwise.interpolate($0, toward: $1, count: count, tau: 0.25) }
        == zip(y, x).map { $0 + 0.25 * ($1 - $0) })
  }

  @Test(arguments: shapes) func gather(_ rows: Int, _ columns: Int) {
    let source = drawn((rows + 3) * columns, "source")
    var stream = RandomStream(seed: 4)
    let indices = (0..<rows).map { _ in Int32(stream.index(below: rows + 3)) }
    var result = Vector(count: rows * columns)
    Elementwise.gather(indices, count: rows, of: source, width: columns, into: result.mutablePointer)
    #expect(result.elements == indices.flatMap { source[Int($0) * columns..<(Int($0) + 1) * columns] })
  }

  @Test(arguments: shapes) func outerProduct(_ rows: Int, _ columns: Int) {
    let (x, y) = (drawn(rows, "x"), drawn(columns, "y"))
    var result = Vector(count: rows * columns)
    Elementwise.outerProduct(x, y, rows: rows, columns: columns, into: result.mutablePointer)
    #expect(result.elements == (0..<rows * columns).map { x[$0 / columns] * y[$0 % columns] })
  }
}
