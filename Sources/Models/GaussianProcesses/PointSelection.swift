import Foundation
import Kernels

/// A subset of points that leaves the least of the others unexplained.
enum PointSelection {
  /// The rows of normalized `x` [N, K] that a greedy search chooses, at most `count`, in ascending order: each next point is
  /// the one with the greatest variance given those before, under a squared exponential kernel of length √K, which is a
  /// Cholesky factorization with pivots. All rows where there are no more than that. O(N count²).
  static func choose(_ count: Int, of x: Matrix) -> [Int] {
    let (rows, columns) = (x.rows, x.columns)
    guard rows > count else { return Array(0..<rows) }
    let scale = -0.5 / Double(columns)
    var left = [Double](repeating: 1, count: rows)
    var factors = [Double](repeating: 0, count: count * rows)
    var (chosen, kernel) = ([Int](), [Double](repeating: 0, count: rows))
    while chosen.count < count {
      var pivot = 0
      for row in 1..<rows where left[row] > left[pivot] { pivot = row }
      guard left[pivot] > 1e-10 else { break }
      for row in 0..<rows {
        var distance = 0.0
        for k in 0..<columns {
          let gap = Double(x.pointer[row * columns + k] - x.pointer[pivot * columns + k])
          distance += gap * gap
        }
        kernel[row] = exp(scale * distance)
      }
      for column in chosen.indices {
        let weight = factors[column * rows + pivot]
        for row in 0..<rows { kernel[row] -= weight * factors[column * rows + row] }
      }
      let (root, place) = (left[pivot].squareRoot(), chosen.count * rows)
      for row in 0..<rows {
        let factor = kernel[row] / root
        factors[place + row] = factor
        left[row] -= factor * factor
      }
      left[pivot] = -1
      chosen.append(pivot)
    }
    return chosen.sorted()
  }
}
