import Kernels
import Testing

@Suite struct RunningMomentsTests {
  private func twoPass(_ data: Matrix) -> (mean: [Double], variance: [Double]) {
    let mean = (0..<data.columns).map { c in
      (0..<data.rows).reduce(0.0) { $0 + Double(data[$1, c]) } / Double(data.rows)
    }
    let variance = (0..<data.columns).map { c in
      (0..<data.rows).reduce(0.0) { $0 + (Double(data[$1, c]) - mean[c]) * (Double(data[$1, c]) - mean[c]) }
        / Double(data.rows)
    }
    return (mean, variance)
  }

  /// Components with large offsets, where a one-pass sum of squares would cancel.
  private func data(_ rows: Int) -> Matrix {
    var matrix = drawnMatrix(rows, 3, seed: 50)
    for r in 0..<rows {
      matrix[r, 1] = 10_000 + matrix[r, 1]
      matrix[r, 2] = -3e6 + 100 * matrix[r, 2]
    }
    return matrix
  }

  private func expectClose(_ moments: RunningMoments, _ data: Matrix) {
    let expected = twoPass(data)
    #expect(moments.count == data.rows)
    for c in 0..<data.columns {
      #expect(abs(moments.mean[c] - expected.mean[c]) < 1e-12 * max(abs(expected.mean[c]), 1))
      #expect(abs(moments.variance[c] - expected.variance[c]) < 1e-8 * expected.variance[c] + 1e-12)
      #expect(abs(moments.standardDeviation[c] - expected.variance[c].squareRoot()) < 1e-6)
    }
  }

  @Test(arguments: [1, 2, 1_000]) func matchesTwoPasses(_ rows: Int) {
    let data = data(rows)
    var moments = RunningMoments(size: 3)
    moments.add(data)
    expectClose(moments, data)
  }

  @Test(arguments: [0, 1, 7, 500, 999, 1_000]) func mergedPartsMatchTheWhole(_ cut: Int) {
    let data = data(1_000)
    var (first, second) = (RunningMoments(size: 3), RunningMoments(size: 3))
    for r in 0..<cut { first.add(data.row(r)) }
    for r in cut..<1_000 { second.add(data.row(r)) }
    first.merge(second)
    expectClose(first, data)
  }

  @Test func emptyMomentsAreZero() {
    let moments = RunningMoments(size: 2)
    #expect(moments.variance == [0, 0] && moments.mean == [0, 0] && moments.count == 0)
  }

  @Test func stateRestores() {
    var moments = RunningMoments(size: 3)
    moments.add(data(10))
    let state = moments.state
    var restored = RunningMoments(count: state.count, mean: state.mean, squares: state.squares)
    #expect(restored == moments)
    restored.add(data(5))
    moments.add(data(5))
    #expect(restored == moments)
  }
}
