import Experience
import Interfaces
import Kernels

/// States seen that lie far apart: what a policy that already holds its goal, and so sees little else, must not forget.
enum SpreadStates {
  /// At most `count` of the observations in `replay`, [n, D]: the first drawn at random, each next one the farthest from those
  /// before, in units of the components' standard deviations (Gonzalez 1985). O(transitions count D).
  static func choose(_ count: Int, of replay: ReplayBuffer, actionSize: Int, using random: inout RandomStream) -> Matrix
  {
    let (rows, size) = (replay.count, replay.observationSize)
    var all = TransitionBatch(count: rows, observationSize: size, actionSize: actionSize)
    (0..<Int32(rows)).map { $0 }.withUnsafeBufferPointer { replay.gather($0, into: &all) }
    var moments = RunningMoments(size: size)
    moments.add(all.observations)
    let inverse = moments.standardDeviation.map { 1 / max(Float($0), 1e-3) }
    var distances = [Float](repeating: .infinity, count: rows)
    var next = random.index(below: rows)
    var chosen = Matrix(rows: min(count, rows), columns: size)
    for place in 0..<chosen.rows {
      chosen.setRow(place, (0..<size).map { all.observations[next, $0] })
      let origin = next
      for row in 0..<rows {
        var distance: Float = 0
        for i in 0..<size {
          let gap =
            (all.observations.pointer[row * size + i] - all.observations.pointer[origin * size + i]) * inverse[i]
          distance += gap * gap
        }
        distances[row] = min(distances[row], distance)
        if distances[row] > distances[next] { next = row }
      }
    }
    return chosen
  }
}
