import Interfaces
import Kernels

extension GaussianProcessModel: PredictiveModel {
  /// One.
  public var memberCount: Int { 1 }

  public func predict(member: Int, states: Matrix, actions: Matrix) -> (means: Matrix, deviations: Matrix) {
    let (count, size, width) = (states.rows, stateSize, inputSize)
    precondition(
      states.columns == size && actions.columns == encoding.size && actions.rows == count && isFitted,
      "states or actions of another shape, or a model that was not fitted")
    var (means, deviations) = (states, Matrix(rows: count, columns: size))
    let block = preferredRows
    let scratch = GaussianProcessScratch(capacity: block, points: pointCount, inputs: width)
    let (mean, deviation, x) = (
      FixedBuffer(0.0, count: block), FixedBuffer(0.0, count: block), FixedBuffer(0.0, count: block * width)
    )
    var row = [Float](repeating: 0, count: width)
    for first in stride(from: 0, to: count, by: block) {
      let rows = min(block, count - first)
      for r in 0..<rows {
        row.withUnsafeMutableBufferPointer {
          guard let base = $0.baseAddress else { return }
          base.update(from: states.pointer + (first + r) * size, count: size)
          encoding.encode(actions.pointer + (first + r) * encoding.size, into: base + size)
          inputs.apply(base, rows: 1)
        }
        for k in 0..<width { x.pointer[r * width + k] = Double(row[k]) }
      }
      for (output, process) in outputs.enumerated() {
        process.predict(
          x.pointer, rows: rows,
          into: .init(means: mean.pointer, deviations: deviation.pointer, meanSlopes: nil, deviationSlopes: nil),
          scratch)
        let (scale, offset) = (changes.scale[output], changes.mean[output])
        for r in 0..<rows {
          means[first + r, output] += Float(mean.pointer[r]) * scale + offset
          deviations[first + r, output] = Float(deviation.pointer[r]) * scale
        }
      }
    }
    return (means, deviations)
  }
}
