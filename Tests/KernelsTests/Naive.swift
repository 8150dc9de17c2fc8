import Foundation
import Kernels

func naiveExp(_ x: Double) -> Double { exp(x) }

/// A matrix of standard normal numbers.
func drawnMatrix(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
  var stream = RandomStream(seed: seed)
  return Matrix(rows: rows, columns: columns, (0..<rows * columns).map { _ in stream.normal() })
}

/// A double-precision matrix of standard normal numbers.
func drawnDoubles(_ rows: Int, _ columns: Int, seed: UInt64) -> DoubleMatrix {
  var stream = RandomStream(seed: seed)
  return DoubleMatrix(rows: rows, columns: columns, (0..<rows * columns).map { _ in Double(stream.normal()) })
}

/// alpha * op(A) * op(B) + beta * C by three loops in double precision; C is not read if beta is 0.
func naiveProduct(
  _ a: Matrix, _ ta: Transposition, _ b: Matrix, _ tb: Transposition, alpha: Float, beta: Float, _ c: Matrix
) -> [Double] {
  let inner = ta == .none ? a.columns : a.rows
  return (0..<c.rows * c.columns).map { index in
    let (i, j) = (index / c.columns, index % c.columns)
    let sum = (0..<inner).reduce(0.0) { sum, k in
      sum + Double(ta == .none ? a[i, k] : a[k, i]) * Double(tb == .none ? b[k, j] : b[j, k])
    }
    return Double(alpha) * sum + (beta == 0 ? 0 : Double(beta) * Double(c[i, j]))
  }
}

/// Largest absolute difference; infinite if one is not a number.
func worstGap(_ found: some Sequence<Float>, _ expected: some Sequence<Double>) -> Double {
  zip(found, expected).reduce(0) { worst, pair in
    let gap = abs(Double(pair.0) - pair.1)
    return gap.isNaN ? .infinity : max(worst, gap)
  }
}

/// Largest absolute difference of two matrices of one shape; infinite if one is not a number.
func worstGap(_ found: DoubleMatrix, _ expected: DoubleMatrix) -> Double {
  guard found.rows == expected.rows, found.columns == expected.columns else { return .infinity }
  return zip(found.elements, expected.elements).reduce(0) { worst, pair in
    let gap = abs(pair.0 - pair.1)
    return gap.isNaN ? .infinity : max(worst, gap)
  }
}
