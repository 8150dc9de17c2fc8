import Foundation
import Kernels
import Testing

@Suite struct DoubleBlocksTests {
  @Test func exponentialsAreTheLibrarys() {
    var random = RandomStream(seed: 1)
    var inputs: [Double] = [0, -700, 700, 0.5]
    for i in 0..<999 {
      let share = Double(1 + i % 90)
      inputs.append(Double(random.uniform(-300, 300)) / share)
    }
    var found = inputs
    DoubleBlocks.exponentials(&found, count: found.count)
    var worst = 0.0
    for i in inputs.indices { worst = max(worst, abs(found[i] / exp(inputs[i]) - 1)) }
    #expect(worst < 3e-15, "relative error \(worst)")
    var beyond = [-1e5, 1e5]
    DoubleBlocks.exponentials(&beyond, count: 2)
    #expect(beyond[0] < 1e-300 && beyond[1] > 1e300 && beyond[1].isFinite)
  }

  /// With whole vectors and without, of points that lie further apart than there are of them.
  @Test(arguments: [1, 7, 8, 16, 29]) func kernelsAndDotProductsAreTheSums(_ points: Int) {
    var random = RandomStream(seed: 4)
    let (inputs, stride) = (3, 31)
    let z = (0..<inputs * stride).map { _ in Double(random.normal()) }
    let x = (0..<inputs * 2).map { _ in Double(random.normal()) }
    var kernels = [Double](repeating: -1, count: points + 1)
    DoubleBlocks.squaredExponentials(
      z, points: points, stride: stride, x, step: 2, inputs: inputs, logSignal: 0.3, into: &kernels)
    var expected = 0.0
    for i in 0..<points {
      let squares = (0..<inputs).map { pow(x[2 * $0] - z[$0 * stride + i], 2) }
      let kernel = exp(0.3 - squares.reduce(0, +) / 2)
      #expect(abs(kernels[i] / kernel - 1) < 1e-14)
      expected += kernels[i] * z[i]
    }
    #expect(kernels[points] == -1, "written beyond the end")
    #expect(abs(DoubleBlocks.dot(kernels, z, count: points) - expected) < 1e-13)
  }

  /// Orders from 96 on go by panels of 48.
  @Test(arguments: [1, 2, 3, 7, 8, 10, 21, 23, 40, 95, 96, 97, 103, 144, 149]) func factorsSolveAndInvert(_ order: Int)
  {
    var random = RandomStream(seed: 2)
    let root: [Double] = (0..<order * order).map { _ in Double(random.normal()) }
    var product = [Double](repeating: 0, count: order * order)
    DoubleBlocks.multiply(
      .none, .transposed, m: order, n: order, k: order, root, lda: order, root, ldb: order, &product, ldc: order)
    for i in 0..<order { product[i * order + i] += 1 }
    var factor = product
    #expect(DoubleBlocks.factor(&factor, order: order))
    let right = (0..<order).map { _ in Double(random.normal()) }
    var solution = right
    DoubleBlocks.solve(factor: factor, order: order, &solution)
    for i in 0..<order {
      var back = 0.0
      for j in 0..<order { back += product[i * order + j] * solution[j] }
      #expect(abs(back - right[i]) < 1e-11)
    }
    DoubleBlocks.invert(factor: &factor, order: order)
    DoubleBlocks.mirror(&factor, order: order)
    for i in 0..<order {
      var solved = 0.0
      for j in 0..<order { solved += factor[i * order + j] * right[j] }
      #expect(abs(solved - solution[i]) < 1e-11)
    }
    var indefinite = product
    indefinite[order * order - 1] = -1
    #expect(!DoubleBlocks.factor(&indefinite, order: order))
  }
}

extension DoubleBlocksTests {
  /// Of all kinds of operands, with fewer columns than a vector has and more.
  @Test(arguments: [(3, 5, 4), (9, 13, 6), (4, 8, 30), (1, 1, 1), (17, 3, 2)])
  func productsAreTheSums(_ m: Int, _ n: Int, _ k: Int) {
    var random = RandomStream(seed: 3)
    let (a, b): ([Double], [Double]) = (
      (0..<m * k).map { _ in Double(random.normal()) }, (0..<n * k).map { _ in Double(random.normal()) }
    )
    for (ta, tb) in [(Transposition.none, Transposition.none), (.transposed, .none), (.none, .transposed)] {
      var c = [Double](repeating: .nan, count: m * n)
      DoubleBlocks.multiply(
        ta, tb, m: m, n: n, k: k, a, lda: ta == .none ? k : m, b, ldb: tb == .none ? n : k, &c, ldc: n)
      for i in 0..<m {
        for j in 0..<n {
          var sum = 0.0
          for p in 0..<k { sum += a[ta == .none ? i * k + p : p * m + i] * b[tb == .none ? p * n + j : j * k + p] }
          #expect(abs(c[i * n + j] - sum) < 1e-12, "\(ta), \(tb)")
        }
      }
    }
    // a symmetric matrix of which only the lower triangle is looked at
    var s = [Double](repeating: .nan, count: m * m)
    for i in 0..<m { for j in 0...i { s[i * m + j] = Double(random.normal()) } }
    var c = [Double](repeating: .nan, count: m * k)
    DoubleBlocks.multiply(symmetric: s, order: m, a, columns: k, &c)
    for i in 0..<m {
      for q in 0..<k {
        var sum = 0.0
        for j in 0..<m { sum += s[max(i, j) * m + min(i, j)] * a[j * k + q] }
        #expect(abs(c[i * k + q] - sum) < 1e-12)
      }
    }
  }
}

@Suite struct QuasiNewtonTests {
  /// Rosenbrock's valley in ten dimensions, whose minimum is 0 at ones.
  @Test func findsTheEndOfACurvedValley() {
    var x = (0..<10).map { $0 % 2 == 0 ? -1.2 : 1.0 }
    let outcome = QuasiNewton(iterations: 500).minimize(&x) { x, gradient in
      var value = 0.0
      for i in gradient.indices { gradient[i] = 0 }
      for i in 0..<9 {
        let (bend, gap) = (x[i + 1] - x[i] * x[i], 1 - x[i])
        value += 100 * bend * bend + gap * gap
        gradient[i] += -400 * x[i] * bend - 2 * gap
        gradient[i + 1] += 200 * bend
      }
      return value
    }
    #expect(outcome.value < 1e-10, "\(outcome)")
    #expect(x.allSatisfy { abs($0 - 1) < 1e-4 }, "\(x)")
    #expect(outcome.evaluations < 250, "\(outcome)")
  }

  /// -log x + x, which is not finite for x <= 0, from where the first step leads there.
  @Test func stepsBackFromWhereThereIsNoValue() {
    var x = [9.0]
    let outcome = QuasiNewton(iterations: 50).minimize(&x) { x, gradient in
      gradient[0] = 40 * (1 - 1 / x[0])
      return x[0] > 0 ? 40 * (x[0] - log(x[0])) : .nan
    }
    #expect(abs(x[0] - 1) < 1e-5 && abs(outcome.value - 40) < 1e-8, "\(x), \(outcome)")
  }
}
