import Kernels
import Networks
import TestSupport
import Testing

@Suite struct DuelingHeadTests {
  /// V + A_k - mean A, so that values average to V, and gradients of single values.
  @Test(arguments: [1, 2, 5]) func duelingValuesAverageToTheStateValue(_ actions: Int) {
    let (rows, width) = (3, DuelingHead.outputs(for: actions, dueling: true))
    var random = RandomStream(seed: UInt64(actions))
    let outputs = (0..<rows * width).map { _ in random.normal() }
    var values = [Float](repeating: 0, count: rows * actions)
    DuelingHead.values(outputs, rows: rows, actions: actions, dueling: true, into: &values)
    for row in 0..<rows {
      let own = values[row * actions..<(row + 1) * actions]
      #expect(abs(own.reduce(0, +) / Float(actions) - outputs[row * width]) < 1e-5)
      for k in own.indices.dropFirst() {
        let gap = outputs[row * width + 1 + k - own.startIndex] - outputs[row * width + 1]
        #expect(abs(own[k] - own[own.startIndex] - gap) < 1e-5)
      }
    }
    for chosen in 0..<actions {
      var gradient = [Float](repeating: .nan, count: width)
      DuelingHead.backward(chosen: chosen, slope: 1.5, actions: actions, dueling: true, gradient: &gradient)
      let error = gradientError(of: gradient, at: outputs.prefix(width).map(Double.init)) { row in
        1.5 * (row[0] + row[1 + chosen] - row.dropFirst().reduce(0, +) / Double(actions))
      }
      #expect(error.worst < 1e-4, "\(error)")
    }
  }

  @Test func plainValuesAreTheOutputs() {
    var (values, gradient) = ([Float](repeating: 0, count: 6), [Float](repeating: .nan, count: 3))
    DuelingHead.values([1, 5, 3, 4, 2, 4], rows: 2, actions: 3, dueling: false, into: &values)
    #expect(values == [1, 5, 3, 4, 2, 4])
    DuelingHead.backward(chosen: 1, slope: 2, actions: 3, dueling: false, gradient: &gradient)
    #expect(gradient == [0, 2, 0])
  }

  /// The first of equals.
  @Test func theBestActionIsTheLargest() {
    var chosen = [Float](repeating: .nan, count: 3)
    DuelingHead.best([1, 5, 3, 4, 2, 4, 0, 0, 0], rows: 3, actions: 3, into: &chosen)
    #expect(chosen == [1, 0, 0])
  }
}
