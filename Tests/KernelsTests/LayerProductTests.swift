import Kernels
import Testing

/// Fused layers against plain loops in double precision, and against the product followed by the elementwise pass.
@Suite struct LayerProductTests {
  /// (rows, inputs, outputs): whole tiles, every number of rows left over, columns that do and do not fill a vector.
  private static let shapes = [
    (1, 5, 3), (2, 40, 33), (3, 7, 16), (4, 1, 17), (11, 23, 64), (12, 20, 32), (13, 20, 48), (14, 9, 50), (15, 33, 8),
    (25, 30, 200), (26, 12, 31), (40, 64, 65),
  ]

  private struct Case {
    let x: Matrix
    let w: Matrix
    let bias: Matrix

    init(_ shape: (Int, Int, Int)) {
      x = drawnMatrix(shape.0, shape.1, seed: 21)
      w = drawnMatrix(shape.1, shape.2, seed: 22)
      bias = drawnMatrix(1, shape.2, seed: 23)
    }

    /// x W + bias in double precision.
    var sums: [Double] {
      let product = naiveProduct(x, .none, w, .none, alpha: 1, beta: 0, Matrix(rows: x.rows, columns: w.columns))
      return product.indices.map { product[$0] + Double(bias[0, $0 % w.columns]) }
    }

    func packed(transposed: Bool) -> Vector {
      let (k, n) = transposed ? (w.columns, w.rows) : (w.rows, w.columns)
      var packed = Vector(count: PackedMatrix.count(k: k, n: n))
      PackedMatrix.pack(w.pointer, ldb: w.columns, transposed: transposed, k: k, n: n, into: packed.mutablePointer)
      return packed
    }

    func forward(_ function: LayerProduct.Function, packed: Vector? = nil) -> Matrix {
      var z = Matrix(rows: x.rows, columns: w.columns)
      z.fill(.nan)
      LayerProduct.forward(
        rows: x.rows, inputs: x.columns, outputs: w.columns, x.pointer, .init(w.pointer, packed: packed?.pointer),
        bias: bias.pointer, function, into: z.mutablePointer)
      return z
    }
  }

  @Test(arguments: shapes) func functionsOfSums(_ shape: (Int, Int, Int)) {
    let problem = Case(shape)
    let sums = problem.sums
    let packed = problem.packed(transposed: false)
    var slopes = Matrix(rows: shape.0, columns: shape.2)
    let tolerance = 2e-6 * Double(shape.1 + 5)
    for packed in [nil, packed] {
      let identity = problem.forward(.identity, packed: packed)
      #expect(worstGap(identity.elements, sums) < tolerance)
      // The fused function is the elementwise one of the same sums, to the bit.
      #expect(problem.forward(.relu, packed: packed).elements == identity.elements.map { max($0, 0) })
      #expect(problem.forward(.tanh, packed: packed).elements == identity.elements.map { Scalar.tanh($0) })
      let smooth = problem.forward(.silu(slopes: nil), packed: packed)
      for (y, z) in zip(smooth.elements, identity.elements) {
        // reciprocals of vectors may be an ulp off
        #expect(abs(y - Scalar.silu(z)) <= 2 * y.ulp)
      }
      slopes.fill(.nan)
      let kept = problem.forward(.silu(slopes: slopes.mutablePointer), packed: packed)
      #expect(kept.elements == smooth.elements)
      for (slope, z) in zip(slopes.elements, identity.elements) {
        let s = 1 / (1 + naiveExp(-Double(z)))
        #expect(abs(Double(slope) - s * (1 + Double(z) * (1 - s))) < 1e-6)
      }
    }
  }

  @Test(arguments: shapes) func gradientsBelow(_ shape: (Int, Int, Int)) {
    let problem = Case(shape)
    let gradient = drawnMatrix(shape.0, shape.2, seed: 24)
    let y = drawnMatrix(shape.0, shape.1, seed: 25)
    let product = naiveProduct(
      gradient, .none, problem.w, .transposed, alpha: 1, beta: 0, Matrix(rows: shape.0, columns: shape.1))
    let factors: [(LayerProduct.Slope, (Double) -> Double)] = [
      (.one, { _ in 1 }), (.positive(y.pointer), { $0 > 0 ? 1 : 0 }), (.tanh(y.pointer), { 1 - $0 * $0 }),
      (.kept(y.pointer), { $0 }),
    ]
    let packed = problem.packed(transposed: true)
    for packed in [nil, packed] {
      for (slope, factor) in factors {
        var below = Matrix(rows: shape.0, columns: shape.1)
        below.fill(.nan)
        LayerProduct.inputGradient(
          rows: shape.0, inputs: shape.1, outputs: shape.2, gradient.pointer,
          .init(problem.w.pointer, packed: packed?.pointer), slope: slope, into: below.mutablePointer)
        let expected = product.indices.map { product[$0] * factor(Double(y.elements[$0])) }
        #expect(worstGap(below.elements, expected) < 1e-5 * Double(shape.2 + 5))
      }
    }
  }

  @Test func aRowsResultDoesNotDependOnItsBatch() {
    let whole = Case((40, 37, 45))
    let all = whole.forward(.silu(slopes: nil))
    for (first, rows) in [(0, 1), (3, 2), (5, 13), (11, 29)] {
      var z = Matrix(rows: rows, columns: 45)
      LayerProduct.forward(
        rows: rows, inputs: 37, outputs: 45, whole.x.pointer + first * 37, .init(whole.w.pointer),
        bias: whole.bias.pointer, .silu(slopes: nil), into: z.mutablePointer)
      #expect(z.elements == Array(all.elements[(first * 45)..<((first + rows) * 45)]))
    }
  }

  @Test func numbersThatAreNoneStay() {
    let problem = Case((5, 4, 20))
    var x = problem.x
    x[2, 1] = .nan
    for function in [LayerProduct.Function.identity, .relu, .tanh, .silu(slopes: nil)] {
      var z = Matrix(rows: 5, columns: 20)
      LayerProduct.forward(
        rows: 5, inputs: 4, outputs: 20, x.pointer, .init(problem.w.pointer), bias: problem.bias.pointer, function,
        into: z.mutablePointer)
      #expect((0..<20).allSatisfy { z[2, $0].isNaN && z[1, $0].isFinite && z[3, $0].isFinite })
    }
  }
}

@Suite struct PackedMatrixTests {
  @Test(arguments: [(1, 1), (5, 16), (8, 17), (9, 40), (33, 64), (16, 100)], [false, true])
  func holdEveryElementOnceAndZerosAfterThem(_ shape: (Int, Int), _ transposed: Bool) {
    let (k, n) = shape
    let b = transposed ? drawnMatrix(n, k, seed: 31) : drawnMatrix(k, n, seed: 31)
    let count = PackedMatrix.count(k: k, n: n)
    var packed = Vector(count: count)
    packed.fill(.nan)
    PackedMatrix.pack(
      b.pointer, ldb: b.columns, transposed: transposed, k: k, n: n, into: packed.mutablePointer)
    // The layout, told anew: panels of two vectors, the last of one where that suffices.
    let width = PackedMatrix.width / 2
    var expected: [Float] = []
    var column = 0
    while column < n {
      let panelWidth = n - column > width ? 2 * width : width
      for p in 0..<k {
        for c in column..<column + panelWidth { expected.append(c < n ? (transposed ? b[c, p] : b[p, c]) : 0) }
      }
      column += panelWidth
    }
    #expect(packed.elements == expected)
  }
}
