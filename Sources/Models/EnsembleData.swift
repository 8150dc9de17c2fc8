import Interfaces
import Kernels

/// The data of one fit: normalized inputs and targets, split into a training and a holdout part.
struct EnsembleData {
  /// Normalized (state, encoded action), [N, D + A].
  let inputs: Matrix
  /// Normalized (change of state, reward), [N, outputs].
  let targets: Matrix
  /// 1 where the step terminated the episode, else 0, [N]; empty where that is not learned.
  let terminations: Vector
  /// Whether the row after each one goes on where it leads to, [N]; empty where predictions are fitted to one step.
  let isFollowed: [Bool]
  /// Rows to train on.
  let training: [Int32]
  /// Rows held out.
  let holdout: [Int32]

  /// Reads all of `data`, takes the model's normalization from it and applies it.
  init(_ data: some TransitionSource, model: inout ProbabilisticEnsemble, using random: RandomStream) {
    let (count, size, encoding) = (data.count, model.stateSize, model.encoding)
    let width = size + encoding.width
    var x = Matrix(rows: count, columns: width)
    var y = Matrix(rows: count, columns: model.outputSize)
    var ends = Vector(count: model.learnsTermination ? count : 0)
    var followed = [Bool](repeating: false, count: model.settings.predictionSteps > 1 ? count : 0)
    var last = [Float](repeating: .nan, count: size)
    let block = 1024
    var batch = TransitionBatch(count: min(block, count), observationSize: size, actionSize: encoding.size)
    let (xs, ys, events) = (x.mutablePointer, y.mutablePointer, ends.mutablePointer)
    for start in stride(from: 0, to: count, by: block) {
      let length = min(block, count - start)
      (0..<Int32(length)).map { Int32(start) + $0 }.withUnsafeBufferPointer { data.gather($0, into: &batch) }
      for r in 0..<length {
        let (o, n) = (batch.observations.pointer + r * size, batch.nextObservations.pointer + r * size)
        let row = xs + (start + r) * width
        let target = ys + (start + r) * model.outputSize
        for i in 0..<size {
          row[i] = o[i]
          target[i] = n[i] - o[i]
        }
        if !followed.isEmpty {
          if start + r > 0 { followed[start + r - 1] = (0..<size).allSatisfy { last[$0] == o[$0] } }
          for i in 0..<size { last[i] = n[i] }
        }
        encoding.encode(batch.actions.pointer + r * encoding.size, into: row + size)
        if model.learnsReward { target[size] = batch.rewards.pointer[r] }
        if model.learnsTermination { events[start + r] = batch.continues.pointer[r] == 0 ? 1 : 0 }
      }
    }
    model.normalize(inputs: x, targets: y)
    model.inputs.apply(x.mutablePointer, rows: count)
    model.targets.apply(y.mutablePointer, rows: count)
    inputs = x
    targets = y
    terminations = ends
    isFollowed = followed
    var stream = random
    let order = stream.permutation(count).map { Int32($0) }
    let held = min(Int(model.settings.holdout * Float(count)), model.settings.holdoutLimit)
    holdout = Array(order[0..<held])
    training = Array(order[held...])
  }
}
