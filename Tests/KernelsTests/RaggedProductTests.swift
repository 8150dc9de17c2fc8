import Kernels
import TestSupport
import Testing

/// Products whose columns do not fill whole registers, where OpenBLAS would allocate.
@Suite struct RaggedProductTests {
  /// [m, n] = [m, k] [k, n] with strides beyond the widths; what lies between the rows must stay as it was.
  private func check(_ m: Int, _ n: Int, _ k: Int, padding: Int) {
    let (lda, ldb, ldc) = (k + padding, n + 2 * padding, n + padding)
    var random = RandomStream(seed: UInt64(1000 * m + 40 * n + k))
    var (a, b, c) = (Vector(count: m * lda), Vector(count: (k - 1) * ldb + n), Vector(count: m * ldc))
    random.fillNormal(&a)
    random.fillNormal(&b)
    c.fill(7)
    let target = c.mutablePointer
    let allocated = allocations(repetitions: 1) {
      gemm(.none, .none, m: m, n: n, k: k, a.pointer, lda: lda, b.pointer, ldb: ldb, target, ldc: ldc)
    }
    #expect(allocated == 0, "\(m) x \(n) x \(k)")
    for row in 0..<m {
      for column in 0..<ldc {
        var (sum, size) = (0.0, 0.0)
        for i in 0..<k where column < n {
          let term = Double(a[row * lda + i]) * Double(b[i * ldb + column])
          sum += term
          size += abs(term)
        }
        let found = Double(c[row * ldc + column])
        let isRight = column < n ? abs(found - sum) <= 1e-6 * size : found == 7
        if !isRight {
          Issue.record("\(m) x \(n) x \(k), padding \(padding): [\(row), \(column)] is \(found), not \(sum)")
          return
        }
      }
    }
  }

  @Test(arguments: [1, 2, 3, 5, 7, 8, 17, 23, 24, 36], [0, 3]) func agreesWithPlainLoops(_ n: Int, _ padding: Int) {
    for m in [1, 7, 8, 9, 33] {
      for k in [32, 33, 47, 200] { check(m, n, k, padding: padding) }
    }
  }

  @Test func infinitiesAndNumbersThatAreNoneStay() {
    var (a, b, c) = (Matrix(rows: 9, columns: 40), Matrix(rows: 40, columns: 2), Matrix(rows: 9, columns: 2))
    a.fill(1)
    b.fill(1)
    a[3, 5] = .nan
    b[7, 1] = .infinity
    gemm(a, b, into: &c)
    #expect(c[0, 0] == 40 && c[0, 1] == .infinity && c[3, 0].isNaN && c[3, 1].isNaN && c[8, 0] == 40)
  }
}
